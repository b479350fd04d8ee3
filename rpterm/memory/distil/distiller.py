"""Decides when memories are distilled: after a reply, and by the model only while nobody needs it.

``wake`` reports that there is something new, ``busy`` that the user is typing or sending. On
``busy`` the model's current work is aborted at once; only its time is lost. It starts again when
the engine has settled and the user has been still for a while. The rules need no model and run
right after ``wake``. There is one thread; none of its errors ends a chat.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import TYPE_CHECKING

from rpterm.engine.protocol import BackgroundEngine
from rpterm.errors import user_message
from rpterm.memory.background_thread import BackgroundThread
from rpterm.store.memory.records import Memory

if TYPE_CHECKING:
    from rpterm.prompt.oneshot import Ask

if TYPE_CHECKING:  # The rules take a tenth of a second to compile: not before they are needed.
    from rpterm.memory.distil.work import DistillingWork, WorkResult

STILL_S = 5.0
"""Seconds the user must have been still before the model writes."""
_POLL_S = 0.2


class Distiller:
    """Writes the memory of one chat.

    Args:
        works: Gives the work of every character present in the chat; called in this object's
            thread.
        chat_id: The chat.
        who: Gives the user's name, for thoughts about them.
        model: Whether the chat's model writes too; otherwise only the rules do.

    Attributes:
        error: Why the last work failed, or "".
        listeners: Called with the stored memories, in this object's thread.
    """

    def __init__(
        self,
        works: Callable[[], Sequence[DistillingWork]],
        chat_id: int,
        who: Callable[[], str],
        *,
        model: bool = False,
        still_s: float = STILL_S,
    ) -> None:
        self.error = ""
        self.listeners: list[Callable[[Sequence[Memory]], object]] = []
        self._works = works
        self._chat_id = chat_id
        self._who = who
        self._model = model
        self._still = still_s
        self._caught_up: set[str] = set()
        self._engine: BackgroundEngine | None = None
        self._ask: Ask | None = None
        self._left_turns: frozenset[int] = frozenset()
        self._starting = threading.Lock()
        self._woken = threading.Event()
        self._closing = threading.Event()
        self._done = threading.Event()
        self._done.set()
        self._last_activity = 0.0
        self._thread = BackgroundThread(self._run, "distiller")

    def attach(self, engine: BackgroundEngine, ask: Ask) -> None:
        """Let the model take part from now on, if requested; ``ask`` asks that engine."""
        if self._model:
            self._engine, self._ask = engine, ask

    def wake(self, left: Collection[int] = ()) -> None:
        """Report that there is something new; returns at once.

        Args:
            left: The turns that have left the context window.
        """
        self._left_turns |= frozenset(left)
        self._last_activity = time.monotonic()
        self._done.clear()
        self._woken.set()
        with self._starting:
            if self._thread.ident is None and not self._closing.is_set():
                self._thread.start()

    def busy(self) -> None:
        """The user types or sends and needs the model; returns at once, from any thread."""
        self._last_activity = time.monotonic()
        if self._engine is not None:
            self._engine.cancel_background()

    def rested(self, timeout: float | None = None) -> bool:
        """Wait until there is nothing left to do; False on timeout."""
        return self._done.wait(timeout)

    def close(self) -> None:
        """Stop; the character's next chat finds what is left."""
        self._closing.set()
        self._woken.set()
        if self._engine is not None:
            self._engine.cancel_background()
        if self._thread is not threading.current_thread():
            self._thread.end()

    def _run(self) -> None:
        while self._woken.wait() and not self._closing.is_set():
            self._woken.clear()
            try:
                self._run_works()
                self.error = ""
            except Exception as error:  # noqa: BLE001 - a dead thread would never write again
                self.error = user_message(error)
            if not self._woken.is_set():
                self._done.set()

    def _run_works(self) -> None:
        with self._thread.waiting():
            works = self._works()
        if self._closing.is_set():
            return
        for work in works:
            self._catch_up(work)
            self._notify(work.read_rules(self._chat_id, self._closing.is_set))
        ask = self._ask
        if ask is None:
            return
        steps: tuple[Callable[[DistillingWork], WorkResult | None], ...] = (
            lambda work: work.read_model(self._chat_id, ask),
            lambda work: work.summarise(self._chat_id, sorted(self._left_turns), ask),
            lambda work: work.think(self._chat_id, self._who(), ask),
        )
        for step in steps:
            for work in works:
                self._run_model(partial(step, work))

    def _run_model(self, step: Callable[[], WorkResult | None]) -> None:
        """Repeat one kind of work while the user is still and there is more to do."""
        while self._wait_until_idle() and not self._woken.is_set():
            result = step()
            self._notify(result)
            if result is None:
                self._last_activity = time.monotonic()
            elif not result.more:
                break

    def _catch_up(self, work: DistillingWork) -> None:
        """Read what other chats of the character left unread, such as after a crash."""
        if work.character in self._caught_up:
            return
        self._caught_up.add(work.character)
        for chat_id in work.chats_to_catch_up():
            self._notify(work.read_rules(chat_id, self._closing.is_set))

    def _wait_until_idle(self) -> bool:
        """Wait until the user is still and the engine free; False if new work comes first."""
        while not self._closing.is_set() and not self._woken.is_set():
            still = self._last_activity + self._still - time.monotonic()
            if still > 0:
                self._closing.wait(min(still, _POLL_S))
            elif self._engine is not None and self._engine.settled(_POLL_S):
                return True
            else:
                self._closing.wait(_POLL_S)
        return False

    def _notify(self, result: WorkResult | None) -> None:
        if result is not None and result.kept:
            for listener in self.listeners:
                listener(result.kept)
