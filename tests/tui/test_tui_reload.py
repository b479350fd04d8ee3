"""Saving the card's file changes the running chat; a broken save does not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from textual.pilot import Pilot
from tui_support import (
    CARD,
    REPLIES,
    Stage,
    notices,
    phase,
    running,
    say,
    screen_text,
    send,
    texts,
    wait_until,
)

from rpterm.cards.format.writer import dump
from rpterm.chat.session import Session
from rpterm.chat.tree import begin_chat
from rpterm.engine.scripted import ScriptedEngine
from rpterm.store import Store
from rpterm.tui.app import RptermApp
from rpterm.types import Persona


class FileStage(Stage):
    """A stage whose card lies in a file, as the launcher's does."""

    @property
    def file(self) -> Path:
        return self.folder / "mara.toml"

    def open(self, target: str | None, chat_id: int | None) -> Session:
        store = Store(self.folder / "rpterm.db")
        chat = begin_chat(
            store, self.card, dump(self.card), Persona("Ansel"), card_path=str(self.file)
        )
        session = Session(store, self.engine, self.card, chat, self.settings)
        self.opened.append(session)
        return session

    def save(self, **changes: object) -> None:
        """What an editor does: another file in the place of the old one."""
        fresh = self.file.with_suffix(".new")
        fresh.write_text(dump(replace(CARD, **changes)), encoding="utf-8")  # type: ignore[arg-type]
        fresh.replace(self.file)


@pytest.fixture
def stage(tmp_path: Path) -> FileStage:
    (tmp_path / "mara.toml").write_text(dump(CARD), encoding="utf-8")
    return FileStage(tmp_path)


async def noticed(pilot: Pilot[None], app: RptermApp, words: str) -> None:
    await wait_until(pilot, lambda: words in notices(app))


def sent(stage: FileStage) -> str:
    return stage.engine.requests[-1].prompt_text


async def test_a_saved_card_is_used_in_the_next_prompt(stage: FileStage) -> None:
    app = stage.app()
    async with running(app, (120, 40)) as pilot:
        await say(pilot, app, "Hello")
        assert "nineteen winters" in sent(stage)
        stage.save(description="She has kept the light for twenty winters.")
        await noticed(pilot, app, "description: changed")
        await say(pilot, app, "And now?")
        assert "twenty winters" in sent(stage) and "nineteen winters" not in sent(stage)
    with Store(stage.folder / "rpterm.db") as store:
        kept = store.get_card(store.chat(1).card_hash)
    assert kept is not None and "twenty winters" in kept


async def test_a_saved_card_is_reported_with_fields_and_tokens(stage: FileStage) -> None:
    app = stage.app()
    async with running(app, (120, 40)) as pilot:
        stage.save(style=(*CARD.style, "Says tide for time"), scenario="")
        await noticed(pilot, app, "persona style #3: added, +")
        told = notices(app)
        assert "scenario: removed, -" in told and "tokens on every turn" in told
        await wait_until(pilot, lambda: phase(app) == "ready")


async def test_the_card_pane_shows_the_new_card_and_what_changed(stage: FileStage) -> None:
    app = stage.app()
    async with running(app, (120, 50)) as pilot:
        await pilot.press("f3")
        await wait_until(pilot, lambda: "ATTRIBUTES" in screen_text(app))
        stage.save(attributes=("Reads the fog like print",))
        await wait_until(pilot, lambda: "Reads the fog" in screen_text(app))
        assert "persona attributes #1: changed" in screen_text(app)
        await pilot.press("f3")
        await wait_until(pilot, lambda: "Reads the fog" not in screen_text(app))
        await pilot.press("f3")
        await wait_until(pilot, lambda: "attributes #1: changed" in screen_text(app))


async def test_a_broken_save_keeps_the_last_good_card(stage: FileStage) -> None:
    app = stage.app()
    async with running(app, (120, 50)) as pilot:
        stage.file.write_text('name = "Mara Venn"\ntaglin = "x"\n', encoding="utf-8")
        await noticed(pilot, app, "mara.toml:2: taglin: There is no key taglin")
        assert "The last good card stays" in notices(app)
        await say(pilot, app, "Still you?")
        assert "nineteen winters" in sent(stage)
        stage.save(description="Mended.")
        await noticed(pilot, app, "description: changed")
        await say(pilot, app, "And now?")
        assert "Mended." in sent(stage)


async def test_undoing_a_broken_save_is_reported(stage: FileStage) -> None:
    app = stage.app()
    async with running(app) as pilot:
        stage.file.write_text("name = [", encoding="utf-8")
        await noticed(pilot, app, "The last good card stays")
        stage.save()
        await noticed(pilot, app, "can be used again")


async def test_a_card_saved_during_a_reply_is_used_after_it(stage: FileStage) -> None:
    stage.engine = ScriptedEngine(REPLIES, delay_s=0.1)
    app = stage.app()
    async with running(app, (120, 40)) as pilot:
        await send(pilot, app, "Hello")
        await wait_until(pilot, lambda: phase(app) == "writing")
        stage.save(nickname="Keeper")
        early: list[str] = []

        def ended() -> bool:
            if app.chat.state.busy and "nickname" in notices(app):
                early.append(notices(app))
            return not app.chat.state.busy

        await wait_until(pilot, ended)
        assert not early and app.chat.transcript.turns[-1].speaker == "Mara Venn"
        await noticed(pilot, app, "nickname: added")
        await say(pilot, app, "Who?")
        assert app.chat.transcript.turns[-1].speaker == "Keeper"
        assert len(texts(app)) == 5


async def test_a_card_saved_before_the_first_poll_is_used(stage: FileStage) -> None:
    stage.save(tagline="Someone else entirely")
    app = stage.app()
    async with running(app, (120, 40)) as pilot:
        await noticed(pilot, app, "tagline: changed")
        await wait_until(pilot, lambda: "Someone else entirely" in screen_text(app))


async def test_a_card_without_a_file_is_never_reloaded(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    app = stage.app()
    async with running(app) as pilot:
        for _ in range(3):
            app.chat.poller.tick()
            await pilot.pause()
        await say(pilot, app, "Hello")
        assert texts(app)[-1] == REPLIES[0] and notices(app) == ""


async def test_a_changed_greeting_is_shown_until_it_was_answered(stage: FileStage) -> None:
    app = stage.app()
    async with running(app) as pilot:
        stage.save(greetings=("Come in, {{user}}.",))
        await wait_until(pilot, lambda: texts(app) == ["Come in, Ansel."])
        assert "New greetings are for new chats." not in notices(app)
        await say(pilot, app, "Good evening.")
        stage.save(greetings=("Go away.",))
        await wait_until(pilot, lambda: "New greetings are for new chats." in notices(app))
        assert texts(app)[0] == "Come in, Ansel."
