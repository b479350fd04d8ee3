"""Every terminal size, no colour, long pastes, hostile text, long chats and sudden exits."""

from __future__ import annotations

import contextlib
import os
import pty
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from textwrap import dedent

import pytest
from textual import events
from textual.pilot import Pilot
from textual.widgets import TextArea
from tui_support import (
    CARD,
    REPLIES,
    SlowLoad,
    Stage,
    notices,
    phase,
    running,
    say,
    screen_text,
    send,
    texts,
    wait_until,
)

from rpterm.engine.scripted import ScriptedEngine
from rpterm.errors import RptermError
from rpterm.store import Store, StoreError
from rpterm.tui import palette
from rpterm.tui.app import RptermApp
from rpterm.tui.external_editor import command
from rpterm.tui.widgets.turn import TurnView

pytestmark = pytest.mark.frames


# Sizes, themes, colour -------------------------------------------------------------------------
@pytest.mark.parametrize("theme", ["lamplight", "paper"])
@pytest.mark.parametrize("size", [(80, 24), (120, 36), (200, 50)])
async def test_name_greeting_input_status_and_hints_are_on_screen_at_any_size(
    stage: Stage, size: tuple[int, int], theme: str
) -> None:
    stage.settings = replace(stage.settings, theme=theme)
    app = stage.app()
    async with running(app, size) as pilot:
        app.chat.input.put("Hello")
        await wait_until(pilot, lambda: "⏎ send" in screen_text(app))
        lines = screen_text(app).splitlines()
        assert lines[0].startswith("  Mara Venn")
        assert any("You are late, Ansel." in line for line in lines)
        assert any("Hello" in line for line in lines)
        assert "ready" in lines[-2] and "⏎ send" in lines[-1]
        assert all(len(line) <= size[0] for line in lines)
        await pilot.press("enter")
        await wait_until(pilot, lambda: not app.chat.state.busy)
        assert "turns up the wick" in screen_text(app)


@pytest.mark.parametrize("size", [(20, 5), (10, 3), (1, 1)])
async def test_a_tiny_terminal_shows_only_transcript_and_input(
    stage: Stage, size: tuple[int, int]
) -> None:
    app = stage.app()
    async with running(app, size) as pilot:
        await say(pilot, app, "Hi")
        assert texts(app)[1:] == ["Hi", REPLIES[0]]
        for key in ("f2", "f2", "f1", "escape", "ctrl+s", "escape", "ctrl+p", "escape"):
            await pilot.press(key)
        await wait_until(pilot, lambda: app.screen is app.chat)
        if size == (20, 5):
            app.chat.input.put("draft")
            await wait_until(pilot, lambda: "draft" in screen_text(app))
            assert "charts" in screen_text(app)


async def test_the_palette_survives_a_shrinking_terminal(stage: Stage) -> None:
    app = stage.app()
    async with running(app) as pilot:
        await pilot.press("ctrl+p")
        await wait_until(pilot, lambda: isinstance(app.screen, palette.Palette))
        for size in ((20, 5), (10, 3), (1, 1), (80, 24)):
            await pilot.resize_terminal(*size)
        await wait_until(pilot, lambda: "Search commands" in screen_text(app))


async def test_a_terminal_that_grows_back_shows_everything_again(stage: Stage) -> None:
    app = stage.app()
    async with running(app, (20, 5)) as pilot:
        await pilot.resize_terminal(100, 30)
        await wait_until(pilot, lambda: screen_text(app).startswith("  Mara Venn"))


