"""A benchmark of the TUI: opening a chat of 2,000 turns, and the latency from key to screen.

The latency is measured while a scripted reply streams (there is no model): from the moment a key
event is posted to the app, as the terminal's driver would do, until the frame showing it is
written.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textual import events

if TYPE_CHECKING:
    from rpterm.chat.session import Session
    from rpterm.tui.app import RptermApp

TURNS = 2000
KEYS = 200
REPLY = '*She turns up the wick.* "Sit down. You are dripping on the charts." ' * 200


def run(folder: Path | None = None) -> dict[str, float]:
    """Run both measurements.

    Returns:
        ``open_2000_s``: seconds from the start of the program to the frame with the last turn.
        ``key_p95_ms``: 95th percentile of the latency from key to screen while a reply streams, in
        milliseconds; ``key_p50_ms``: its median; ``frames_per_s``: the frame rate meanwhile.
    """
    with tempfile.TemporaryDirectory(prefix="rpterm-bench-") as temporary:
        return asyncio.run(_measure(folder or Path(temporary)))


async def _measure(folder: Path) -> dict[str, float]:
    _write_chat(folder)
    clock = _Clock()
    begin = time.perf_counter()
    app = _app(folder)
    async with app.run_test(size=(120, 36)) as pilot:
        clock.watch(app)
        await _wait_until(lambda: _shows(app, f"turn {TURNS - 1}"))
        opened = time.perf_counter() - begin
        await _wait_until(lambda: str(app.chat.state.figures.phase) == "ready")
        app.chat.input.put("Hello")
        await pilot.press("enter")
        await _wait_until(lambda: str(app.chat.state.figures.phase) == "writing")
        frames, start = clock.frames, time.perf_counter()
        delays = [await _press(app, clock, index) for index in range(KEYS)]
        rate = (clock.frames - frames) / (time.perf_counter() - start)
        if not app.chat.state.busy:
            raise RuntimeError("The scripted reply ended before the measurement did.")
        app.close_session()
    return {
        "open_2000_s": round(opened, 4),
        "key_p95_ms": round(statistics.quantiles(delays, n=20)[-1] * 1000, 2),
        "key_p50_ms": round(statistics.median(delays) * 1000, 2),
        "frames_per_s": round(rate, 1),
    }


class _Clock:
    """Records which text of the input the last written frame shows."""

    def __init__(self) -> None:
        self.frames = 0
        self.shown = ""
        self._rendered = ""
        self._frame_written = asyncio.Event()

    def watch(self, app: RptermApp) -> None:
        """Observe the rendering of the input and the writing of frames."""
        field, render_line, display = app.chat.input, app.chat.input.render_line, app._display

        def observed_render_line(y: int) -> Any:
            self._rendered = field.text
            return render_line(y)

        def observed_display(screen: Any, frame: Any) -> None:
            if hasattr(frame, "render_segments"):
                frame.render_segments(app.console)  # A headless app would skip this.
            display(screen, frame)
            self.frames += 1
            self.shown = self._rendered
            self._frame_written.set()

        field.render_line = observed_render_line  # type: ignore[method-assign]
        app._display = observed_display  # type: ignore[method-assign, assignment]

    async def wait_for(self, text: str) -> None:
        """Wait for the frame that shows this text in the input."""
        while self.shown != text:
            self._frame_written.clear()
            await asyncio.wait_for(self._frame_written.wait(), 10)


async def _press(app: RptermApp, clock: _Clock, index: int) -> float:
    """Type one letter as the driver would; the seconds until the frame showing it was written."""
    letter = "abcdefghij"[index % 10]
    expected = app.chat.input.text + letter
    begin = time.perf_counter()
    app.post_message(events.Key(letter, letter))
    await clock.wait_for(expected)
    delay = time.perf_counter() - begin
    await asyncio.sleep(0.013)  # A typing pause, out of step with the reply's 20 frames a second.
    return delay


def _shows(app: RptermApp, text: str) -> bool:
    turns = app.chat.transcript.turns
    view = app.chat.transcript.view(turns[-1].id) if turns else None
    return view is not None and view.turn.text.startswith(text) and view.region.height > 0


async def _wait_until(predicate: Callable[[], bool], timeout: float = 60.0) -> None:
    end = time.monotonic() + timeout
    while not predicate():
        if time.monotonic() > end:
            raise TimeoutError("The program did not reach the state to be measured.")
        await asyncio.sleep(0.001)


def _app(folder: Path) -> RptermApp:
    from rpterm.config import Settings
    from rpterm.engine.scripted import ScriptedEngine
    from rpterm.tui.app import RptermApp
    from rpterm.tui.screens.chat.screen import ChatScreen
    from rpterm.types import Sampling

    settings = Settings(sampling=Sampling(max_tokens=4000, close_after=0))
    engine = ScriptedEngine([REPLY], delay_s=0.01, context=400_000)

    def opener(target: str | None, chat_id: int | None) -> Session:
        from rpterm.chat.session import Session
        from rpterm.store import Store

        store = Store(folder / "rpterm.db")
        return Session(store, engine, _card(), store.chats()[0], settings)

    return RptermApp(ChatScreen(_card(), opener, settings))


def _card() -> Any:
    from rpterm.cards.card import CharacterCard

    return CharacterCard("Bench", greetings=("Hello.",))


def _write_chat(folder: Path) -> None:
    from rpterm.chat.tree import begin_chat
    from rpterm.store import Store
    from rpterm.types import Origin, Persona

    store = Store(folder / "rpterm.db")
    chat = begin_chat(store, _card(), 'name = "Bench"', Persona("User"))
    leaf = chat.leaf_id
    for number in range(TURNS):
        role, speaker = ("user", "User") if number % 2 == 0 else ("assistant", "Bench")
        text = f'turn {number} *She looks up.* "The tide is late, and so are you." ' * 2
        leaf = store.add_turn(chat.id, leaf, role, speaker, text, origin=Origin.IMPORTED).id  # type: ignore[arg-type]
    store.close()
