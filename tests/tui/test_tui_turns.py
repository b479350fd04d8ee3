"""Hiding and deleting turns, and showing thoughts."""

from __future__ import annotations

import pytest
from textual.events import Key
from textual.widgets import Static
from tui_support import (
    REPLIES,
    Stage,
    notices,
    running,
    say,
    screen_text,
    send,
    shown,
    texts,
    wait_until,
)

from rpterm.chat.events import PromptEvaluated
from rpterm.engine.scripted import ScriptedEngine
from rpterm.tui.screens.chat import reply_events
from rpterm.tui.screens.confirm import Confirm
from rpterm.tui.widgets.status import StatusLine


async def test_a_turn_is_hidden_and_unhidden_by_one_key(stage: Stage) -> None:
    app = stage.app()
    async with running(app, (100, 70)) as pilot:
        await say(pilot, app, "My lamp is red.")
        await pilot.press("ctrl+up", "ctrl+up", "h")
        await wait_until(pilot, lambda: "hidden from the model" in screen_text(app))
        turn = stage.session.path()[1]
        assert turn.hidden
        view = app.chat.transcript.view(turn.id)
        assert view is not None and view.has_class("-hidden")
        assert app.chat.transcript.selected == turn
        assert "My lamp is red." in screen_text(app)
        assert "is hidden from the model" in notices(app)
        await pilot.press("f2")
        await wait_until(pilot, lambda: "you hid it from the model" in screen_text(app))
        await pilot.press("f2", "escape", "ctrl+up", "ctrl+up", "h")
        await wait_until(pilot, lambda: not stage.session.path()[1].hidden)
        await wait_until(pilot, lambda: "⊘ hidden from the model" not in screen_text(app))
        assert not view.has_class("-hidden")


async def test_a_key_pressed_right_after_selecting_acts_on_the_turn(stage: Stage) -> None:
    app = stage.app()
    async with running(app) as pilot:
        await say(pilot, app, "one")
        # As a terminal far away sends them, in one piece.
        app.post_message(Key("ctrl+up", None))
        app.post_message(Key("h", "h"))
        await wait_until(pilot, lambda: stage.session.path()[-1].hidden)
        assert app.chat.input.empty


async def test_the_slash_command_hide_acts_on_the_last_turn(stage: Stage) -> None:
    app = stage.app()
    async with running(app) as pilot:
        await say(pilot, app, "one")
        await send(pilot, app, "/hide")
        await wait_until(pilot, lambda: stage.session.path()[-1].hidden)
        assert not stage.session.path()[-2].hidden


async def test_undo_takes_the_last_message_back_into_the_input(stage: Stage) -> None:
    app = stage.app()
    async with running(app) as pilot:
        await send(pilot, app, "/undo")
        await wait_until(pilot, lambda: "not written anything yet" in notices(app))
        app.chat.input.put("")
        await say(pilot, app, "one")
        await say(pilot, app, "two")
        await pilot.press("alt+q")
        await wait_until(pilot, lambda: app.chat.input.text == "two")
        assert texts(app)[1:] == [turn.text for turn in stage.session.path()][1:]
        assert "two" not in texts(app) and len(stage.session.path()) == 3
        app.chat.input.put("")
        await send(pilot, app, "/undo")
        await wait_until(pilot, lambda: app.chat.input.text == "one")


async def test_the_status_line_shows_the_size_of_the_branch_that_is_shown(stage: Stage) -> None:
    app = stage.app()
    async with running(app) as pilot:
        await say(pilot, app, "one")
        await wait_until(pilot, lambda: app.chat.state.figures.used)
        await say(pilot, app, "a second message, with many more words than the first one has")
        longer = app.chat.state.figures.used
        await pilot.press("ctrl+up", "ctrl+up", "ctrl+up", "b")
        await wait_until(pilot, lambda: 0 < app.chat.state.figures.used < longer)


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
async def test_a_turn_is_deleted_alone_and_the_following_turns_stay(
    stage: Stage, size: tuple[int, int]
) -> None:
    app = stage.app()
    async with running(app, size) as pilot:
        await say(pilot, app, "one")
        await say(pilot, app, "two")
        before = shown(app)
        await pilot.press("ctrl+up", "ctrl+up", "ctrl+up", "ctrl+up", "d")
        await wait_until(pilot, lambda: isinstance(app.screen, Confirm))
        await wait_until(pilot, lambda: "3 turns follow it." in screen_text(app))
        assert str(app.screen.query_one("#detail", Static).content) == (
            "3 turns follow it. If you delete only this turn, what follows will continue the turn "
            "before it. It cannot be undone."
        )
        assert all(label in screen_text(app) for label in ("No", "Only this", "All of it"))
        await pilot.press("o")
        await wait_until(pilot, lambda: len(texts(app)) == 4)
        assert shown(app) == [before[0], *before[2:]]
        assert [turn.text for turn in stage.session.path()] == texts(app)
        await say(pilot, app, "three")
        assert texts(app)[-2] == "three"