async def test_without_colour_the_asterisks_stay_visible(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = stage.app()
    async with running(app):
        assert app.no_color
        assert "*She lifts the lamp.*" in screen_text(app)


async def test_states_are_never_shown_by_colour_alone(tmp_path: Path) -> None:
    stage = Stage(tmp_path, engine=ScriptedEngine(REPLIES, delay_s=0.2))
    app = stage.app()
    async with running(app) as pilot:
        await send(pilot, app, "Hello")
        await wait_until(pilot, lambda: "✎ writing" in screen_text(app))
        await pilot.press("escape")
        await wait_until(pilot, lambda: "◦ stopped" in screen_text(app))
        await wait_until(pilot, lambda: "● ready" in screen_text(app))


# Hostile and huge text -------------------------------------------------------------------------
async def test_markup_and_control_characters_are_shown_as_text(tmp_path: Path) -> None:
    nasty = "[red]no[/red] [@click=app.quit]x[/] \x1b[31mred\x1b[0m \x07 <|im_end|>"
    card = replace(CARD, name="[b]Mara[/b]", tagline="[i]x", greetings=(nasty,))
    stage = Stage(tmp_path, card=card, engine=ScriptedEngine([nasty]))
    app = stage.app(card)
    async with running(app, (120, 40)) as pilot:
        await say(pilot, app, "[bold]hi[/bold]")
        await pilot.press("f3", "f4")
        await wait_until(pilot, lambda: app.chat.panes.shown == ["chats"])
        picture = screen_text(app)
        assert "\x1b" not in picture and "\x07" not in picture
        assert "[red]no[/red]" in picture and "[bold]hi[/bold]" in picture
        assert "[b]Mara[/b]" in picture
        await pilot.press("ctrl+up", "e")
        await wait_until(pilot, lambda: app.chat.state.editor is not None)
        await pilot.press("escape")
        await pilot.press("ctrl+up", "d")
        await wait_until(pilot, lambda: app.screen is not app.chat)
        assert "[b]Mara[/b]" in screen_text(app)
        await pilot.press("escape")


async def test_a_paste_of_100_kb_is_accepted_and_sent_whole(stage: Stage) -> None:
    stage.engine = ScriptedEngine(REPLIES, context=400_000)
    pasted = "word " * 20_000
    app = stage.app()
    async with running(app) as pilot:
        app.chat.input.post_message(events.Paste(pasted))
        await wait_until(pilot, lambda: not app.chat.input.empty)
        assert "100,000 pasted characters" in screen_text(app)
        assert app.chat.input.full_text == pasted
        await pilot.press("enter")
        await wait_until(pilot, lambda: app.chat.state.stored, timeout=20)
        await wait_until(pilot, lambda: not app.chat.state.busy, timeout=20)
        assert stage.session.path()[1].text == pasted.strip()
        assert "more characters" in "".join(str(view.render()) for view in app.chat.query(TurnView))


async def test_turns_that_do_not_fit_are_counted_before_sending(
    tmp_path: Path,
) -> None:
    app = Stage(tmp_path, turns=60, engine=ScriptedEngine(REPLIES, context=768)).app()
    async with running(app) as pilot:
        await wait_until(pilot, lambda: "turns left out" in screen_text(app))


async def test_a_card_too_large_for_the_window_is_refused_with_numbers(tmp_path: Path) -> None:
    card = replace(CARD, description="very long " * 3000)
    stage = Stage(tmp_path, card=card, engine=ScriptedEngine(REPLIES, context=512))
    app = stage.app(card)
    async with running(app) as pilot:
        await send(pilot, app, "Hello")
        await wait_until(pilot, lambda: "512" in screen_text(app) and "✗" in screen_text(app))
        await wait_until(pilot, lambda: not app.chat.state.busy)
        assert stage.session.path()[-1].text == "Hello"


@pytest.mark.parametrize("key", ["enter", "ctrl+r"])
async def test_a_chat_that_cannot_be_opened_says_why_and_keeps_the_message(
    stage: Stage, key: str
) -> None:
    from rpterm.store import StoreError

    def broken(target: str | None, chat_id: int | None) -> object:
        stage.gate = stage.gate or threading.Event()
        stage.gate.wait(10)
        raise StoreError("The database rpterm.db is newer than this rpterm: update rpterm.")

    app = stage.app()
    app.chat.opener = broken  # type: ignore[assignment]
    stage.gate = threading.Event()
    async with running(app, ready=False) as pilot:
        await send(pilot, app, "Hello")
        stage.gate.set()
        await wait_until(pilot, lambda: "newer than this rpterm" in screen_text(app))
        assert app.chat.input.text == "Hello"
        assert not app.chat.state.busy
        await pilot.press("enter")
        await wait_until(pilot, lambda: app.chat.input.text == "Hello")
        assert "newer than this rpterm" in screen_text(app)
        assert "✗ not open   Ctrl+R tries again" in screen_text(app)
        await pilot.press("alt+r")
        await wait_until(pilot, lambda: "could not be opened; Ctrl+R tries again" in notices(app))
        app.chat.opener = stage.open
        await pilot.press(key)
        await wait_until(pilot, lambda: phase(app) == "ready")
        assert "newer than this rpterm" not in screen_text(app)
        if key != "enter":
            assert app.chat.input.text == "Hello"
            await pilot.press("enter")
        await wait_until(pilot, lambda: not app.chat.state.busy and phase(app) == "ready")
        await wait_until(pilot, lambda: len(texts(app)) == 3)
        assert texts(app)[1:] == ["Hello", REPLIES[0]]


async def test_a_bug_in_a_thread_is_shown_and_the_chat_continues(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rpterm.chat.session import Session

    app = stage.app()
    async with running(app) as pilot:

        def reply(self: Session, request: object) -> Iterator[object]:
            raise ValueError("unlucky")
            yield

        with monkeypatch.context() as patch:
            patch.setattr(Session, "reply", reply)
            await send(pilot, app, "Hello")
            await wait_until(pilot, lambda: "rpterm itself failed" in screen_text(app))
            await wait_until(pilot, lambda: not app.chat.state.busy)
        assert app.chat.input.text == "Hello"
        await pilot.press("enter")
        await wait_until(pilot, lambda: texts(app)[1:] == ["Hello", REPLIES[0]])


# Long chats ------------------------------------------------------------------------------------
async def test_an_engine_that_does_not_settle_is_asked_only_once(tmp_path: Path) -> None:
    class Dead(ScriptedEngine):
        asked = 0

        def settled(self, timeout: float | None = None) -> bool:
            self.asked += 1
            return False

    engine = Dead(REPLIES)
    app = Stage(tmp_path, engine=engine).app()
    async with running(app) as pilot:
        before = engine.asked
        await say(pilot, app, "Hello")
        assert engine.asked == before + 1


async def test_a_long_chat_shows_its_end_and_loads_more_on_the_way_up(tmp_path: Path) -> None:
    stage = Stage(tmp_path, turns=300)
    app = stage.app()
    async with running(app) as pilot:
        assert len(texts(app)) == 40 and texts(app)[-1] == "turn number 299"
        transcript = app.chat.transcript
        assert "turn number 299" in screen_text(app)
        first = transcript.turns[0].id
        transcript.scroll_to(y=0, animate=False)
        await wait_until(pilot, lambda: len(texts(app)) == 80)
        await wait_until(pilot, lambda: transcript.scroll_y > 20)
        view = transcript.view(first)
        assert view is not None and 0 <= view.region.y < 8
        await say(pilot, app, "Hello")
        assert texts(app)[-1] == REPLIES[0]
        assert "Hello" in screen_text(app)


async def test_a_growing_reply_does_not_scroll_a_reader_down(tmp_path: Path) -> None:
    stage = Stage(tmp_path, turns=60, engine=ScriptedEngine(REPLIES, delay_s=0.2))
    app = stage.app()
    async with running(app) as pilot:
        await send(pilot, app, "Hello")
        await wait_until(pilot, lambda: phase(app) == "writing")
        await pilot.press("pageup", "pageup")
        at = app.chat.transcript.scroll_y
        stage.engine._delay = 0.0
        await wait_until(pilot, lambda: not app.chat.state.busy)
        assert app.chat.transcript.scroll_y == at
        assert "wick" not in screen_text(app)
        await pilot.press("ctrl+end")
        await wait_until(pilot, lambda: "wick" in screen_text(app))


async def test_a_short_chat_ends_right_above_the_input(stage: Stage) -> None:
    app = stage.app()
    async with running(app, (100, 40)) as pilot:
        view = app.chat.query(TurnView).last()
        assert app.chat.input.region.y - view.region.bottom <= 1
        await pilot.press("pageup")
        assert app.chat.input.region.y - view.region.bottom <= 1


# Ways out --------------------------------------------------------------------------------------
async def test_ctrl_c_stops_then_asks_then_quits(tmp_path: Path) -> None:
    stage = Stage(tmp_path, engine=ScriptedEngine(REPLIES, delay_s=0.2))
    app = stage.app()
    async with running(app) as pilot:
        await send(pilot, app, "Hello")
        await wait_until(pilot, lambda: phase(app) == "writing")
        await pilot.press("ctrl+c")
        await wait_until(pilot, lambda: not app.chat.state.busy)
        assert "Press Ctrl+C again to quit" in notices(app)
        assert app.is_running
        await pilot.press("ctrl+c")
        await wait_until(pilot, lambda: app._exit)


@pytest.mark.parametrize("key", ["up", "f5"])
async def test_quitting_discards_an_edit_or_a_form_only_when_asked_twice(
    stage: Stage, key: str
) -> None:
    app = stage.app()
    async with running(app) as pilot:
        await say(pilot, app, "Hello")
        await pilot.press(key)
        await wait_until(pilot, lambda: isinstance(app.focused, TextArea))
        await wait_until(pilot, lambda: app.focused is not app.chat.input)
        await pilot.press("x")
        await wait_until(pilot, lambda: str(getattr(app.focused, "text", "")).endswith("x"))
        await pilot.press("ctrl+q")
        await wait_until(pilot, lambda: "again quits and discards" in notices(app))
        assert not app._exit
        await pilot.press("ctrl+q")
        await wait_until(pilot, lambda: app._exit)


@pytest.mark.parametrize("loading", [True, False])
async def test_quitting_does_not_wait_for_the_model(tmp_path: Path, loading: bool) -> None:
    slow = ScriptedEngine(["long " * 3000], delay_s=60)  # two days, as long as loading takes
    stage = Stage(tmp_path, engine=SlowLoad(REPLIES) if loading else slow)
    app = stage.app()
    async with running(app, ready=False) as pilot:
        await wait_until(pilot, lambda: app.chat.session)
        await send(pilot, app, "Hello")
        await wait_until(pilot, lambda: app.chat.state.stored)
        await pilot.press("ctrl+q")
    if isinstance(stage.engine, SlowLoad):
        stage.engine.gate.set()


PROGRAM = """
    import sys
    from pathlib import Path
    sys.path.insert(0, sys.argv[1])
    from tui_support import CARD, Stage
    from rpterm.engine.scripted import ScriptedEngine
    from rpterm.config import Settings
    stage = Stage(Path(sys.argv[2]), engine=ScriptedEngine(["long " * 4000], delay_s=0.01))
    app = stage.app()
    app.run()
    print("closed", flush=True)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_restores_the_terminal_and_closes_the_chat(
    tmp_path: Path, number: signal.Signals
) -> None:
    script = tmp_path / "program.py"
    script.write_text(dedent(PROGRAM))
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, str(script), str(Path(__file__).parent), str(tmp_path)],
        stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
        env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "100", "LINES": "30"},
    )  # fmt: skip
    os.close(slave)
    try:
        seen = _read_until(master, b"ready")
        os.write(master, b"Hello\r")
        seen += _read_until(master, b"lon")  # the first words of the reply are on screen
        process.send_signal(number)
        seen += _read_until(master, b"closed")
        assert process.wait(10) == 0
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        process.wait(10)
        os.close(master)
    assert b"\x1b[?1049l" in seen  # The alternate screen was left.
    from rpterm.store import Store

    store = Store(tmp_path / "rpterm.db")
    turns = store.path(store.chats()[0].leaf_id or 0)
    store.close()
    assert turns[1].text == "Hello" and turns[2].text.startswith("lon")


def _read_until(fd: int, wanted: bytes, timeout: float = 20.0) -> bytes:
    seen, end = b"", time.monotonic() + timeout
    while wanted not in seen:
        if time.monotonic() > end:
            raise AssertionError(f"{wanted!r} never came; the end of it: {seen[-500:]!r}")
        ready, _, _ = select.select([fd], [], [], 0.1)
        if ready:
            try:
                seen += os.read(fd, 65536)
            except OSError:
                break
    return seen


# $EDITOR ---------------------------------------------------------------------------------------
async def test_the_draft_can_be_edited_in_the_external_editor(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "editor.py"
    script.write_text(
        "import sys; p = sys.argv[1]; s = open(p).read(); open(p, 'w').write(s + '!')"
    )
    monkeypatch.setenv("EDITOR", f"{sys.executable} {script}")
    monkeypatch.delenv("VISUAL", raising=False)
    app = stage.app()
    async with running(app) as pilot:
        monkeypatch.setattr(app, "suspend", contextlib.nullcontext)
        app.chat.input.put("Hello")
        await pilot.press("ctrl+e")
        await wait_until(pilot, lambda: app.chat.input.text == "Hello!")
        app.chat.input.put("")
        await pilot.press("ctrl+up", "ctrl+e")
        await wait_until(pilot, lambda: texts(app)[0].endswith("!"))
        assert app.chat.transcript.turns[0].swipes == 3


async def test_an_editor_that_does_not_exist_is_named(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDITOR", "no-such-editor-here")
    monkeypatch.delenv("VISUAL", raising=False)
    app = stage.app()
    async with running(app) as pilot:
        monkeypatch.setattr(app, "suspend", contextlib.nullcontext)
        await pilot.press("ctrl+e")
        await wait_until(pilot, lambda: "no-such-editor-here could not be started" in notices(app))


def test_without_any_editor_the_notice_says_how_to_set_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.delenv("EDITOR", raising=False)
    monkeypatch.setattr("shutil.which", lambda name: None)
    with pytest.raises(RptermError, match="export EDITOR=nano"):
        command()


async def test_a_full_disk_shows_an_error_and_the_message_returns(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = stage.app()
    async with running(app) as pilot:
        with monkeypatch.context() as patch:
            patch.setattr(Store, "add_turn", _no_room)
            await _send_without_room(pilot, app, "Do not lose this.")
            await wait_until(pilot, lambda: app.chat.input.text == "Do not lose this.")
        await pilot.press("enter")
        await wait_until(pilot, lambda: texts(app)[-1] == REPLIES[0])
        assert "Do not lose this." in texts(app)


async def test_a_disk_that_fills_up_during_a_reply_keeps_its_text_on_screen(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = stage.app()
    async with running(app) as pilot:
        with monkeypatch.context() as patch:
            patch.setattr(Store, "finish_reply", _no_room)
            await _send_without_room(pilot, app, "Who is there?")
            await wait_until(pilot, lambda: not app.chat.state.busy)
            assert REPLIES[0] in texts(app)[-1]
            assert "stopped" in screen_text(app) and "▍" not in screen_text(app)


async def _send_without_room(pilot: Pilot[None], app: RptermApp, words: str) -> None:
    await send(pilot, app, words)
    await wait_until(pilot, lambda: "no room left" in screen_text(app))


def _no_room(*_: object, **__: object) -> None:
    raise StoreError("There is no room left to write to the database. Free some disk space.")
