"""A character is begun in the list of characters: a form, a card's file, and a chat."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.widgets import Input, TextArea
from tui_support import Stage, notices, running, screen_text, wait_until

from rpterm.cards.format.reader import load
from rpterm.tui.screens.form import Form
from rpterm.tui.screens.picker import CharacterPicker


async def test_a_new_character_is_written_and_a_chat_with_them_opens(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RPTERM_HOME", str(tmp_path / "home"))
    app = stage.app()
    async with running(app, (100, 40)) as pilot:
        await pilot.press("f9")
        await wait_until(pilot, lambda: "^N new" in screen_text(app))
        await pilot.press("ctrl+n")
        await wait_until(pilot, lambda: isinstance(app.screen, Form))
        await pilot.press("escape")
        await wait_until(pilot, lambda: isinstance(app.screen, CharacterPicker))
        await pilot.press("ctrl+n")
        await wait_until(pilot, lambda: isinstance(app.screen, Form))
        await pilot.press("ctrl+s")
        await wait_until(pilot, lambda: "has no letter or digit" in notices(app))
        app.screen.query_one("#field-name", Input).value = "Ada Byron"
        app.screen.query_one("#field-tagline", Input).value = "Countess of engines"
        app.screen.query_one("#field-greeting", TextArea).text = '*She looks up.* "Well?"'
        await pilot.press("ctrl+s")
        await wait_until(pilot, lambda: len(stage.calls) == 2)
        file = tmp_path / "home" / "characters" / "ada-byron.toml"
        assert stage.calls[-1] == (str(file), None)
        card = load(file)
        assert (card.name, card.tagline) == ("Ada Byron", "Countess of engines")
        assert card.greetings == ('*She looks up.* "Well?"',)
        assert "Alt+Y opens it in your editor" in notices(app)
