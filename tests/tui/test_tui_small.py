"""Small terminals, and those whose size changes: what one needs can be seen or scrolled to."""

from __future__ import annotations

import pytest
from textual.widgets import TextArea
from tui_support import Stage, running, screen_text, wait_until

from rpterm.tui.screens.form import Field, Form

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
