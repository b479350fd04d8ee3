"""Small terminals, and those whose size changes: what one needs can be seen or scrolled to."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.widgets import TextArea
from tui_support import Stage, running, screen_text, wait_until

from rpterm.tui.screens.form import Field, Form
from rpterm.tui.widgets.turn_editor import TurnEditor

SMALL = (40, 12)


# Forms -----------------------------------------------------------------------------------------
@pytest.mark.parametrize("size", [(80, 24), SMALL])
async def test_a_form_scrolls_to_the_field_one_writes_in(
    stage: Stage, size: tuple[int, int]
) -> None:
    app = stage.app()
    fields = [Field(f"line{at}", f"Line {at}", f"old{at}", lines=3) for at in range(6)]
    async with running(app, size) as pilot:
        app.push_screen(Form("Example", fields))
        await wait_until(pilot, lambda: "Line 0" in screen_text(app))
        for at in range(6):
            await wait_until(pilot, lambda at=at: f"old{at}" in screen_text(app))  # type: ignore[misc]
            assert isinstance(app.focused, TextArea)
            app.focused.insert("\n" * 9 + f"new{at}")
            await wait_until(pilot, lambda at=at: f"new{at}" in screen_text(app))  # type: ignore[misc]
            await pilot.press("tab")


async def test_the_depth_of_a_note_is_in_sight_and_stays_there(stage: Stage) -> None:
    app = stage.app()
    async with running(app, SMALL) as pilot:
        await pilot.press("f5")
        await wait_until(pilot, lambda: isinstance(app.screen, Form))
        await pilot.press("tab", "7")
        await wait_until(pilot, lambda: "│ 7" in screen_text(app))
        await pilot.resize_terminal(40, 10)
        await wait_until(pilot, lambda: "│ 7" in screen_text(app))


# Turns -----------------------------------------------------------------------------------------
async def test_an_edited_turn_stays_in_sight_when_the_terminal_shrinks(tmp_path: Path) -> None:
    app = Stage(tmp_path, turns=12).app()
    async with running(app, (80, 24)) as pilot:
        await pilot.press("up")
        await wait_until(pilot, lambda: "Editing Ansel" in screen_text(app))
        await pilot.resize_terminal(*SMALL)
        await wait_until(pilot, lambda: "Editing Ansel" in screen_text(app))
        await pilot.press("X")
        await wait_until(pilot, lambda: "turn number 10X" in screen_text(app))


async def test_a_selected_turn_stays_in_sight_when_the_terminal_shrinks(tmp_path: Path) -> None:
    app = Stage(tmp_path, turns=12).app()
    async with running(app, (80, 24)) as pilot:
        for number in (11, 10, 9):
            await pilot.press("ctrl+up")
            await wait_until(
                pilot,
                lambda number=number: (  # type: ignore[misc]
                    app.chat.transcript.selected is not None
                    and app.chat.transcript.selected.text == f"turn number {number}"
                ),
            )
        await pilot.resize_terminal(*SMALL)
        await wait_until(pilot, lambda: "turn number 9" in screen_text(app))


@pytest.mark.parametrize("size", [(80, 12), SMALL])
async def test_the_cursor_of_a_long_edit_is_always_in_sight(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    app = Stage(tmp_path, turns=12).app()
    async with running(app, (80, 24)) as pilot:
        await pilot.press("up")
        await wait_until(pilot, lambda: isinstance(app.focused, TurnEditor))
        assert isinstance(app.focused, TurnEditor)
        app.focused.insert("\n".join(f"line {number}" for number in range(400)))
        await wait_until(pilot, lambda: "line 399" in screen_text(app))
        await pilot.resize_terminal(*size)
        await wait_until(pilot, lambda: "Editing" in screen_text(app))
        await pilot.press(*["up"] * 14, "X")
        await wait_until(pilot, lambda: "X" in screen_text(app))
        await wait_until(pilot, lambda: "⏎ keep" in screen_text(app))
