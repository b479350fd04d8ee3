"""A chat with several characters: private views, one reply path, changes of the cast."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from rpterm.cards.card import CharacterCard, Example, Lorebook, LoreEntry
from rpterm.cards.format.writer import dump
from rpterm.chat import events
from rpterm.chat.card_reload import NotReloaded, Reloaded, Reloader
from rpterm.chat.cast.card_lookup import CardSource
from rpterm.chat.cast.choice_by_model import choose_speaker, names_grammar
from rpterm.chat.cast.turn_taking import GroupError
from rpterm.chat.request import ReplyRequest, SessionError
from rpterm.chat.session import Session
from rpterm.chat.tree import begin_chat
from rpterm.config import Settings
from rpterm.engine import scripted
from rpterm.engine.protocol import EngineInfo
from rpterm.engine.scripted import ScriptedEngine
from rpterm.examples.pool import exchanges
from rpterm.memory.character_memory import CharacterMemory
from rpterm.store import Store
from rpterm.store.cast import Casts
from rpterm.store.judgements import Judgements
from rpterm.types import Intent, Origin, Persona, Status, TurnTaking


def secretive(name: str, nickname: str, tagline: str) -> CharacterCard:
    """A card with the word SECRET and its own name in every private field."""
    mine = f"SECRET{nickname}"
    return CharacterCard(
        name=name, nickname=nickname, tagline=tagline, description=f"{mine} description",
        attributes=(f"{mine} attribute",), relations=(f"{mine} relation",),
        style=(f"{mine} style",), scenario=f"{mine} scenario", greetings=(f"{nickname} is here.",),
        examples=(Example((("user", f"{mine} asks"), ("char", f"{mine} says"))),),
        post_history_instructions=f"{mine} instruction", limits=(f"{mine} limit",),
        lorebook=Lorebook((
            LoreEntry((), f"{mine} constant lore", constant=True, name="always"),
            LoreEntry(("door",), f"{mine} door lore", name="door"),
        )),
        system_prompt=f"{mine} system. {{{{original}}}}",
    )  # fmt: skip


MARA = secretive("Mara Venn", "Mara", "keeps a light")
TAM = secretive("Tam Venn", "Tam", "her brother, {{char}} to all")
ORLA = secretive("Orla Finn", "Orla", "")
CARDS = {card.char.casefold(): card for card in (MARA, TAM, ORLA)}


@dataclass(frozen=True)
class Found:
    card: CharacterCard
    text: str
    path: Path | None = None


Make = Callable[..., Session]


@pytest.fixture
def make(store: Store, tmp_path: Path) -> Iterator[Make]:
    made: list[Session] = []

    def find(target: str) -> Found:
        from rpterm.cards.library import CardNotFound

        card = CARDS.get(target.casefold())
        if card is None:
            raise CardNotFound(f"There is no card {target}.")
        return Found(card, dump(card))

    def opened(
        *replies: str, company: tuple[str, ...] = ("tam", "orla"), **more: object
    ) -> Session:
        chat_id = more.pop("chat", None)
        chat = (
            store.chat(chat_id) if isinstance(chat_id, int)
            else begin_chat(store, MARA, dump(MARA), Persona("Ann"))
        )  # fmt: skip
        remember = bool(more.pop("remember", False))

        def memory(card: CharacterCard) -> CharacterMemory | None:
            return CharacterMemory(store, card.name) if remember else None

        session = Session(
            store, ScriptedEngine(replies or ("Yes.",), **more), MARA, chat, Settings(),
            states=tmp_path / "states", memory=memory(MARA), casting=CardSource(find, memory),
        )  # fmt: skip
        made.append(session)
        for target in company:
            session.scene.add(target)
        return session

    yield opened
    for session in made:
        session.scene.close()


def go(session: Session, intent: Intent = Intent.SEND, text: str = "", **more: object) -> str:
    """One reply; who made it."""
    told = list(session.reply(ReplyRequest(intent, text, **more)))  # type: ignore[arg-type]
    assert isinstance(told[-1], events.ReplyFinished), told[-1]
    return told[-1].turn.speaker


def prompts(session: Session) -> list[str]:
    assert isinstance(session.engine, ScriptedEngine)
    return [request.prompt_text for request in session.engine.requests]


def test_no_word_of_one_card_comes_into_the_prompts_of_another(make: Make) -> None:
    session = make("The door is shut.")
    session.scene.add("narrator")
    for name in ("Mara", "Tam", "Orla", "narrator"):
        go(session, text=f"{name}, look at the door!")
    go(session, Intent.NEXT, speaker="Tam")
    for name, prompt in zip(("Mara", "Tam", "Orla", "none", "Tam"), prompts(session), strict=True):
        for other in ("Mara", "Tam", "Orla"):
            assert (f"SECRET{other}" in prompt) == (other == name), (name, other)
        if name != "none":
            for field in ("description", "attribute", "constant lore", "door lore", "says"):
                assert f"SECRET{name} {field}" in prompt, (name, field)


def test_previews_and_what_is_kept_ready_leak_nothing_either(make: Make) -> None:
    session = make()
    session.load()
    for text, name in (("Tam?", "Tam"), ("Orla?", "Orla"), ("", "Mara")):
        shown = session.preview(text).text
        assert [n for n in ("Mara", "Tam", "Orla") if f"SECRET{n}" in shown] == [name]
    go(session, text="Tam, the door?")
    assert isinstance(session.engine, ScriptedEngine)
    ready = session.engine.detokenize(session.engine.cached)
    assert "SECRETTam" in ready and "SECRETMara" not in ready and "SECRETOrla" not in ready


def test_everybody_knows_who_is_there(make: Make) -> None:
    session = make()
    go(session, text="Tam?")
    prompt = prompts(session)[0]
    assert "- Mara: keeps a light\n- Orla\n" in prompt
    assert "her brother" not in prompt
    go(session, text="Mara?")
    assert "- Tam: her brother, Tam to all\n" in prompts(session)[1]


def test_others_are_heard_and_ones_own_words_are_ones_own(make: Make) -> None:
    session = make("Not I.", "Nor I.", "Then who?")
    go(session, text="Who rang, Tam?")
    go(session, Intent.NEXT, speaker="Orla")
    go(session, Intent.NEXT, speaker="Tam")
    last = prompts(session)[-1]
    assert "assistant\nTam: Not I.<|im_end|>" in last
    assert last.endswith("assistant\nTam:")
    assert "\n\nMara: Mara is here.\n\nAnn: Who rang, Tam?<|im_end|>" in last
    assert "user\nOrla: Nor I." in last
    assert [turn.speaker for turn in session.path()] == ["Mara", "Ann", "Tam", "Orla", "Tam"]


def test_nobody_speaks_for_another(make: Make) -> None:
    session = make(
        "Aye.\nOrla: I say no!", "Tam: So be it.\n**Mara:** Stop.", "Orla Finn: Hm.", "Ann: Ho."
    )
    for _ in range(4):
        go(session, text="Tam?")
    own = [turn.text for turn in session.path() if turn.speaker == "Tam"]
    assert own == ["Aye.", "So be it.", "Hm.", "Ho."]


def test_another_version_is_by_the_same_one(make: Make) -> None:
    session = make("one", "two", " and on", "draft")
    assert go(session, text="Tam?") == "Tam"
    first = session.path()[-1]
    assert go(session, Intent.REGENERATE) == "Tam"
    assert session.path()[-1].swipes == 2
    assert go(session, Intent.CONTINUE) == "Tam"
    assert go(session, Intent.REGENERATE, turn_id=first.id, speaker="Orla") == "Orla"
    edited = session.edit(first.id, "another one")
    assert (edited.speaker, edited.origin) == ("Tam", Origin.EDITED)


def test_the_next_one_speaks_without_a_word(make: Make) -> None:
    session = make("a", "b", "c", "d")
    session.scene.set_taking(TurnTaking.ROUND)
    assert [go(session, Intent.NEXT) for _ in range(4)] == ["Tam", "Orla", "Mara", "Tam"]
    alone = make("x", company=())
    with pytest.raises(SessionError, match="no other character"):
        list(alone.reply(ReplyRequest(Intent.NEXT)))


def test_a_hidden_line_calls_nobody_and_is_read_by_none(make: Make) -> None:
    session = make("tam", "orla")
    list(session.reply(ReplyRequest(text="Orla, what do you say?")))
    called, reply = session.path()[-2:]
    assert reply.speaker == "Orla"
    session.hide(reply.id)
    assert session.scene.next_speaker(session.path()).card.char == "Orla"  # still to be answered
    session.hide(called.id)
    assert session.scene.next_speaker(session.path()).card.char != "Orla"
    prompt = session.preview("And you?")
    assert "what do you say" not in prompt.text and "Orla:" not in prompt.text
    assert {f"turn:{called.id}", f"turn:{reply.id}"} <= {out.source for out in prompt.left_out}


def test_a_speaker_nobody_knows_is_refused_before_anything_is_stored(make: Make) -> None:
    session = make("x")
    with pytest.raises(GroupError, match="Present: Mara, Tam, Orla"):
        list(session.reply(ReplyRequest(text="Hello", speaker="Moriarty")))
    assert len(session.path()) == 1


def test_the_cast_is_there_after_a_restart(make: Make, store: Store) -> None:
    session = make("one")
    session.scene.mute("Orla", True)
    session.scene.set_taking(TurnTaking.ROUND)
    go(session, text="Hm.")
    again = make("two", company=(), chat=session.chat_id)
    assert [m.speaker for m in again.scene.present] == ["Mara", "Tam", "Orla"]
    assert again.scene.cast == session.scene.cast
    assert go(again, text="And?") == "Mara"
    assert go(again, Intent.NEXT) == "Tam"
    assert "SECRETTam description" in prompts(again)[-1]


def test_a_card_file_that_changed_is_read_anew_and_one_that_is_gone_is_not_missed(
    make: Make, store: Store, tmp_path: Path
) -> None:
    file = tmp_path / "tam.toml"
    file.write_text(dump(replace(TAM, description="Older now.")), encoding="utf-8")
    session = make()
    cast = Casts(store).get(session.chat_id)
    assert cast is not None
    members = tuple(
        replace(m, card_path=str(file)) if m.speaker == "Tam" else m for m in cast.members
    )
    Casts(store).put(session.chat_id, replace(cast, members=members))
    again = make(company=(), chat=session.chat_id)
    assert again.scene.actor("Tam").card.description == "Older now."
    file.write_text("name = [", encoding="utf-8")
    assert (
        make(company=(), chat=session.chat_id).scene.actor("Tam").card.description == "Older now."
    )
    file.unlink()
    assert (
        make(company=(), chat=session.chat_id).scene.actor("Tam").card.description == "Older now."
    )


def test_members_come_and_go(make: Make) -> None:
    session = make("x", company=("tam",))
    with pytest.raises(GroupError, match="already in this chat"):
        session.scene.add("tam")
    with pytest.raises(GroupError, match="mute Mara instead"):
        session.scene.remove("Mara")
    assert go(session, text="Tam?") == "Tam"
    said = session.path()[-1]
    session.scene.remove("tam")
    assert not session.scene.group
    assert session.scene.actor_of(said).card == TAM
    assert go(session, text="Tam?") == "Mara"
    assert "SECRETTam" not in prompts(session)[-1]
    session.scene.add("tam")
    assert [m.speaker for m in session.scene.present] == ["Mara", "Tam"]
    session.scene.mute("Tam", True)
    assert go(session, text="Tam?") == "Mara"


def test_what_another_terminal_does_to_the_cast_is_taken_in(make: Make) -> None:
    theirs = make("Aye.", company=())
    ours = make("Hm.", company=(), chat=theirs.chat_id)
    theirs.scene.add("tam")
    theirs.scene.set_taking(TurnTaking.ROUND)
    ours.scene.sync_cast()
    assert (
        ours.scene.take_news() == ["Tam joined", "turns go round"]
        and ours.scene.take_news() is None
    )
    assert [go(ours, Intent.NEXT) for _ in range(2)] == ["Tam", "Mara"]
    # One change here does not undo one that was not seen yet.
    theirs.scene.mute("Tam", True)
    ours.scene.add("orla")
    assert ours.scene.take_news() == ["Tam only listens"]
    theirs.scene.sync_cast()
    assert theirs.scene.take_news() == ["Orla joined"]
    assert [(m.speaker, m.muted) for m in theirs.scene.present] == [
        ("Mara", False), ("Tam", True), ("Orla", False),
    ]  # fmt: skip
    # What a reply is made with is the cast of now.
    theirs.scene.remove("Tam")
    theirs.scene.set_taking(TurnTaking.HAND)
    theirs.scene.set_speaker("Orla")
    assert go(ours, text="And?") == "Orla"
    assert ours.scene.take_news() == ["Tam left", "turns are given by hand"]
    theirs.scene.set_speaker("Mara")
    ours.scene.sync_cast()
    assert ours.scene.take_news() == [], "nothing to say, and yet something new"


def test_the_narrator_tells_and_is_nobody(make: Make) -> None:
    session = make("Rain on the glass.", company=())
    member = session.scene.add("narrator")
    assert member.narrator and session.scene.group
    assert go(session, text="What does the narrator see?") == "Narrator"
    prompt = prompts(session)[-1]
    assert "You are the narrator" in prompt and "- Mara: keeps a light" in prompt
    assert go(session, text="Good.") == "Mara"


def test_each_remembers_for_itself_what_all_heard(make: Make, store: Store) -> None:
    session = make("Noted.", remember=True)
    session.load()
    tam = session.scene.actor("Tam").memory
    assert tam is not None
    tam.add("SECRETTam buried the bell.", kind="fact")
    go(session, text="My brother Tobias keeps bees in Southwark.")
    for actor in session.scene.actors():
        assert actor.memory is not None and actor.memory.settled(10)
    for name in ("Mara", "Tam", "Orla"):
        other = make("Bees?", company=("tam", "orla"), remember=True)
        other.load()
        for actor in other.scene.actors():
            assert actor.memory is not None and actor.memory.settled(10)
        shown = other.preview(f"{name}, who keeps bees, and who buried the bell?")
        recalled = [s.text for s in shown.spans if s.source.startswith("memory:")]
        assert any("Tobias keeps bees" in text for text in recalled), name
        assert any("buried the bell" in text for text in recalled) == (name == "Tam")


def test_a_draft_of_the_users_line_begins_with_their_name(make: Make) -> None:
    session = make("I heard it, too.\nTam: So did I.")
    told = list(session.reply(ReplyRequest(Intent.IMPERSONATE)))
    assert told[-1] == events.DraftFinished("I heard it, too.")
    assert prompts(session)[-1].endswith("Ann:")


def test_cancelling_keeps_the_speaker(make: Make) -> None:
    session = make("word " * 300, delay_s=0.002)
    for event in session.reply(ReplyRequest(text="Orla?")):
        if isinstance(event, events.ReplyDelta) and len(event.text) > 30:
            session.cancel()
    last = session.path()[-1]
    assert (last.speaker, last.status) == ("Orla", Status.PARTIAL)


class Weighing(ScriptedEngine):
    """Finds one name likely where it was just asked for, and all alike without the talk."""

    def logprobs(self, reply, prompts):  # type: ignore[no-untyped-def]
        name = self.detokenize(reply)
        return [
            [-1.0 if f"ask {name}" in self.detokenize(prompt) else -9.0 for _ in reply]
            for prompt in prompts
        ]


class Answering(ScriptedEngine):
    """Cannot score; answers in words."""

    def load(self, on_progress=None) -> EngineInfo:  # type: ignore[no-untyped-def]
        return replace(super().load(on_progress), can_score=False)


OPTIONS = [("Mara", "keeps a light"), ("Tam", ""), ("Orla", "")]


def test_the_model_chooses_by_weight_or_under_a_grammar(make: Make, store: Store) -> None:
    session = make("x")
    turn = store.add_turn(session.chat_id, None, "user", "Ann", "I ask Orla", origin=Origin.TYPED)
    assert choose_speaker(Weighing([]), OPTIONS, [turn]) == "Orla"
    engine = Answering([" orla, I think"])
    assert choose_speaker(engine, OPTIONS, [turn]) == "Orla"
    assert engine.requests[0].sampling.grammar == 'root ::= "Mara" | "Tam" | "Orla"'
    assert choose_speaker(Answering(["Nobody"]), OPTIONS, [turn]) is None
    assert choose_speaker(Answering(["Anna"]), [("Ann", ""), ("Anna", "")], [turn]) == "Anna"
    assert choose_speaker(Answering(["x"], fail_at=0), OPTIONS, [turn]) is None
    assert names_grammar(['A "B"', "C\\"]) == 'root ::= "A \\"B\\"" | "C\\\\"'


def test_who_the_model_chooses_speaks_and_not_who_just_spoke(make: Make) -> None:
    session = make("one", "two")
    session.scene.set_taking(TurnTaking.MODEL)
    session.engine = Weighing(["one", "two"])
    for actor in session.scene.actors():
        actor.prompter._engine = session.engine
    assert go(session, text="Shall we ask Orla or somebody?") == "Orla"
    assert go(session, Intent.NEXT) != "Orla"


def test_a_members_card_is_followed_while_one_chats(make: Make, tmp_path: Path) -> None:
    session = make("one", "two")
    file = tmp_path / "tam.toml"
    file.write_text(dump(TAM), encoding="utf-8")
    cast = session.scene.cast
    assert cast is not None
    session.scene._put(replace(cast, members=tuple(
        replace(m, card_path=str(file)) if m.speaker == "Tam" else m for m in cast.members
    )))  # fmt: skip
    reloader = Reloader(session)
    assert reloader.poll() is None
    file.write_text(dump(replace(TAM, description="Lost an eye.")) + "\n", encoding="utf-8")
    report = reloader.poll()
    assert isinstance(report, Reloaded) and report.member == TAM.name
    assert session.card == MARA
    go(session, text="Tam?")
    assert "Lost an eye." in prompts(session)[-1]
    file.write_text("name = [", encoding="utf-8")
    assert isinstance(reloader.poll(), NotReloaded)
    assert reloader.poll() is None
    go(session, text="Tam?")
    assert "Lost an eye." in prompts(session)[-1]


def test_what_another_said_is_no_example_of_the_chats_own(make: Make, store: Store) -> None:
    session = make("The light was out at nine, I swear.", "It was lit the whole night long.")
    for name in ("Tam", "Mara"):
        go(session, text=f"{name}, was it lit?")
        Judgements(store).stars(session.path()[-1].id, 5)
    found = exchanges(store, MARA.name)
    assert [each.example.dialogue[-1][1] for each in found] == ["It was lit the whole night long."]


def test_in_a_group_a_model_that_can_think_thinks_before_the_name(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = make("<think>\nAnn is wet.\n</think>\n\nTam: Tea?", "Tam: Yes.")
    sampling = replace(session.settings.sampling, think_tokens=100)
    session.apply_settings(replace(session.settings, sampling=sampling), ())
    session.load()
    assert go(session, text="Tam?") == "Tam"
    assert prompts(session)[-1].endswith("\nTam:")  # This template knows no thoughts.
    template = "rpterm.engine.scripted.CHATML"
    monkeypatch.setattr(template, "{# <think> #}" + scripted.CHATML)
    thinking = make("<think>\nAnn is wet.\n</think>\n\nTam: Tea?")
    thinking.apply_settings(session.settings, ())
    thinking.load()
    assert go(thinking, text="Tam?") == "Tam"
    assert not prompts(thinking)[-1].endswith("Tam:")
    assert (thinking.path()[-1].text, thinking.path()[-1].thought) == ("Tea?", "Ann is wet.")


def test_a_reply_ends_before_an_indented_line_of_somebody_else(make: Make) -> None:
    for line in ('Ann: "What?"', "Orla: No.", "**Orla:** No."):
        session = make(f"It is late.\n\n {line}")
        assert go(session, text="Tam?") == "Tam"
        assert session.path()[-1].text == "It is late."
