"""Editing a card in an external editor, and exporting a chat to a file."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path

import pytest
from test_tui_reload import FileStage
from tui_support import CARD, notices, running, say, screen_text, send, wait_until

from rpterm.cards import library
from rpterm.cards.format.reader import load
from rpterm.cards.format.writer import dump
from rpterm.store import Store


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FileStage:
    monkeypatch.setenv("RPTERM_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("VISUAL", raising=False)
    (tmp_path / "mara.toml").write_text(dump(CARD), encoding="utf-8")
    return FileStage(tmp_path)


def editor(stage: FileStage, monkeypatch: pytest.MonkeyPatch, old: str, new: str) -> None:
    """An editor that puts some words in the place of others."""
    script = stage.folder / "editor.py"
    script.write_text(
        "import sys; p = sys.argv[1]; s = open(p, encoding='utf-8').read()\n"
        f"open(p, 'w', encoding='utf-8').write(s.replace({old!r}, {new!r}))"
    )
    monkeypatch.setenv("EDITOR", f"{sys.executable} {script}")


@pytest.mark.parametrize("keys", [("alt+y",), ("f3", "tab", "ctrl+e")])
async def test_a_card_edited_in_the_external_editor_is_reloaded(
    stage: FileStage, monkeypatch: pytest.MonkeyPatch, keys: tuple[str, ...]
) -> None:
    editor(stage, monkeypatch, "nineteen", "twenty")
    app = stage.app()
    async with running(app, (120, 40)) as pilot:
        monkeypatch.setattr(app, "suspend", contextlib.nullcontext)
        await pilot.press(*keys)
        await wait_until(pilot, lambda: "description: changed" in notices(app))
        assert "twenty winters" in load(stage.file).description
        assert app.chat.card is not None and "twenty" in app.chat.card.description


async def test_errors_in_an_edited_card_are_shown(
    stage: FileStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    editor(stage, monkeypatch, "tagline", "taglin")
    app = stage.app()
    async with running(app, (120, 40)) as pilot:
        monkeypatch.setattr(app, "suspend", contextlib.nullcontext)
        await send(pilot, app, "/edit-card")
        await wait_until(pilot, lambda: "There is no key taglin" in notices(app))


async def test_a_shipped_card_is_copied_before_it_is_edited(
    stage: FileStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipped = stage.folder / "shipped"
    shipped.mkdir()
    stage.file.rename(shipped / "mara.toml")
    monkeypatch.setattr(FileStage, "file", shipped / "mara.toml")
    real = library.card_folders
    monkeypatch.setattr(library, "card_folders", lambda own: [*real(own), shipped])
    editor(stage, monkeypatch, "nineteen", "twenty")
    app = stage.app()
    async with running(app, (120, 40)) as pilot:
        monkeypatch.setattr(app, "suspend", contextlib.nullcontext)
        await pilot.press("alt+y")
        await wait_until(pilot, lambda: "description: changed" in notices(app))
        own = stage.folder / "home" / "characters" / "mara.toml"
        assert "your own copy of the card" in notices(app)
        assert "twenty" in load(own).description
        assert load(shipped / "mara.toml") == CARD
        assert stage.session.chat.card_path == str(own)


async def test_editing_a_card_without_a_file_is_refused(stage: FileStage) -> None:
    app = stage.app()
    async with running(app, (120, 40)) as pilot:
        stage.file.unlink()
        await pilot.press("alt+y")
        await wait_until(pilot, lambda: "The card has no file" in notices(app))


async def test_exporting_a_chat_overwrites_a_file_only_after_asking(stage: FileStage) -> None:
    app = stage.app()
    async with running(app, (120, 40)) as pilot:
        await say(pilot, app, "Hello")
        file = stage.folder / "talk.md"
        await send(pilot, app, "/export-chat md ~/talk")
        await wait_until(pilot, lambda: f"This chat was written to {file}." in notices(app))
        assert "Hello" in file.read_text("utf-8")
        file.write_text("mine", encoding="utf-8")
        await send(pilot, app, "/export-chat ~/talk.md")
        await wait_until(pilot, lambda: "Overwrite it?" in screen_text(app))
        await pilot.press("n")
        assert file.read_text("utf-8") == "mine"
        await send(pilot, app, "/export-chat ~/talk.md")
        await wait_until(pilot, lambda: "Overwrite it?" in screen_text(app))
        await pilot.press("y")
        await wait_until(pilot, lambda: "Hello" in file.read_text("utf-8"))


async def test_the_export_form_checks_the_format_and_the_file(
    stage: FileStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(stage.folder)
    app = stage.app()
    async with running(app, (120, 40)) as pilot:
        await pilot.press("alt+u")
        await wait_until(pilot, lambda: "mara-venn-1" in screen_text(app))
        await pilot.press("tab", "x", "enter")
        await wait_until(pilot, lambda: "must be md, jsonl or log." in notices(app))
        await pilot.press("backspace", "backspace", "backspace", *"jsonl", "enter")
        file = stage.folder / "mara-venn-1.jsonl"
        await wait_until(pilot, lambda: file.is_file() and file.read_text("utf-8").count("\n") > 1)
    with Store(stage.folder / "rpterm.db") as store:
        from rpterm.transfer import chat_export

        assert chat_export.json_lines(store, store.chat(1)) == file.read_text("utf-8")
