"""The main commands of a chat: send, stop, regenerate, swipe, edit, branch, continue, delete."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest
from tui_support import (
    CARD,
    REPLIES,
    SlowLoad,
    Stage,
    notices,
    phase,
    record_reply,
    running,
    say,
    screen_text,
    send,
    several,
    shown,
    texts,
    type_text,
    wait_until,
)

from rpterm.engine.scripted import ScriptedEngine
from rpterm.tui.screens.chat import replies
from rpterm.tui.screens.chat.screen import ChatScreen
from rpterm.tui.screens.chat.state import ScreenRequest
from rpterm.tui.widgets.candidates import Candidate
from rpterm.tui.widgets.error import ErrorBlock
from rpterm.tui.widgets.status import Phase
from rpterm.tui.widgets.turn_editor import TurnEditor
from rpterm.types import Origin, Status


async def test_the_first_frame_has_name_and_greeting_before_the_session_is_open(
    stage: Stage,
) -> None:
    stage.gate = threading.Event()
    app = stage.app()
    async with running(app, ready=False) as pilot:
        await pilot.pause()
        picture = screen_text(app)
        assert "Mara Venn" in picture and "You are late." in picture
        assert "Write to Mara Venn" in picture
        assert not stage.opened
        await type_text(pilot, "I am")
        assert app.chat.input.text == "I am"


async def test_a_turn_goes_from_the_input_to_the_database_and_back(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    told, app = record_reply(monkeypatch), stage.app()
    async with running(app) as pilot:
        await type_text(pilot, "Good evening")
        await pilot.press("enter")
        await wait_until(pilot, lambda: not app.chat.state.busy and phase(app) == "ready")
        assert shown(app)[1:] == [("user", "Good evening"), ("assistant", REPLIES[0])]
        assert [turn.text for turn in stage.session.path()] == texts(app)
        assert app.chat.input.empty
        assert [name for name in told if name != "PromptEvaluated"] == [
            "engine_settled", "UserTurnStored", "ReplyStarted", "show_growth", "ReplyFinished",
            "reply_ended", "engine_settled",
        ]  # fmt: skip
        assert "Sit down. You are dripping on the charts." in screen_text(app)


async def test_a_message_sent_before_the_chat_is_open_is_answered_later(stage: Stage) -> None:
    stage.gate = threading.Event()
    app = stage.app()
    async with running(app, ready=False) as pilot:
        await type_text(pilot, "Hello")
        await pilot.press("enter")
        await wait_until(pilot, lambda: "Hello" in texts(app))
        assert "waiting" in screen_text(app)
        stage.gate.set()
        await wait_until(pilot, lambda: texts(app)[1:] == ["Hello", REPLIES[0]])
        assert [turn.text for turn in stage.session.path()][1:] == ["Hello", REPLIES[0]]


async def test_a_message_sent_in_the_moment_the_chat_opens_is_sent_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = Stage(tmp_path, engine=ScriptedEngine(["word " * 40], delay_s=0.02))
    gate = stage.gate = threading.Event()
    show_ghosts = replies._show_ghosts

    async def slowly(chat: ChatScreen, request: ScreenRequest) -> None:
        gate.set()
        while chat.state.session is None:
            await asyncio.sleep(0.01)
        await show_ghosts(chat, request)

    monkeypatch.setattr(replies, "_show_ghosts", slowly)
    app = stage.app()
    async with running(app, ready=False) as pilot:
        await type_text(pilot, "Hello")
        await pilot.press("enter")
        await wait_until(pilot, lambda: stage.opened and stage.session.path()[1:])
        await wait_until(pilot, lambda: not app.chat.state.busy)
        await app.chat.replies.call(lambda: None)  # After everything that waits to be generated.
        path = stage.session.path()
        assert path[1].text == "Hello" and path[1].swipes == 1


async def test_a_message_sent_while_the_model_loads_is_stored_at_once(tmp_path: Path) -> None:
    engine = SlowLoad(REPLIES)
    stage = Stage(tmp_path, engine=engine)
    app = stage.app()
    async with running(app, ready=False) as pilot:
        await wait_until(pilot, engine.loading.is_set)
        await wait_until(pilot, lambda: "loading 40%" in screen_text(app))
        await type_text(pilot, "Hello")
        await pilot.press("enter")
        await wait_until(pilot, lambda: app.chat.state.stored)
        assert stage.session.path()[-1].text == "Hello"
        assert app.chat.state.busy
        engine.gate.set()
        await wait_until(pilot, lambda: not app.chat.state.busy)
        assert texts(app)[1:] == ["Hello", REPLIES[0]]


async def test_the_status_line_says_for_how_long_a_model_is_silent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replies, "SILENCE_S", 1)
    stage = Stage(tmp_path, engine=ScriptedEngine(REPLIES, delay_s=30))
    app = stage.app()
    async with running(app) as pilot:
        await send(pilot, app, "Hello")
        await wait_until(pilot, lambda: "nothing for 1 s" in screen_text(app))
        await wait_until(pilot, lambda: "nothing for 2 s" in screen_text(app))
        await pilot.press("escape")
        await wait_until(pilot, lambda: phase(app) == "ready")
        assert "nothing for" not in screen_text(app)


async def test_escape_stops_a_reply_and_keeps_its_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = Stage(tmp_path, engine=ScriptedEngine(REPLIES, delay_s=0.2))
    told, app = record_reply(monkeypatch), stage.app()
    async with running(app) as pilot:
        await send(pilot, app, "Hello")
        await wait_until(pilot, lambda: phase(app) == "writing")
        await pilot.press("escape")
        await wait_until(pilot, lambda: not app.chat.state.busy)
        last = stage.session.path()[-1]
        assert last.status is Status.PARTIAL
        assert REPLIES[0].startswith(last.text) and last.text != REPLIES[0]
        assert texts(app)[-1] == last.text
        assert "stopped" in screen_text(app)
        assert "ReplyCancelled" in told


async def test_a_message_sent_during_a_reply_stays_in_the_input(tmp_path: Path) -> None:
    stage = Stage(tmp_path, engine=ScriptedEngine(REPLIES, delay_s=0.2))
    app = stage.app()
    async with running(app) as pilot:
        await send(pilot, app, "one")
        await wait_until(pilot, lambda: phase(app) == "writing")
        await send(pilot, app, "two")
        assert app.chat.input.text == "two"
        assert "Still writing" in notices(app)
        await pilot.press("escape")
        await wait_until(pilot, lambda: not app.chat.state.busy)


async def test_enter_before_the_chat_is_open_says_so(stage: Stage) -> None:
    stage.gate = threading.Event()
    app = stage.app()
    async with running(app, ready=False) as pilot:
        await pilot.press("enter")
        await wait_until(pilot, lambda: "The chat is still opening." in notices(app))


async def test_sending_nothing_shows_a_hint(stage: Stage) -> None:
    app = stage.app()
    async with running(app) as pilot:
        await send(pilot, app, "   ")
        assert "Nothing to send" in notices(app)
        assert len(texts(app)) == 1


async def test_regenerate_adds_a_swipe_and_the_arrows_switch_between_them(stage: Stage) -> None:
    app = stage.app()
    async with running(app) as pilot:
        await say(pilot, app, "Hello")
        await pilot.press("ctrl+r")
        await wait_until(pilot, lambda: texts(app)[-1] == REPLIES[1])
        await wait_until(pilot, lambda: not app.chat.state.busy)
        assert "‹ 2/2 ›" in screen_text(app)
        await pilot.press("left")
        await wait_until(pilot, lambda: texts(app)[-1] == REPLIES[0])
        assert "‹ 1/2 ›" in screen_text(app)
        assert stage.session.path()[-1].text == REPLIES[0]
        await pilot.press("left")
        await wait_until(pilot, lambda: "first version" in notices(app))
        await pilot.press("right")
        await wait_until(pilot, lambda: texts(app)[-1] == REPLIES[1])


async def test_arrows_move_the_cursor_when_the_input_has_text(stage: Stage) -> None:
    app = stage.app()
    async with running(app) as pilot:
        await say(pilot, app, "Hello")
        await pilot.press("ctrl+r")
        await wait_until(pilot, lambda: not app.chat.state.busy)
        await type_text(pilot, "ab")
        await pilot.press("left")
        await type_text(pilot, "x")
        assert app.chat.input.text == "axb"
        assert texts(app)[-1] == REPLIES[1]


async def test_swiping_an_older_reply_shows_what_follows_that_version(stage: Stage) -> None:
    app = stage.app()
    async with running(app) as pilot:
        await say(pilot, app, "one")
        await say(pilot, app, "two")
        first_reply = app.chat.transcript.turns[2]
        await pilot.press("ctrl+up", "ctrl+up", "ctrl+up")
        assert app.chat.transcript.selected == first_reply
        await pilot.press("r")
        await wait_until(pilot, lambda: not app.chat.state.busy and len(texts(app)) == 3)
        assert texts(app)[-1] == REPLIES[2]
        await pilot.press("left")
        await wait_until(pilot, lambda: len(texts(app)) == 5)
        assert texts(app)[2:] == [REPLIES[0], "two", REPLIES[1]]


async def test_clicking_the_swipe_marker_swipes(stage: Stage) -> None:
    app = stage.app()
    async with running(app) as pilot:
        view = app.chat.transcript.view(app.chat.transcript.turns[0].id)
        assert view is not None
        line = screen_text(app).splitlines()[view.region.y]
        await pilot.click(offset=(line.index("›"), view.region.y))
        await wait_until(pilot, lambda: texts(app)[0].startswith('"Close the door,"'))
        assert app.chat.transcript.selected is None and app.chat.input.has_focus


async def test_candidates_are_shown_side_by_side_and_one_is_chosen(stage: Stage) -> None:
    app = stage.app()
    async with running(app, (120, 40)) as pilot:
        await say(pilot, app, "Hello")
        await several(pilot, app)
        boxes = list(app.chat.query(Candidate))
        assert len(boxes) == 4
        assert len({box.region.x for box in boxes}) == 2
        assert len(texts(app)) == 2
        await pilot.press("right", "right")
        chosen = app.chat.state.choosing
        assert chosen is not None
        wanted = chosen.marked.text
        await pilot.press("enter")
        await wait_until(pilot, lambda: app.chat.state.choosing is None)
        assert texts(app)[-1] == wanted
        assert stage.session.path()[-1].swipes == 5


async def test_candidates_are_stacked_when_narrow_and_a_click_chooses(stage: Stage) -> None:
    app = stage.app()
    async with running(app, (60, 40)) as pilot:
        await say(pilot, app, "Hello")
        await several(pilot, app)
        boxes = list(app.chat.query(Candidate))
        assert len({box.region.x for box in boxes}) == 1
        wanted = boxes[3].turn.text
        await pilot.click(boxes[3])
        await wait_until(pilot, lambda: app.chat.state.choosing is None)
        assert texts(app)[-1] == wanted


async def test_a_candidate_chosen_early_is_kept_once_all_are_complete(tmp_path: Path) -> None:
    stage = Stage(tmp_path, engine=ScriptedEngine(REPLIES, delay_s=0.5))
    app = stage.app()
    async with running(app, (120, 40)) as pilot:
        stage.engine._delay = 0.0
        await say(pilot, app, "Hello")
        stage.engine._delay = 0.5
        await pilot.press("ctrl+g")
        await wait_until(pilot, lambda: app.chat.state.choosing and app.chat.state.busy)
        await pilot.press("right", "enter")
        await wait_until(pilot, lambda: "kept once all of them are complete" in notices(app))
        stage.engine._delay = 0.0
        await wait_until(pilot, lambda: app.chat.state.choosing is None)
        assert texts(app)[-1] == REPLIES[2]


async def test_sending_a_message_keeps_the_marked_candidate(stage: Stage) -> None:
    app = stage.app()
    async with running(app, (120, 40)) as pilot:
        await say(pilot, app, "Hello")
        await several(pilot, app)
        await pilot.press("right")
        wanted = app.chat.state.choosing.marked.text  # type: ignore[union-attr]
        await say(pilot, app, "And then?")
        assert texts(app)[2:4] == [wanted, "And then?"]


async def test_up_edits_the_last_message_and_generates_a_new_reply(stage: Stage) -> None:
    app = stage.app()
    async with running(app) as pilot:
        await say(pilot, app, "Helo")
        await pilot.press("up")
        await wait_until(pilot, lambda: app.chat.query(TurnEditor))
        editor = app.chat.query_one(TurnEditor)
        assert editor.has_focus and editor.text == "Helo"
        await pilot.press("backspace", "l", "o", "ctrl+j", "x", "enter")
        await wait_until(pilot, lambda: not app.chat.query(TurnEditor))
        await wait_until(pilot, lambda: texts(app)[1:] == ["Hello\nx", REPLIES[1]])
        await wait_until(pilot, lambda: not app.chat.state.busy)
        assert app.chat.transcript.turns[1].origin is Origin.EDITED
        assert app.chat.transcript.turns[1].swipes == 2
        assert app.chat.input.has_focus


async def test_an_open_turn_editor_pushes_the_turns_below_it_down(stage: Stage) -> None:
    app = stage.app()
    async with running(app) as pilot:
        await say(pilot, app, "Hello")
        below = app.chat.transcript.view(app.chat.transcript.turns[-1].id)
        assert below is not None
        await pilot.press("up")
        await wait_until(pilot, lambda: app.chat.query(TurnEditor))
        editor = app.chat.query_one(TurnEditor)
        await wait_until(pilot, lambda: below.region.y == editor.region.bottom + 1)
        await pilot.press("ctrl+j", "x", "ctrl+j", "y")
        await wait_until(pilot, lambda: editor.region.height == 5)
        await wait_until(pilot, lambda: below.region.y == editor.region.bottom + 1)
        await pilot.press("escape")
        user = app.chat.transcript.view(app.chat.transcript.turns[-2].id)
        assert user is not None
        await wait_until(pilot, lambda: below.region.y == user.region.bottom + 1)


@pytest.mark.parametrize("lines", [1, 4, 10])
async def test_new_lines_can_be_undone_at_once(stage: Stage, lines: int) -> None:
    """Textual fails if an undo hides the scrollbar while the cursor is in a line that is gone."""
    app = stage.app()
    async with running(app, (80, 24)) as pilot:
        for key in ["ctrl+j"] * lines + ["ctrl+z"] * lines:
            app.simulate_key(key)
        await wait_until(pilot, lambda: app.chat.input.text == "")


async def test_escape_discards_an_edit(stage: Stage) -> None:
    app = stage.app()
    async with running(app) as pilot:
        await say(pilot, app, "Hello")
        await pilot.press("ctrl+up", "e")
        await wait_until(pilot, lambda: app.chat.query(TurnEditor))
        await pilot.press("x", "escape")
        await wait_until(pilot, lambda: not app.chat.query(TurnEditor))
        assert texts(app)[-1] == REPLIES[0]
        assert stage.session.path()[-1].swipes == 1


async def test_editing_a_reply_keeps_the_original_as_a_swipe(stage: Stage) -> None:
    app = stage.app()
    async with running(app) as pilot:
        await say(pilot, app, "Hello")
        await pilot.press("ctrl+up", "e")
        await wait_until(pilot, lambda: app.chat.query(TurnEditor))
        await pilot.press("!", "enter")
        await wait_until(pilot, lambda: texts(app)[-1] == REPLIES[0] + "!")
        await pilot.pause()
        assert not app.chat.state.busy
        assert "edited" in screen_text(app)
        await pilot.press("left")
        await wait_until(pilot, lambda: texts(app)[-1] == REPLIES[0])


async def test_continuing_a_reply_adds_a_longer_swipe(stage: Stage) -> None:
    app = stage.app()
    async with running(app) as pilot:
        await say(pilot, app, "Hello")
        await pilot.press("ctrl+o")
        await wait_until(pilot, lambda: not app.chat.state.busy and "2/2" in screen_text(app))
        last = stage.session.path()[-1]
        assert last.text.startswith(REPLIES[0]) and len(last.text) > len(REPLIES[0])
        assert texts(app)[-1] == last.text


async def test_impersonate_drafts_into_the_input(stage: Stage) -> None:
    app = stage.app()
    async with running(app) as pilot:
        await pilot.press("ctrl+t")
        await wait_until(pilot, lambda: not app.chat.state.busy and not app.chat.input.empty)
        assert app.chat.input.text == REPLIES[0]
        assert len(stage.session.path()) == 1
        assert not app.chat.input.read_only


async def test_delete_asks_first(stage: Stage) -> None:
    app = stage.app()
    async with running(app) as pilot:
        await say(pilot, app, "one")
        await say(pilot, app, "two")
        await pilot.press("ctrl+up", "ctrl+up", "d")
        await wait_until(pilot, lambda: "Delete this turn of Ansel" in screen_text(app))
        await pilot.press("escape")
        await wait_until(pilot, lambda: app.screen is app.chat)
        assert len(texts(app)) == 5
        await pilot.press("d")
        await wait_until(pilot, lambda: "Delete this turn of Ansel" in screen_text(app))
        await pilot.press("a")
        await wait_until(pilot, lambda: len(texts(app)) == 3)
        assert len(stage.session.path()) == 3


async def test_a_branch_is_begun_and_left_by_the_branch_list(stage: Stage) -> None:
    app = stage.app()
    async with running(app, (120, 40)) as pilot:
        await say(pilot, app, "one")
        await say(pilot, app, "two")
        await pilot.press("ctrl+up", "ctrl+up", "ctrl+up", "b")
        await wait_until(pilot, lambda: len(texts(app)) == 3)
        await say(pilot, app, "another way")
        assert texts(app)[3] == "another way"
        await pilot.press("f8")
        await wait_until(pilot, lambda: "another way" in screen_text(app) and "Ansel: two" in
                         screen_text(app))  # fmt: skip
        await type_text(pilot, "two")
        await wait_until(pilot, lambda: "another" not in "".join(
            line for line in screen_text(app).splitlines() if "─" in line))  # fmt: skip
        await pilot.press("enter")
        await wait_until(pilot, lambda: texts(app)[3:4] == ["two"])


async def test_unused_swipes_are_only_counted_in_the_branch_list_until_all_are_shown(
    stage: Stage,
) -> None:
    app = stage.app()
    async with running(app, (120, 40)) as pilot:
        await say(pilot, app, "one")
        await pilot.press("ctrl+r")
        await wait_until(pilot, lambda: REPLIES[1] in texts(app) and not app.chat.state.busy)
        await pilot.press("f8")
        # The other greeting and the other reply.
        await wait_until(pilot, lambda: "3 turns · +2 swipes" in screen_text(app))
        assert "^A all" in screen_text(app)
        await pilot.press("f8")
        await wait_until(pilot, lambda: "swipes" not in screen_text(app).split("Branches")[1])
        assert "Close the door" in screen_text(app)
        await pilot.press("ctrl+a")
        await wait_until(pilot, lambda: "3 turns · +2 swipes" in screen_text(app))
        await pilot.press("enter")
        await wait_until(pilot, lambda: texts(app)[-1:] == [REPLIES[1]])


async def test_copy_copies_the_plain_text(stage: Stage) -> None:
    app = stage.app()
    async with running(app) as pilot:
        await say(pilot, app, "Hello")
        await pilot.press("ctrl+up", "c")
        await wait_until(pilot, lambda: app.clipboard == REPLIES[0])


async def test_an_unbound_letter_on_a_selected_turn_goes_to_the_input(stage: Stage) -> None:
    app = stage.app()
    async with running(app) as pilot:
        await pilot.press("ctrl+up")
        assert app.chat.transcript.selected is not None
        await pilot.press("z")
        await wait_until(pilot, lambda: app.chat.input.text == "z")
        assert app.chat.transcript.selected is None


async def test_a_failed_reply_shows_an_error_block_and_can_be_retried(tmp_path: Path) -> None:
    stage = Stage(tmp_path, engine=ScriptedEngine(REPLIES, fail_at=3))
    app = stage.app()
    async with running(app) as pilot:
        await send(pilot, app, "Hello")
        await wait_until(pilot, lambda: app.chat.query(ErrorBlock))
        await wait_until(pilot, lambda: not app.chat.state.busy)
        block = app.chat.query_one(ErrorBlock)
        assert block.message
        assert stage.session.path()[1].text == "Hello"
        await pilot.press("ctrl+r")
        await wait_until(pilot, lambda: texts(app)[-1] == REPLIES[1])
        assert not app.chat.query(ErrorBlock)


async def test_a_model_that_cannot_be_loaded_shows_its_log(tmp_path: Path) -> None:
    engine = SlowLoad(REPLIES, fail="The file model.gguf is cut off: download it again.")
    engine.gate.set()
    stage = Stage(tmp_path, engine=engine)
    app = stage.app()
    async with running(app, ready=False) as pilot:
        await wait_until(pilot, lambda: "is cut off: download it again." in screen_text(app))
        assert "▸ log" in screen_text(app)
        assert phase(app) == Phase.FAILED
        app.chat.query_one(ErrorBlock).action_unfold()
        await wait_until(pilot, lambda: "last line of the log" in screen_text(app))
        await pilot.press("down", *"hi", "enter")
        await wait_until(pilot, lambda: not app.chat.state.busy)
        assert stage.session.path()[-1].text == "hi"


async def test_macros_in_the_greeting_are_expanded(stage: Stage) -> None:
    app = stage.app()
    async with running(app):
        assert "You are late, Ansel." in screen_text(app)
        assert "‹ 1/2 ›" in screen_text(app)
        assert CARD.tagline in screen_text(app)


async def test_enter_without_a_text_answers_the_last_message_or_says_how_to_go_on(
    stage: Stage,
) -> None:
    app = stage.app()
    async with running(app, (120, 40)) as pilot:
        await say(pilot, app, "Hello")
        await pilot.press("enter")
        await wait_until(pilot, lambda: "Ctrl+O lets" in notices(app))
        message = stage.session.path()[1]
        stage.session.branch(message.id)
        await replies.refresh_transcript(app.chat)
        assert app.chat.input.placeholder == "Write, or ⏎ and Mara Venn answers"
        await pilot.press("enter")
        await wait_until(pilot, lambda: len(stage.session.path()) == 3)
        await wait_until(pilot, lambda: stage.session.path()[-1].swipes == 2)
