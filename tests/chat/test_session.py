"""The one reply path: what is told, what is stored, and in which order."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import replace

import pytest
from chatting import CARD, MakeSession

from rpterm.chat import events
from rpterm.chat.branches import leaves
from rpterm.chat.request import ReplyRequest, SessionError
from rpterm.chat.session import Session
from rpterm.chat.tree import begin_chat
from rpterm.config import Settings
from rpterm.engine.protocol import ModelError, Piece
from rpterm.engine.scripted import ScriptedEngine
from rpterm.errors import RptermError
from rpterm.memory.character_memory import CharacterMemory
from rpterm.store import Store
from rpterm.store.memory.memories import Memories
from rpterm.types import AuthorNote, Intent, Origin, Persona, Status


def send(session: Session, text: str = "Hello?", **more: object) -> list[events.SessionEvent]:
    return list(session.reply(ReplyRequest(Intent.SEND, text, **more)))  # type: ignore[arg-type]


def do(session: Session, intent: Intent, **more: object) -> list[events.SessionEvent]:
    return list(session.reply(ReplyRequest(intent, **more)))  # type: ignore[arg-type]


def kinds(told: Iterable[object]) -> list[str]:
    names = [type(event).__name__ for event in told]
    return [name for i, name in enumerate(names) if i == 0 or name != names[i - 1]]


def texts(session: Session) -> list[str]:
    return [turn.text for turn in session.path()]


def test_a_message_and_its_reply_are_stored_in_order(make: MakeSession) -> None:
    session = make(["Come in, the kettle is on."])
    told = send(session)
    assert kinds(told) == [
        "UserTurnStored", "ReplyStarted", "PromptEvaluated", "ReplyDelta", "ReplyFinished",
    ]  # fmt: skip
    assert texts(session) == [
        "*looks up* Good evening, Ann.", "Hello?", "Come in, the kettle is on.",
    ]  # fmt: skip
    assert session.path()[-1].status is Status.COMPLETE


def test_provenance_is_complete(make: MakeSession) -> None:
    session = make(["Yes."])
    finished = next(e for e in send(session) if isinstance(e, events.ReplyFinished))
    stored = session.store.generation(finished.turn.id)
    assert stored == finished.generation
    assert stored.prompt_ids and stored.sampling.seed is not None and stored.template_hash
    assert "Keeps a lighthouse." in stored.prompt_text


def test_every_delta_is_the_whole_text_so_far(make: MakeSession) -> None:
    session = make(["One two three."])
    deltas = [e for e in send(session) if isinstance(e, events.ReplyDelta)]
    assert all(deltas[i + 1].text.startswith(deltas[i].text) for i in range(len(deltas) - 1))
    assert deltas[-1].text == "One two three."


def test_an_empty_message_is_refused_and_not_stored(make: MakeSession) -> None:
    session = make(["x"])
    with pytest.raises(SessionError, match="nothing to send"):
        send(session, "  \n ")
    assert len(session.path()) == 1


def test_regenerate_adds_a_swipe_and_keeps_the_old(make: MakeSession) -> None:
    session = make(["first", "second"])
    send(session)
    do(session, Intent.REGENERATE)
    last = session.path()[-1]
    assert (last.text, last.swipe, last.swipes) == ("second", 2, 2)
    assert session.swipe(last.id, -1) is not None
    assert texts(session)[-1] == "first"
    assert session.swipe(session.path()[-1].id, -1) is None


def test_regenerate_of_an_earlier_reply_branches_there(make: MakeSession) -> None:
    session = make(["one", "two", "three"])
    send(session, "a")
    first = session.path()[-1]
    send(session, "b")
    do(session, Intent.REGENERATE, turn_id=first.id)
    assert texts(session)[1:] == ["a", "three"]
    session.select(first.id)
    assert texts(session)[1:] == ["a", "one", "b", "two"]


def test_regenerate_answers_a_message_that_has_no_reply(make: MakeSession) -> None:
    session = make(["reply"], fail_at=0)
    told = send(session)
    assert isinstance(told[-1], events.ReplyFailed)
    assert texts(session)[-1] == "Hello?"
    do(session, Intent.REGENERATE)
    assert texts(session)[-1] == "reply"


def test_a_greeting_can_be_written_anew(make: MakeSession) -> None:
    session = make(["A new greeting."])
    do(session, Intent.REGENERATE)
    assert texts(session) == ["A new greeting."]
    assert session.path()[0].swipes == 4


def test_continue_goes_on_in_a_sibling(make: MakeSession) -> None:
    session = make(["I was", " going to say."])
    send(session)
    do(session, Intent.CONTINUE)
    last = session.path()[-1]
    assert last.text == "I was going to say."
    assert (last.origin, last.swipes) == (Origin.CONTINUED, 2)


def test_continue_with_nothing_to_add_changes_nothing(make: MakeSession) -> None:
    session = make(["All said.", ""])
    send(session)
    told = do(session, Intent.CONTINUE)
    assert isinstance(told[-1], events.ReplyFailed)
    assert session.path()[-1].text == "All said." and session.path()[-1].swipes == 1


def test_a_reply_without_words_leaves_what_was_shown(make: MakeSession) -> None:
    session = make(["one", "two", "", ""])
    send(session)
    do(session, Intent.REGENERATE)
    first = session.swipe(session.path()[-1].id, -1)
    assert first is not None
    do(session, Intent.CONTINUE)
    assert texts(session)[-1] == "one"
    do(session, Intent.REGENERATE)
    assert texts(session)[-1] == "one" and session.path()[-1].swipes == 2


def test_of_two_candidates_the_one_with_words_is_shown(make: MakeSession) -> None:
    session = make(["Old reply.", "", "NEW reply."])
    send(session)
    do(session, Intent.REGENERATE, candidates=2)
    assert texts(session)[-1] == "NEW reply." and session.path()[-1].swipes == 2


def test_impersonate_gives_a_draft_and_stores_nothing(make: MakeSession) -> None:
    session = make(["I am only passing through."])
    told = do(session, Intent.IMPERSONATE)
    assert told[-1] == events.DraftFinished("I am only passing through.")
    assert len(session.path()) == 1


def test_impersonate_goes_on_from_the_words_given(make: MakeSession) -> None:
    session = make([" only passing."])
    told = do(session, Intent.IMPERSONATE, text="I am")
    assert told[-1] == events.DraftFinished("I am only passing.")


def test_candidates_become_swipes(make: MakeSession) -> None:
    session = make(["a", "b", "c"])
    told = send(session, candidates=3)
    assert sum(isinstance(e, events.ReplyFinished) for e in told) == 3
    last = session.path()[-1]
    assert (last.text, last.swipe, last.swipes) == ("a", 1, 3)
    assert [t.text for t in session.store.siblings(last.id)] == ["a", "b", "c"]
    generation = session.store.generation(last.id)
    assert generation is not None and len(set(generation.batch_seeds)) == 3


def test_cancel_keeps_what_had_come(make: MakeSession) -> None:
    session = make(["word " * 400], delay_s=0.002)
    told = []
    for event in session.reply(ReplyRequest(Intent.SEND, "Hello?")):
        told.append(event)
        if isinstance(event, events.ReplyDelta) and len(event.text) > 40:
            session.cancel()
    assert isinstance(told[-1], events.ReplyCancelled)
    last = session.path()[-1]
    assert last.status is Status.PARTIAL and 40 < len(last.text) < 2000
    assert session.store.generation(last.id) is not None


def test_a_reply_can_be_cancelled_before_the_engine_has_the_request(make: MakeSession) -> None:
    session = make(["word " * 400])
    for event in session.reply(ReplyRequest(Intent.SEND, "Hello?")):
        if isinstance(event, events.ReplyStarted):
            session.cancel()
    assert event == events.ReplyFailed("Stopped.")
    assert session.path()[-1].text == "Hello?"


def test_closing_the_stream_keeps_what_had_come(make: MakeSession) -> None:
    session = make(["word " * 400], delay_s=0.001)
    stream = session.reply(ReplyRequest(Intent.SEND, "Hello?"))
    for event in stream:
        if isinstance(event, events.ReplyDelta) and len(event.text) > 40:
            break
    stream.close()  # type: ignore[attr-defined]
    last = session.path()[-1]
    assert last.status is Status.PARTIAL and last.text.startswith("word word")


def test_a_failing_engine_keeps_what_had_come(make: MakeSession) -> None:
    session = make(["It was a dark and stormy night."], fail_at=6)
    told = send(session)
    assert isinstance(told[-1], events.ReplyFailed) and told[-1].message
    last = session.path()[-1]
    assert last.role == "assistant" and last.text and last.status is Status.PARTIAL


class Frail(ScriptedEngine):
    """An engine that dies and cannot be started again."""

    dead = False

    def tokenize(self, pieces: Sequence[Piece]) -> list[list[int]]:
        if self.dead:
            raise ModelError("The weights are gone.")
        return super().tokenize(pieces)


def test_a_dead_engine_keeps_nobody_from_an_edit_and_is_told_at_the_next_reply(
    store: Store,
) -> None:
    chat = begin_chat(store, CARD, "name = 'Mara'", Persona("Ann"))
    session = Session(store, engine := Frail(["Yes."]), CARD, chat, Settings())
    send(session)
    engine.dead = True
    session.edit(session.path()[-1].id, "No.")
    assert texts(session)[-1] == "No."
    assert kinds(send(session, "Why?")) == ["UserTurnStored", "ReplyFailed"]


def test_an_empty_reply_leaves_no_empty_turn(make: MakeSession) -> None:
    session = make([""])
    assert isinstance(send(session)[-1], events.ReplyFailed)
    assert texts(session)[-1] == "Hello?"


@pytest.mark.parametrize("head", ["Ann:", "Ann Lee:", "**Ann:**", "**Ann Lee**:", "*Ann:*"])
def test_it_stops_before_it_speaks_for_the_user(make: MakeSession, head: str) -> None:
    session = make([f"Sit down.\n{head} I would rather stand."])
    session.set_persona(Persona("Ann Lee"))
    send(session)
    assert texts(session)[-1] == "Sit down."


def test_a_whole_reply_leaves_no_quote_or_action_open(make: MakeSession) -> None:
    session = make(['*She nods. "It is deep.'])
    send(session)
    assert texts(session)[-1] == '*She nods. "It is deep."*'
    (draft,) = [e for e in do(session, Intent.IMPERSONATE) if isinstance(e, events.DraftFinished)]
    assert draft.text == '*She nods. "It is deep."*'


def test_a_reply_cut_by_the_limit_is_not_closed(make: MakeSession) -> None:
    session = make(['"It is deep, and cold, and'])
    send(session, sampling={"max_tokens": 9})
    assert texts(session)[-1].count('"') == 1


def test_the_name_before_the_line_is_taken_off(make: MakeSession) -> None:
    session = make(["Mara: Sit down."])
    told = send(session)
    deltas = [e.text for e in told if isinstance(e, events.ReplyDelta)]
    assert texts(session)[-1] == "Sit down."
    assert not any("Mara" in text for text in deltas)


def test_a_message_too_long_is_kept_and_explained(make: MakeSession) -> None:
    session = make(["x"], context=1024)
    told = send(session, "long " * 3000)
    assert isinstance(told[-1], events.ReplyFailed)
    assert "window of 1,024" in told[-1].message
    assert texts(session)[-1].startswith("long long")


def test_only_new_tokens_are_evaluated(make: MakeSession) -> None:
    session = make(["Yes, certainly."])
    session.set_note(AuthorNote("It rains."))
    for number in range(6):
        told = send(session, f"Is the lamp lit tonight, number {number}?")
    usage = next(e for e in told if isinstance(e, events.ReplyFinished)).generation.usage
    prompt = next(e for e in told if isinstance(e, events.ReplyStarted)).prompt
    new = sum(s.tokens for s in prompt.spans if s.zone == "volatile")
    new += prompt.spans[-2].tokens + prompt.spans[-1].tokens
    assert usage.evaluated <= new
    assert {"note", "lore:lamp"} <= {s.source for s in prompt.spans}


def test_lore_that_did_not_fire_says_why(make: MakeSession) -> None:
    session = make(["x"])
    session.load()
    gone = [out for out in session.preview("hello").left_out if out.source == "lore:lamp"]
    assert len(gone) == 1 and gone[0].why
    assert "lore:lamp" in [s.source for s in session.preview("the lamp").spans]


def test_preview_is_what_is_sent(make: MakeSession) -> None:
    session = make(["x"])
    session.load()
    shown = session.preview("Tell me.")
    sent = next(e for e in send(session, "Tell me.") if isinstance(e, events.ReplyStarted)).prompt
    assert shown.ids == sent.ids


def test_preview_before_the_model_is_there_says_so(make: MakeSession) -> None:
    with pytest.raises(RptermError, match="still loading"):
        make(["x"]).preview()


def test_edit_keeps_the_original_and_what_followed(make: MakeSession) -> None:
    session = make(["one", "two"])
    send(session, "a")
    send(session, "b")
    user = session.path()[1]
    edited = session.edit(user.id, "A, better")
    assert texts(session)[1:] == ["A, better"]
    assert (edited.origin, edited.edited_from) == (Origin.EDITED, user.id)
    session.swipe(edited.id, -1)
    assert texts(session)[1:] == ["a", "one", "b", "two"]


def test_the_state_is_saved_and_read_again(make: MakeSession, store: object) -> None:
    session = make(["Yes."])
    send(session)
    session.leave()
    again = Session(
        session.store, ScriptedEngine(["No."]), CARD, session.chat, session.settings,
        states=session._saved_caches.folder if session._saved_caches else None,
    )  # fmt: skip
    again.load()
    usage = next(e for e in send(again) if isinstance(e, events.ReplyFinished)).generation.usage
    assert usage.reused > usage.evaluated


def test_a_new_chat_reads_the_cache_of_another_with_the_same_character(make: MakeSession) -> None:
    first = make(["Yes."])
    send(first)
    first.leave()
    second = make(["No."])
    usage = next(e for e in send(second) if isinstance(e, events.ReplyFinished)).generation.usage
    assert usage.reused > usage.evaluated


def test_deleting_deletes_the_saved_cache(make: MakeSession) -> None:
    session = make(["Yes."])
    send(session)
    session.leave()
    assert session._saved_caches is not None and list(session._saved_caches.folder.iterdir())
    session.delete(session.path()[-1].id)
    assert not list(session._saved_caches.folder.iterdir())


def test_a_persona_changes_names_and_prompt(make: MakeSession) -> None:
    session = make(["x"])
    session.set_persona(Persona("Bo", "A tall sailor."))
    session.load()
    assert "A tall sailor." in session.preview("hi").text
    send(session)
    assert session.path()[1].speaker == "Bo"


def test_greetings_nobody_answered_follow_persona_and_card(make: MakeSession) -> None:
    session = make(["x"])
    session.swipe(session.path()[0].id, +1)
    session.swipe(session.path()[0].id, -1)
    greeting, memories = session.path()[0], Memories(session.store)
    memories.remember_turns([greeting.id])
    session.set_persona(Persona("Bo"))
    assert session.path()[0].id == greeting.id
    assert texts(session) == ["*looks up* Good evening, Bo."]
    assert [memory.text for memory in memories.page("Mara")] == texts(session)
    card = replace(CARD, greetings=("Ahoy.", "Hello, {{user}}."))
    session.swipe(session.path()[0].id, +1)
    session.set_card(card, "name = 'Mara'")
    assert texts(session) == ["Hello, Bo."]
    assert [turn.text for turn in session.store.tree(session.chat_id)] == ["Ahoy.", "Hello, Bo."]
    send(session)
    session.set_persona(Persona("Cy"))
    assert texts(session) == ["Hello, Bo.", "Hello?", "x"]


def test_greetings_of_a_group_follow_the_persona(make: MakeSession) -> None:
    session = make(["x"])
    session.card = replace(CARD, greetings=("Hello.",), group_greetings=("All of you, {{user}}.",))
    for turn in session.store.tree(session.chat_id)[2:]:
        session.store.delete_turn(turn.id)
    session.set_persona(Persona("Bo"))
    assert [turn.text for turn in session.store.tree(session.chat_id)] == [
        "All of you, Bo.", "Hello.",
    ]  # fmt: skip


def test_branches_and_delete(make: MakeSession) -> None:
    session = make(["one", "two", "three"])
    send(session, "a")
    session.branch(session.path()[0].id)
    send(session, "b")
    assert len(leaves(session.store.tree(session.chat_id))) == 4
    session.delete(session.path()[1].id)
    assert "b" not in texts(session)
    assert len(leaves(session.store.tree(session.chat_id))) == 3


def test_reading_while_it_writes(make: MakeSession) -> None:
    session = make(["word " * 200], delay_s=0.001)
    lengths: list[int] = []
    started = threading.Event()

    def read() -> None:
        started.wait(5)
        while not lengths or lengths[-1] < 600:
            lengths.append(len(session.path()[-1].text))

    reader = threading.Thread(target=read)
    reader.start()
    for event in session.reply(ReplyRequest(Intent.SEND, "go")):
        if isinstance(event, events.ReplyStarted):
            started.set()
    reader.join(10)
    assert not reader.is_alive() and lengths == sorted(lengths)


def test_another_chat_with_the_same_character_remembers(make: MakeSession) -> None:
    def with_memory() -> Session:
        session = make(["Noted, and the kettle is on."])
        memory = CharacterMemory(session.store, CARD.name)
        return Session(
            session.store, session.engine, CARD, session.chat, session.settings, memory=memory
        )

    first = with_memory()
    send(first, "My brother Tobias keeps bees in Southwark.")
    assert first.memory is not None and first.memory.settled(10)
    first.memory.close()
    second = with_memory()
    second.load()
    assert second.memory is not None and second.memory.settled(10)
    shown = second.preview("Who keeps bees?")
    recalled = [span for span in shown.spans if span.source.startswith("memory:")]
    assert any("Tobias keeps bees" in span.text and span.zone == "volatile" for span in recalled)
    said = {turn.text for turn in second.path()}
    assert not any(text in span.text for text in said for span in recalled)
    second.memory.close()
