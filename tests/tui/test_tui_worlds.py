"""Worlds on screen: the list, the command, and saves of a world's file."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_tui_reload import FileStage
from tui_support import CARD, notices, running, screen_text, send, wait_until

from rpterm.cards.format.reader import load
from rpterm.cards.format.writer import dump
from rpterm.cards.worlds import CardText
from rpterm.chat.cast.card_lookup import CardSource
from rpterm.chat.session import Session
from rpterm.tui.screens.chat import files


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FileStage:
    monkeypatch.setenv("RPTERM_HOME", str(tmp_path / "home"))
    (tmp_path / "mara.toml").write_text(dump(CARD), encoding="utf-8")
    (tmp_path / "worlds").mkdir()
    (tmp_path / "worlds" / "coast.toml").write_text(
        '[[lore]]\nkeys = "fog"\ncontent = "The fog has a name."\n', encoding="utf-8"
    )
    return FileStage(tmp_path)


async def test_a_world_is_added_from_the_list_and_named_in_the_prompt(stage: FileStage) -> None:
    app = stage.app()
    async with running(app, (120, 60)) as pilot:
        await pilot.press("f3")
        await pilot.press("alt+l")
        await wait_until(pilot, lambda: "Worlds of Mara Venn" in screen_text(app))
        await wait_until(pilot, lambda: "coast" in screen_text(app))
        await pilot.press("enter")
        await wait_until(pilot, lambda: "✓ Mara Venn · 1 entry" in screen_text(app))
        assert load(stage.file).worlds == ("coast",)
        await pilot.press("escape")
        await wait_until(pilot, lambda: "fog  fog  · coast" in screen_text(app))
        await pilot.press("f3", "f2")
        app.chat.input.put("What fog?")
        await wait_until(pilot, lambda: "fog (coast)" in screen_text(app))


async def test_without_worlds_the_list_says_how_to_start_one(stage: FileStage) -> None:
    next(stage.folder.rglob("coast.toml")).unlink()
    app = stage.app()
    async with running(app, (80, 24)) as pilot:
        await pilot.press("alt+l")
        await wait_until(pilot, lambda: "Ctrl+N starts one" in screen_text(app))


class PairStage(FileStage):
    """Two characters, each with a file."""

    def open(self, target: str | None, chat_id: int | None) -> Session:
        plain = super().open(target, chat_id)
        tam = self.folder / "tam.toml"

        def find(target: str) -> CardText:
            text = tam.read_text("utf-8")
            return CardText(load(tam), text, text, path=tam)

        session = Session(
            plain.store, self.engine, self.card, plain.chat, self.settings, casting=CardSource(find)
        )
        session.scene.add("tam", known=True)
        self.opened[-1] = session
        return session


async def test_the_world_list_names_the_card_that_is_changed(
    stage: FileStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    tam = stage.folder / "tam.toml"
    tam.write_text('name = "Tam"\n', encoding="utf-8")
    app = PairStage(stage.folder).app()
    async with running(app, (120, 60)) as pilot:
        await pilot.press("alt+l")
        await wait_until(pilot, lambda: "Worlds of Mara Venn" in screen_text(app))
        await pilot.press("up", "enter")
        await wait_until(pilot, lambda: "Worlds of Tam" in screen_text(app))
        await pilot.press("down", "enter")
        await wait_until(pilot, lambda: "✓ Tam · 1 entry" in screen_text(app))
        await pilot.press("up", "enter")
        await wait_until(pilot, lambda: "Worlds of this chat alone" in screen_text(app))
        await pilot.press("down", "enter")
        await wait_until(pilot, lambda: "this chat alone · 1 entry" in screen_text(app))
        assert "✓ Tam, this chat alone · 1 entry" in screen_text(app)
        assert load(tam).worlds == ("coast",) and load(stage.file) == CARD
        assert app.chat.session is not None
        # No folder of cards that every card is looked for in has it.
        assert app.chat.session.chat.worlds == (str(stage.folder / "worlds" / "coast.toml"),)
        await pilot.press("escape")
        edited: list[Path] = []
        monkeypatch.setattr(files, "edit_file", lambda app, path: edited.append(path))
        await pilot.press("alt+y")
        await wait_until(pilot, lambda: "Whose card?" in screen_text(app))
        await pilot.press("down", "enter")
        await wait_until(pilot, lambda: edited == [tam])


async def test_the_slash_command_adds_and_removes_a_world(stage: FileStage) -> None:
    app = stage.app()
    async with running(app, (120, 40)) as pilot:
        await send(pilot, app, "/world Coast")
        await wait_until(pilot, lambda: "The world Coast was added" in notices(app))
        await send(pilot, app, "/world coast")
        await wait_until(pilot, lambda: "The world coast was removed" in notices(app))
        assert load(stage.file) == CARD
        await send(pilot, app, "/world chat: coast")
        await wait_until(pilot, lambda: "added to this chat alone" in notices(app))
        assert load(stage.file) == CARD
        await send(pilot, app, "/world gost")
        await wait_until(pilot, lambda: "There is no world 'gost'" in notices(app))
        assert app.chat.input.text == "/world gost"


async def test_a_missing_world_is_reported_in_the_chat(stage: FileStage) -> None:
    stage.file.write_text(f'worlds = ["shore"]\n{dump(CARD)}', encoding="utf-8")
    app = stage.app()
    async with running(app, (120, 60)) as pilot:
        await wait_until(pilot, lambda: "There is no world 'shore'" in notices(app))
        await pilot.press("f2")
        await wait_until(pilot, lambda: "world:shore" in screen_text(app))


async def test_a_saved_world_is_used_at_once(stage: FileStage) -> None:
    stage.file.write_text(f'worlds = ["coast"]\n{dump(CARD)}', encoding="utf-8")
    app = stage.app()
    async with running(app, (120, 40)) as pilot:
        await wait_until(pilot, lambda: "lore fog (coast): added" in notices(app))
        world = stage.folder / "worlds" / "coast.toml"
        world.write_text('[[lore]]\nkeys = "fog"\ncontent = "It sings."\n', encoding="utf-8")
        await wait_until(pilot, lambda: "lore fog (coast) content: changed" in notices(app))


async def test_a_world_is_begun_in_the_list(stage: FileStage, tmp_path: Path) -> None:
    app = stage.app()
    async with running(app, (120, 40)) as pilot:
        await pilot.press("alt+l")
        await wait_until(pilot, lambda: "^N new" in screen_text(app))
        await pilot.press("ctrl+n")
        await wait_until(pilot, lambda: "A new world" in screen_text(app))
        await pilot.press(*"North", "enter")
        await wait_until(pilot, lambda: "Write its lore into" in notices(app))
        assert (tmp_path / "home" / "characters" / "worlds" / "north.toml").is_file()
        await wait_until(pilot, lambda: load(stage.file).worlds == ("north",))
        await wait_until(pilot, lambda: "✓ Mara Venn" in screen_text(app))
        await pilot.press("ctrl+n")
        await wait_until(pilot, lambda: "A new world" in screen_text(app))
        await pilot.press(*"North", "enter")
        await wait_until(pilot, lambda: "already exists" in notices(app))
