"""Commands while candidates wait for a choice act on the marked one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from textual.events import Key
from textual.pilot import Pilot
from tui_support import (
    REPLIES,
    Stage,
    notices,
    phase,
    running,
    say,
    screen_text,
    second_marked,
    several,
    texts,
    wait_until,
)

from rpterm.errors import RptermError
from rpterm.store.judgements import Judgements
from rpterm.tui.app import RptermApp
from rpterm.tui.screens.chat import turns
from rpterm.tui.widgets.candidates import Candidate


@asynccontextmanager
async def waiting(stage: Stage) -> AsyncIterator[tuple[Pilot[None], RptermApp, str]]:
    """A chat in which several replies wait; what the marked one, the second, reads."""
    app = stage.app()
    async with running(app, (120, 40)) as pilot:
        await say(pilot, app, "Hello")
        yield pilot, app, await second_marked(pilot, app)


async def idle(pilot: Pilot[None], app: RptermApp) -> None:
    await wait_until(pilot, lambda: not app.chat.state.busy and phase(app) == "ready")


@pytest.mark.parametrize("key", ["enter", "ctrl+g", "alt+d"])
async def test_a_message_continues_from_the_marked_candidate(stage: Stage, key: str) -> None:
    async with waiting(stage) as (pilot, app, wanted):
        app.chat.input.put("And then?")
        await pilot.press(key)
        await wait_until(pilot, lambda: "And then?" in texts(app))
        await idle(pilot, app)
        assert texts(app)[2:4] == [wanted, "And then?"]


@pytest.mark.parametrize("key", ["alt+g", "alt+h", "alt+o"])
async def test_candidates_cannot_be_rated_or_remedied_before_the_choice(
    stage: Stage, key: str
) -> None:
    async with waiting(stage) as (pilot, app, _):
        await pilot.press(key)
        await wait_until(pilot, lambda: "Choose one of them first: ⏎." in notices(app))
        assert app.chat.session is not None
        assert not list(Judgements(app.chat.session.store).ratings())


async def test_impersonate_keeps_the_marked_candidate_first(stage: Stage) -> None:
    async with waiting(stage) as (pilot, app, wanted):
        await pilot.press("ctrl+t")
        await wait_until(pilot, lambda: app.chat.input.text)
        await idle(pilot, app)
        assert texts(app)[2:] == [wanted]


async def test_the_message_returns_if_the_candidate_cannot_be_kept(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_turn_id: int) -> None:
        raise RptermError("The disk is full.")

    async with waiting(stage) as (pilot, app, _):
        monkeypatch.setattr(stage.session, "select", refuse)
        app.chat.input.put("And then?")
        await pilot.press("ctrl+g")
        await wait_until(pilot, lambda: "The disk is full." in notices(app))
        assert app.chat.input.text == "And then?"


async def test_a_double_enter_sends_the_message_once(stage: Stage) -> None:
    async with waiting(stage) as (pilot, app, wanted):
        app.chat.input.put("And then?")
        for _ in range(2):
            app.chat.input.post_message(Key("ctrl+g", None))
        await wait_until(pilot, lambda: "And then?" in texts(app))
        await idle(pilot, app)
        assert texts(app)[2:4] == [wanted, "And then?"]


async def test_continue_acts_on_the_marked_candidate(stage: Stage) -> None:
    async with waiting(stage) as (pilot, app, wanted):
        await pilot.press("ctrl+o")
        await wait_until(pilot, lambda: app.chat.state.choosing is None)
        await idle(pilot, app)
        assert texts(app)[-1].startswith(wanted) and texts(app)[-1] != wanted


async def test_edit_acts_on_the_marked_candidate(stage: Stage) -> None:
    async with waiting(stage) as (pilot, app, wanted):
        await turns.edit(app.chat)
        await wait_until(pilot, lambda: app.chat.state.editor is not None)
        assert app.chat.state.editor is not None and app.chat.state.editor.text == wanted


async def test_the_placeholder_asks_for_no_reply_while_candidates_wait(stage: Stage) -> None:
    async with waiting(stage) as (_, app, _wanted):
        assert app.chat.input.placeholder == "Write to Mara Venn…"


async def test_the_marked_candidate_is_visible(stage: Stage) -> None:
    stage.engine._replies = [f"{reply} And {'so on ' * 20}" for reply in REPLIES]
    app = stage.app()
    async with running(app, (60, 14)) as pilot:
        await say(pilot, app, "Hello")
        await several(pilot, app)
        for key, number in [("left", 1), ("right", 2), ("right", 3), ("left", 2), ("left", 1)]:
            await pilot.press(key)
            await wait_until(pilot, lambda n=number: f"▸ {n}" in screen_text(app))
        assert len(app.chat.query(Candidate)) == 4


async def test_the_hints_say_that_the_arrows_mark_a_candidate(stage: Stage) -> None:
    async with waiting(stage) as (_, app, _wanted):
        last = screen_text(app).splitlines()[-1]
        assert "←→↑↓ mark" in last and "⏎ choose" in last and "swipe" not in last


async def test_the_marked_candidate_is_in_view_when_all_are_complete(stage: Stage) -> None:
    app = stage.app()
    async with running(app, (60, 18)) as pilot:
        await say(pilot, app, "Hello")
        await several(pilot, app)
        await wait_until(pilot, lambda: "▸ 1" in screen_text(app))
        await pilot.press("down")
        await wait_until(pilot, lambda: "▸ 2" in screen_text(app))