async def test_deleting_all_removes_the_following_turns_and_no_deletes_nothing(
    stage: Stage,
) -> None:
    app = stage.app()
    async with running(app) as pilot:
        await say(pilot, app, "one")
        await say(pilot, app, "two")
        await pilot.press("ctrl+up", "ctrl+up", "d")
        await wait_until(pilot, lambda: isinstance(app.screen, Confirm))
        await pilot.press("enter")  # the harmless answer has the focus
        await wait_until(pilot, lambda: app.screen is app.chat)
        assert len(stage.session.path()) == 5
        await pilot.press("d")
        await wait_until(pilot, lambda: isinstance(app.screen, Confirm))
        await pilot.press("right", "right", "enter")
        await wait_until(pilot, lambda: len(texts(app)) == 3)
        assert len(stage.session.path()) == 3


async def test_the_question_before_deleting_mentions_other_branches(stage: Stage) -> None:
    app = stage.app()
    async with running(app) as pilot:
        await say(pilot, app, "one")
        await pilot.press("ctrl+r")
        await wait_until(pilot, lambda: not app.chat.state.busy and "2/2" in screen_text(app))
        await pilot.press("ctrl+up", "ctrl+up", "d")
        await wait_until(pilot, lambda: "2 turns follow it, on 2 branches" in screen_text(app))
        await pilot.press("o")
        await wait_until(pilot, lambda: len(texts(app)) == 2)
        await wait_until(pilot, lambda: "2/2" in screen_text(app))


async def test_a_thought_is_shown_while_it_grows_and_later_on_request(stage: Stage) -> None:
    said = "<think>\nShe is wet. Offer her the chair.\n</think>\n\n*nods* Sit."
    stage.engine = ScriptedEngine([said], delay_s=0.03)
    app = stage.app()
    async with running(app, (100, 40)) as pilot:
        await send(pilot, app, "It rains.")
        await wait_until(pilot, lambda: "thinking" in screen_text(app))
        await wait_until(pilot, lambda: "Thought: …" in screen_text(app))
        await wait_until(pilot, lambda: "*nods* Sit." in stage.session.path()[-1].text)
        await wait_until(pilot, lambda: "▸ thought" in screen_text(app))
        assert "Offer her" not in screen_text(app)
        await pilot.press("ctrl+up", "y")
        await wait_until(pilot, lambda: "Thought: She is wet. Offer her" in screen_text(app))
        await pilot.press("y")
        await wait_until(pilot, lambda: "Offer her" not in screen_text(app))
        await pilot.press("ctrl+up", "y")
        await wait_until(pilot, lambda: "did not think" in notices(app))


async def test_while_a_reply_begins_its_own_figures_are_shown(stage: Stage) -> None:
    app = stage.app()
    async with running(app) as pilot:
        await say(pilot, app, "one")
        app.chat.figures(rate=7.0, first_s=3.0, reused=1, evaluated=999)
        await reply_events.handle(app.chat, PromptEvaluated(5, 41, 300))
        figures = app.chat.query_one(StatusLine).figures
        assert (figures.reused, figures.evaluated) == (300, 41)
        assert not figures.rate and not figures.first_s


async def test_a_continued_greeting_takes_the_place_of_the_greeting(stage: Stage) -> None:
    app = stage.app()
    async with running(app) as pilot:
        await pilot.press("ctrl+o")
        await wait_until(pilot, lambda: len(texts(app)[-1]) > len(REPLIES[0]))
        await wait_until(pilot, lambda: not app.chat.state.busy)
        assert texts(app) == [turn.text for turn in stage.session.path()]
        assert len(texts(app)) == 1
