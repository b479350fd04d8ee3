"""Candidates that wait: whatever one does next, it is the marked one that counts."""

from __future__ import annotations

import pytest
from textual.events import Key
from textual.pilot import Pilot
from tui_support import REPLIES, Stage, notices, phase, running, say, screen_text, texts, wait_until

from rpterm.store.judgements import Judgements
from rpterm.tui.app import RptermApp
from rpterm.tui.screens.chat import turns
from rpterm.tui.widgets.candidates import Candidate
from rpterm.types import RptermError


async def second_marked(pilot: Pilot[None], app: RptermApp) -> str:
    """Several replies wait, the second one is marked; what it reads."""
    await pilot.press("ctrl+g")
    await wait_until(pilot, lambda: not app.chat.state.busy and app.chat.state.choosing)
    await pilot.press("right")
    assert app.chat.state.choosing is not None
    return app.chat.state.choosing.marked.text


async def idle(pilot: Pilot[None], app: RptermApp) -> None:
    await wait_until(pilot, lambda: not app.chat.state.busy and phase(app) == "ready")


@pytest.mark.parametrize("key", ["enter", "ctrl+g", "alt+d"])
async def test_words_go_on_from_the_marked_candidate(stage: Stage, key: str) -> None:
    app = stage.app()
    async with running(app, (120, 40)) as pilot:
        await say(pilot, app, "Hello")
        wanted = await second_marked(pilot, app)
        app.chat.input.put("And then?")
        await pilot.press(key)
        await wait_until(pilot, lambda: "And then?" in texts(app))
        await idle(pilot, app)
        assert texts(app)[2:4] == [wanted, "And then?"]


async def test_what_waits_is_rated_once_it_is_chosen(stage: Stage) -> None:
    app = stage.app()
    async with running(app, (120, 40)) as pilot:
        await say(pilot, app, "Hello")
        await second_marked(pilot, app)
        await pilot.press("alt+g")
        await wait_until(pilot, lambda: "Choose one of them first: ⏎." in notices(app))
        assert app.chat.session is not None
        assert not list(Judgements(app.chat.session.store).ratings())


async def test_a_line_is_drafted_below_the_marked_candidate(stage: Stage) -> None:
    app = stage.app()
    async with running(app, (120, 40)) as pilot:
        await say(pilot, app, "Hello")
        wanted = await second_marked(pilot, app)
        await pilot.press("ctrl+t")
        await wait_until(pilot, lambda: app.chat.input.text)
        await idle(pilot, app)
        assert texts(app)[2:] == [wanted]


async def test_words_come_back_when_the_candidate_cannot_be_kept(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = stage.app()

    def refuse(_turn_id: int) -> None:
        raise RptermError("The disk is full.")

    async with running(app, (120, 40)) as pilot:
        await say(pilot, app, "Hello")
        await second_marked(pilot, app)
        monkeypatch.setattr(stage.session, "select", refuse)
        app.chat.input.put("And then?")
        await pilot.press("ctrl+g")
        await wait_until(pilot, lambda: "The disk is full." in notices(app))
        assert app.chat.input.text == "And then?"


async def test_pressed_twice_the_words_are_said_once(stage: Stage) -> None:
    app = stage.app()
    async with running(app, (120, 40)) as pilot:
        await say(pilot, app, "Hello")
        wanted = await second_marked(pilot, app)
        app.chat.input.put("And then?")
        for _ in range(2):
            app.chat.input.post_message(Key("ctrl+g", None))
        await wait_until(pilot, lambda: "And then?" in texts(app))
        await idle(pilot, app)
        assert texts(app)[2:4] == [wanted, "And then?"]


async def test_the_marked_candidate_goes_on(stage: Stage) -> None:
    app = stage.app()
    async with running(app, (120, 40)) as pilot:
        await say(pilot, app, "Hello")
        wanted = await second_marked(pilot, app)
        await pilot.press("ctrl+o")
        await wait_until(pilot, lambda: app.chat.state.choosing is None)
        await idle(pilot, app)
        assert texts(app)[-1].startswith(wanted) and texts(app)[-1] != wanted


async def test_the_marked_candidate_is_edited(stage: Stage) -> None:
    app = stage.app()
    async with running(app, (120, 40)) as pilot:
        await say(pilot, app, "Hello")
        wanted = await second_marked(pilot, app)
        await turns.edit(app.chat)
        await wait_until(pilot, lambda: app.chat.state.editor is not None)
        assert app.chat.state.editor is not None and app.chat.state.editor.text == wanted


async def test_the_marked_candidate_is_in_sight(stage: Stage) -> None:
    stage.engine._replies = [f"{reply} And {'so on ' * 20}" for reply in REPLIES]
    app = stage.app()
    async with running(app, (60, 14)) as pilot:
        await say(pilot, app, "Hello")
        await pilot.press("ctrl+g")
        await wait_until(pilot, lambda: not app.chat.state.busy and app.chat.state.choosing)
        for key, number in [("left", 1), ("right", 2), ("right", 3), ("left", 2), ("left", 1)]:
            await pilot.press(key)
            await wait_until(pilot, lambda n=number: f"▸ {n}" in screen_text(app))
        assert len(app.chat.query(Candidate)) == 4
