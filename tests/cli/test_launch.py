"""Launch: which card and chat are opened, the persona, and one engine for all chats of a run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from rpterm import paths as folders
from rpterm.chat.card_reload import Reloader
from rpterm.chat.engine_request import samplers_for as samplers
from rpterm.chat.request import ReplyRequest
from rpterm.config import Settings
from rpterm.engine.scripted import ScriptedEngine
from rpterm.errors import RptermError
from rpterm.memory.embedding.embed import STARTER, EmbedError
from rpterm.startup.launch import NEW_CHAT, ChatRequest, Launch
from rpterm.store import Store
from rpterm.types import Persona, Sampling

CARD = """name = "Ada"
greetings = ["Good evening.", "You again."]

[user]
name = "Byron"

[sampling]
temperature = 1.5
top_k = 7
"""


class Watched(ScriptedEngine):
    """Counts what a model costs most: loading and freeing."""

    loads = closes = saves = 0

    def load(self, on_progress=None):  # type: ignore[no-untyped-def]
        self.loads += self.info is None
        return super().load(on_progress)

    def save_state(self, path: Path) -> bool:
        self.saves += 1
        return super().save_state(path)

    def close(self) -> None:
        self.closes += 1
        super().close()


@pytest.fixture
def card(tmp_path: Path) -> str:
    path = tmp_path / "ada.toml"
    path.write_text(CARD, encoding="utf-8")
    return str(path)


@pytest.fixture
def engine() -> Iterator[Watched]:
    engine = Watched(["One.", "Two."])
    yield engine
    engine.close()


def launch(engine: Watched, settings: Settings | None = None, **asked: object) -> Launch:
    asks = ChatRequest(**asked)  # type: ignore[arg-type]
    run = Launch(settings or Settings(engine="scripted"), folders.find(), asks)
    run._engine = engine
    return run


def say(session, text: str) -> None:  # type: ignore[no-untyped-def]
    for _ in session.reply(ReplyRequest(text=text)):
        pass


def test_the_newest_chat_is_continued_unless_a_new_one_is_requested(
    card: str, engine: Watched
) -> None:
    with_card = launch(engine, target=card)
    first = with_card.open()
    say(first, "Hello")
    first.close()
    again = with_card.open()
    assert again.chat.id == first.chat_id
    assert [turn.text for turn in again.path()] == ["Good evening.", "Hello", "One."]
    again.close()
    fresh = launch(engine, target=card, new=True).open()
    assert fresh.chat.id != first.chat_id
    assert [turn.text for turn in fresh.path()] == ["Good evening."]
    fresh.close()


def test_a_run_can_open_a_new_chat_and_an_old_one(card: str, engine: Watched) -> None:
    run = launch(engine, target=card)
    first = run.open()
    first.close()
    second = run.open(None, NEW_CHAT)
    assert second.chat.id != first.chat_id
    second.close()
    third = run.open(None, first.chat_id)
    assert third.chat.id == first.chat_id
    third.close()


def test_a_chat_can_be_opened_without_its_cards_file(card: str, engine: Watched) -> None:
    session = launch(engine, target=card).open()
    session.close()
    Path(card).unlink()
    again = launch(engine, chat_id=session.chat_id).open()
    assert again.card.name == "Ada"
    again.close()


def test_a_moved_card_file_is_found_again(card: str, engine: Watched) -> None:
    session = launch(engine, target=card).open()
    session.close()
    home = folders.find().characters
    home.mkdir(parents=True)
    moved = Path(card).rename(home / Path(card).name)
    again = launch(engine, chat_id=session.chat_id).open()
    assert again.chat.card_path == str(moved)
    assert Reloader(again).poll() is None
    again.close()


def test_a_changed_card_is_used_in_a_continued_chat(card: str, engine: Watched) -> None:
    session = launch(engine, target=card).open()
    before = session.chat.card_hash
    session.close()
    Path(card).write_text(Path(card).read_text() + "\n# changed\n")
    again = launch(engine, target=card).open()
    assert again.chat.id == session.chat_id
    assert again.chat.card_hash != before
    again.close()


def test_a_requested_greeting_begins_a_new_chat(card: str, engine: Watched) -> None:
    session = launch(engine, target=card).open()
    session.close()
    other = launch(engine, target=card, greeting=2).open()
    assert other.chat.id != session.chat_id
    assert other.path()[0].text == "You again."
    other.close()
    with pytest.raises(RptermError, match="no greeting 3: Ada has 2"):
        launch(engine, target=card, greeting=3).open()


def test_the_greeting_of_the_first_frame_is_that_of_the_chat(
    tmp_path: Path, engine: Watched
) -> None:
    path = tmp_path / "ada.toml"
    path.write_text(CARD.replace("Good evening.", "Good evening, {{user}}."), encoding="utf-8")
    own = Settings(engine="scripted", persona=Persona("Ansel"))
    assert launch(engine, target=str(path)).greeting() == "Good evening, Byron."
    assert launch(engine, own, target=str(path)).greeting() == "Good evening, Ansel."
    assert launch(engine).greeting() == ""
    launch(engine, target=str(path)).open().close()
    assert launch(engine, target=str(path)).greeting() == ""  # That chat is gone on with.
    assert launch(engine, own, target=str(path), new=True).greeting() == "Good evening, Ansel."
    assert launch(engine, target=str(path), new=True).greeting() == ""  # Who was the user there?
    path.write_text(CARD, encoding="utf-8")
    assert launch(engine, target=str(path), new=True).greeting() == "Good evening."
    assert launch(engine, target=str(path), greeting=2).greeting() == "You again."
    assert launch(engine, target=str(path), greeting=9).greeting() == ""
    path.write_text(CARD.replace("Good evening.", "{{pick:Hm.,Ah.}}"), encoding="utf-8")
    assert launch(engine, target=str(path), new=True).greeting() == ""  # Drawn by the chat's id.


def test_the_first_frame_has_a_greeting_although_other_characters_have_chats(
    card: str, engine: Watched
) -> None:
    launch(engine, target="sherlock").open().close()
    launch(engine, target=card, company=("sherlock",)).open().close()
    alone = launch(engine, target=card)
    assert alone.greeting() == "Good evening."
    session = alone.open()
    assert launch(engine, target=card).greeting() == ""  # While it is open elsewhere, too.
    session.close()
    assert launch(engine, target=card).greeting() == ""
    assert launch(engine, target=card, turns="round").greeting() == ""
    folders.find().database.write_bytes(b"no database at all" * 100)
    assert launch(engine, target=card).greeting() == ""


def test_the_persona_comes_from_flag_settings_or_card(card: str, engine: Watched) -> None:
    hinted = launch(engine, target=card).open()
    assert hinted.chat.persona.name == "Byron"
    hinted.close()
    own = Settings(engine="scripted", persona=Persona("Mary", "A writer."))
    mine = launch(engine, own, target=card, new=True).open()
    assert mine.chat.persona == Persona("Mary", "A writer.")
    mine.store.put_persona(Persona("Percy", "A poet."))
    mine.close()
    named = launch(engine, own, target=card, persona="percy").open()
    assert named.chat.id == mine.chat_id
    assert named.chat.persona == Persona("Percy", "A poet.")
    named.close()


def test_a_chat_nobody_wrote_in_opens_with_the_greeting_of_today(
    tmp_path: Path, engine: Watched
) -> None:
    path = tmp_path / "ada.toml"
    path.write_text(CARD, encoding="utf-8")
    launch(engine, target=str(path)).open().close()
    path.write_text(CARD.replace("Good evening.", "Good night, {{user}}."), encoding="utf-8")
    session = launch(engine, target=str(path), persona="Percy").open()
    assert [turn.text for turn in session.path()] == ["Good night, Percy."]
    session.close()


def test_a_new_chat_keeps_the_persona_chosen_with_the_character(card: str, engine: Watched) -> None:
    percy = Persona("Percy", "A poet.")
    chosen = launch(engine, target=card).open()
    chosen.store.put_persona(percy)
    chosen.set_persona(percy)
    chosen.close()
    session = launch(engine, target=card, new=True).open()
    assert session.chat.persona == percy
    session.close()
    named = Settings(engine="scripted", persona=Persona("Percy"))
    session = launch(engine, named, target=card, new=True).open()
    assert session.chat.persona == percy  # The settings name it, the store describes it.
    session.close()


def test_a_flag_overrides_the_cards_sampler(card: str, engine: Watched) -> None:
    settings = Settings(engine="scripted", sampling=Sampling(temperature=0.2, top_k=3))
    run = launch(engine, settings, target=card, flags=("sampling.temperature", "model"))
    session = run.open()
    sampling = samplers(session.settings, session.card, session._flagged)
    assert (sampling.temperature, sampling.top_k) == (0.2, 7)
    session.close()


def test_one_engine_serves_all_chats_of_a_run(card: str, engine: Watched) -> None:
    run = launch(engine, target=card)
    first = run.open()
    say(first, "Hello")
    second = run.open(None, NEW_CHAT)
    saved = engine.saves
    assert saved == 1
    first.close()
    assert (engine.saves, engine.closes) == (saved, 0), "a late close must leave the engine alone"
    say(second, "Hello")
    second.close()
    assert (engine.loads, engine.closes) == (1, 0)
    run.close()
    assert engine.closes == 1


def test_a_chat_that_cannot_be_opened_is_one_sentence(card: str, engine: Watched) -> None:
    for asked in ({}, {"target": "nobody"}, {"chat_id": 99}, {"target": card, "chat_id": 99}):
        with pytest.raises(RptermError) as caught:
            launch(engine, **asked).open()
        assert len(str(caught.value).splitlines()) == 1


def test_a_chat_that_fails_to_open_leaves_no_database_open(
    card: str, engine: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[Store] = []
    close = Store.close
    monkeypatch.setattr(Store, "close", lambda self: (closed.append(self), close(self)))

    def broken(*_: object, **__: object) -> None:
        raise RptermError("No seat.")

    monkeypatch.setattr("rpterm.chat.session.Scene", broken)
    with pytest.raises(RptermError, match="No seat"):
        launch(engine, target=card).open()
    assert len(closed) == 1


def test_memory_can_use_another_embedder_than_the_scorer(
    card: str, engine: Watched, tmp_path: Path
) -> None:
    own = str(tmp_path / "own")
    run = launch(engine, Settings(embedder=own), target=card)
    memory, scores = run._embedding(own), run._embedding()
    assert memory is not None
    assert scores is not None
    assert memory is run._embedding(own)
    assert (memory.model, scores.model) == (own, STARTER)
    with pytest.raises(EmbedError, match=f"cannot be used: there is no folder {own}"):
        memory.encode(["a line"])
    run.close()


def test_another_model_replaces_the_engine_when_a_chat_is_opened(
    card: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Watched] = []

    def make(*_: object, **__: object) -> Watched:
        made.append(Watched(["One.", "Two."]))
        return made[-1]

    monkeypatch.setattr("rpterm.models.engine_factory.open_engine", make)
    run = Launch(Settings(engine="scripted"), folders.find(), ChatRequest(target=card))
    first = run.open()
    say(first, "Hello")
    run.retune(replace(run.settings, theme="paper"), frozenset({"top_k"}))
    second = run.open(None, first.chat_id)
    assert "top_k" in second._flagged
    assert len(made) == 1
    run.retune(replace(run.settings, model="other"), frozenset())
    third = run.open(None, second.chat_id)
    second.close()
    assert [engine.closes for engine in made] == [1, 0]
    say(third, "Hello again")
    assert [len(engine.requests) for engine in made] == [1, 1]
    third.close()
    run.close()
