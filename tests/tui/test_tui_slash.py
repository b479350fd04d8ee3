"""Lines that begin with a slash are commands on screen, too."""

from __future__ import annotations

import pytest
from tui_support import (
    Stage,
    notices,
    phase,
    running,
    say,
    screen_text,
    texts,
    type_text,
    wait_until,
)


async def test_a_command_runs_by_its_id_and_leaves_the_input_empty(stage: Stage) -> None:
    app = stage.app()
    async with running(app, (120, 40)) as pilot:
        await type_text(pilot, "/note")
        await pilot.press("enter")
        await wait_until(pilot, lambda: "Author's note" in screen_text(app))
        await pilot.press("escape")
        assert app.chat.input.text == ""
        await type_text(pilot, "/help")
        await pilot.press("enter")
        await wait_until(pilot, lambda: app.screen is not app.chat)


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("/regenrate", "did you mean /regenerate?"),
        ("/me waves", "needs two"),
        ("/note be brief", "/note stands alone"),
    ],
)
async def test_what_is_no_command_stays_in_the_input(stage: Stage, written: str, told: str) -> None:
    app = stage.app()
    async with running(app, (120, 40)) as pilot:
        await type_text(pilot, written)
        await pilot.press("enter")
        await wait_until(pilot, lambda: told in notices(app))
        assert app.chat.input.text == written
        assert len(texts(app)) == 1


async def test_two_slashes_say_one(stage: Stage) -> None:
    app = stage.app()
    async with running(app, (120, 40)) as pilot:
        await say(pilot, app, "//me waves")
        await wait_until(pilot, lambda: phase(app) == "ready")
        assert texts(app)[1] == "/me waves"


@pytest.mark.parametrize("key", ["ctrl+g", "alt+d"])
async def test_a_command_is_never_said(stage: Stage, key: str) -> None:
    app = stage.app()
    async with running(app, (120, 40)) as pilot:
        await type_text(pilot, "/note")
        await pilot.press(key)
        await wait_until(pilot, lambda: "Author's note" in screen_text(app))
        assert app.chat.input.text == "" and len(texts(app)) == 1
