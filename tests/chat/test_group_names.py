"""A member's card gets another name: its lines stay its own, and its chat is found again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from rpterm.cards.card import CharacterCard
from rpterm.cards.format.reader import load
from rpterm.cards.format.writer import dump
from rpterm.chat import events
from rpterm.chat.card_reload import NotReloaded, Reloaded, Reloader
from rpterm.chat.cast.card_lookup import CardSource
from rpterm.chat.cast.renaming import speaker_renames
from rpterm.chat.cast.setup import add_characters, copy_cast, newest_chat_with
from rpterm.chat.cast.turn_taking import GroupError
from rpterm.chat.request import ReplyRequest
from rpterm.chat.session import Session
from rpterm.chat.tree import begin_chat
from rpterm.config import Settings
from rpterm.engine.scripted import ScriptedEngine
from rpterm.memory.character_memory import CharacterMemory
from rpterm.store import Store
from rpterm.store.cast import Casts
from rpterm.store.memory.memories import Memories
from rpterm.types import Cast, Intent, Member, Origin, Persona

MARA = CharacterCard(name="Mara Venn", nickname="Mara", greetings=("Come in.",))
TAM = CharacterCard(name="Tam Venn", nickname="Tam")
ORLA = CharacterCard(name="Orla Finn", nickname="Orla")


@dataclass(frozen=True)
class Found:
    card: CharacterCard
    text: str
    path: Path


@dataclass
class World:
    """Card files and a store, between two runs of the program."""

    store: Store
    folder: Path

    def save(self, key: str, card: CharacterCard) -> None:
        (self.folder / f"{key}.toml").write_text(dump(card), encoding="utf-8")

    def find(self, key: str) -> Found:
        path = self.folder / f"{Path(key).stem}.toml"
        return Found(load(path), path.read_text(encoding="utf-8"), path)

    def open(self, *replies: str, chat: int | None = None, context: int = 4096) -> Session:
        lead = self.find("mara")
        there = (
            self.store.chat(chat) if chat is not None
            else begin_chat(
                self.store, lead.card, lead.text, Persona("Ann"), card_path=str(lead.path)
            )
        )  # fmt: skip
        engine = ScriptedEngine(replies or ("Yes.",), context=context)
        casting = CardSource(self.find, lambda card: CharacterMemory(self.store, card.name))
        return Session(self.store, engine, lead.card, there, Settings(), casting=casting)

    def begun(self, *others: str, context: int = 4096) -> Session:
        """A chat in which all have said something."""
        session = self.open(context=context)
        add_characters(session.scene, others, "")
        for name in ("Tam", "Orla", "Mara"):
            go(session, text=f"{name}?")
        return session


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with Store(tmp_path / "rp.db") as store:
        made = World(store, tmp_path)
        for key, card in (("mara", MARA), ("tam", TAM), ("orla", ORLA)):
            made.save(key, card)
        yield made


def go(session: Session, intent: Intent = Intent.SEND, text: str = "", **more: object) -> str:
    """One reply; who made it."""
    told = list(session.reply(ReplyRequest(intent, text, **more)))  # type: ignore[arg-type]
    assert isinstance(told[-1], events.ReplyFinished), told[-1]
    return told[-1].turn.speaker


def said_by(session: Session) -> list[str]:
    """The card names of those whose each reply is."""
    return [session.scene.actor_of(t).card.name for t in session.path() if t.role == "assistant"]


OWNERS = ["Mara Venn", "Tam Venn", "Orla Finn", "Mara Venn"]


def test_lines_stay_their_speakers_under_a_new_nickname(world: World) -> None:
    session = world.begun("tam", "orla")
    reloader = Reloader(session)
    reloader.poll()
    world.save("tam", replace(TAM, nickname="The Pilot"))
    assert reloader.poll() is not None
    assert said_by(session) == OWNERS
    tams = session.path()[2]
    assert go(session, Intent.REGENERATE, turn_id=tams.id) == "The Pilot"
    again = world.open(chat=session.chat_id)
    assert said_by(again)[1] == "Tam Venn"


def test_a_nickname_that_changed_while_the_program_was_closed(world: World) -> None:
    chat = world.begun("tam", "orla").chat_id
    world.save("tam", replace(TAM, nickname="The Pilot"))
    for _ in range(2):
        session = world.open(chat=chat)
        assert said_by(session) == OWNERS
    mara = session.scene.view(session.scene.lead, session.path()).history
    assert [(t.speaker, t.role) for t in mara][2] == ("The Pilot", "user")


def test_names_that_were_exchanged(world: World) -> None:
    chat = world.begun("tam", "orla").chat_id
    world.save("tam", replace(TAM, nickname="Orla"))
    world.save("orla", replace(ORLA, nickname="Tam"))
    session = world.open(chat=chat)
    assert said_by(session) == OWNERS
    assert [turn.speaker for turn in session.path()][2::2] == ["Orla", "Tam", "Mara"]


def test_who_comes_back_under_a_new_name_has_its_lines(world: World) -> None:
    session = world.begun("tam", "orla")
    session.scene.remove("Tam")
    world.save("tam", replace(TAM, name="Tam Finn", nickname="The Pilot"))
    assert session.scene.add("tam").speaker == "The Pilot"
    assert said_by(session) == [*OWNERS[:1], "Tam Finn", *OWNERS[2:]]
    assert [member.card_name for member in session.scene.present][1] == "Tam Finn"


def test_who_is_muted_stays_muted_in_a_new_chat_under_a_new_name(world: World) -> None:
    before = world.begun("tam", "orla")
    before.scene.mute("Tam", True)
    assert before.scene.cast is not None
    world.save("tam", replace(TAM, name="Jon Finn", nickname="The Pilot"))
    session = world.open()
    copy_cast(session.scene, before.scene.cast)
    assert [(m.speaker, m.muted) for m in session.scene.present] == [
        ("Mara", False), ("The Pilot", True), ("Orla", False),
    ]  # fmt: skip


@pytest.mark.parametrize("when", ["while one chats", "while it is closed", "while it is away"])
def test_what_a_member_remembers_follows_its_new_name(world: World, when: str) -> None:
    session = world.begun("tam", "orla")
    reloader = Reloader(session)
    reloader.poll()
    for memory in session.scene.memories():
        assert memory.settled(20)
    before = texts(world.store, "Tam Venn")
    assert before
    if when == "while it is away":
        session.scene.remove("Tam")
    elif when == "while it is closed":
        session.scene.close()
        session = world.open(chat=session.chat_id)
    world.save("tam", replace(TAM, name="Jon Finn", nickname="The Pilot"))
    if when == "while one chats":
        assert reloader.poll() is not None
    else:
        session.scene.add("tam", known=True)
    assert (texts(world.store, "Tam Venn"), texts(world.store, "Jon Finn")) == ([], before)
    go(session, text="Pilot?")
    for memory in session.scene.memories():
        assert memory.settled(20)
    assert len(texts(world.store, "Jon Finn")) > len(before)
    session.scene.close()


def texts(store: Store, character: str) -> list[str]:
    """What a character remembers, oldest first."""
    return [memory.text for memory in Memories(store).iter_after(0, character)]


def test_other_history_stays_as_it_was_said() -> None:
    mara, tam = Member("Mara Venn", "Mara"), Member("Tam Venn", "Tam")
    before = Cast((mara, tam))
    full = Cast((mara, replace(tam, speaker="Tam Venn")))
    assert speaker_renames(before, full) == {"Tam": "Tam Venn"}
    assert speaker_renames(full, before) == {}, "it is found by its card's name"
    captain = replace(mara, speaker="Captain")
    assert speaker_renames(before, Cast((captain, tam))) == {}, (
        "a name nobody has is the lead's anyway"
    )
    taken = Cast((captain, replace(tam, speaker="Mara")))
    assert speaker_renames(before, taken) == {"Mara": "Captain", "Tam": "Mara"}
    alike = Cast((mara, replace(tam, speaker="Mara")))
    assert speaker_renames(before, alike) == speaker_renames(alike, before) == {}


def test_only_replies_of_this_chat_are_renamed(world: World) -> None:
    first, second = world.begun("tam", "orla"), world.begun("tam", "orla")
    user = world.store.add_turn(
        first.chat_id, first.chat.leaf_id, "user", "Tam", "I am Tam.", origin=Origin.TYPED
    )
    cast = Casts(world.store).get(first.chat_id)
    Casts(world.store).put(first.chat_id, cast, {"Tam": "The Pilot"})
    assert world.store.turn(user.id).speaker == "Tam"
    assert [turn.speaker for turn in first.path()][2] == "The Pilot"
    assert [turn.speaker for turn in second.path()][2] == "Tam"


def test_the_chat_with_a_member_of_another_name_by_now_goes_on(world: World) -> None:
    chat = world.begun("tam", "orla").chat_id
    world.save("tam", replace(TAM, name="Tam Finn", nickname="The Pilot"))
    found = newest_chat_with(world.store, "Mara Venn", ["Orla Finn", "Tam Finn"])
    assert found is not None and found.id == chat
    session = world.open(chat=chat)
    add_characters(session.scene, ["tam", "orla"], "")
    assert [member.speaker for member in session.scene.present] == ["Mara", "The Pilot", "Orla"]
    assert said_by(session) == [*OWNERS[:1], "Tam Finn", *OWNERS[2:]]
    (world.folder / "tam.toml").write_text("name = [", encoding="utf-8")
    assert newest_chat_with(world.store, "Mara Venn", ["Orla Finn", "Tam Venn"]) is None
    assert newest_chat_with(world.store, "Mara Venn", ["Orla Finn", "Tam Finn"]) == found


@pytest.mark.parametrize("key", ["tam", "mara"])
@pytest.mark.parametrize("taken", [{"name": ORLA.name}, {"nickname": "Orla"}])
def test_nobody_takes_the_name_of_another(world: World, key: str, taken: dict[str, str]) -> None:
    session = world.begun("tam", "orla")
    reloader = Reloader(session)
    reloader.poll()
    for memory in session.scene.memories():
        assert memory.settled(20)
    before = session.scene.cast, texts(world.store, ORLA.name)
    world.save(key, replace({"tam": TAM, "mara": MARA}[key], **taken))
    report = reloader.poll()
    assert isinstance(report, NotReloaded) and next(iter(taken.values())) in report.summary
    assert reloader.poll() is None
    assert (session.scene.cast, texts(world.store, ORLA.name)) == before
    assert said_by(session) == OWNERS
    world.save(key, replace({"tam": TAM, "mara": MARA}[key], nickname="The Pilot"))
    told = reloader.poll()
    assert isinstance(told, Reloaded)
    assert [change.field for change in told.changes] == ["nickname"]
    session.scene.close()


def test_a_chat_whose_card_took_the_name_of_another_says_so(world: World) -> None:
    chat = world.begun("tam", "orla").chat_id
    world.save("mara", replace(MARA, name=ORLA.name))
    with pytest.raises(GroupError, match="already called Orla Finn"):
        world.open(chat=chat)
