"""When memory is written: after a reply, and by the model only while nobody needs it.

``wake`` says that there is something new, ``busy`` that the user types or sends: what the model is
at is broken off at once, loses nothing but its time, and begins again when the engine has settled
and the user was still for a while. The rules need no model and are applied right after ``wake``.
One thread; no error of it ends a chat.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING

from rpterm.defect import told
from rpterm.engine.protocol import BackgroundEngine, Engine
from rpterm.memory.distil.ask import Ask, Asker, Template
from rpterm.store.memories import Memory

if TYPE_CHECKING:  # The rules take a tenth of a second to compile: not before they are needed.
    from rpterm.memory.distil.work import Done, Work

STILL_S = 5.0
"""How long the user must have been still before the model writes."""
_LOOK_S = 0.2


class Distiller:
    """Writes the memory of one chat.

    Args:
        works: Gives the work of each who hears the chat now; called in this object's thread.
        chat_id: The chat.
        who: Names the user, for thoughts about them.
        model: Whether the chat's model writes, too; else the rules alone.

    Attributes:
        error: Why the last work failed, or "".
        listeners: Each is told what was kept, in this object's thread.
    """

    def __init__(
        self,
        works: Callable[[], Sequence[Work]],
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
        self._engine: Engine | None = None
        self._beside: BackgroundEngine | None = None
        self._ask: Ask | None = None
        self._left: frozenset[int] = frozenset()
        self._starting = threading.Lock()
        self._woken = threading.Event()
        self._closing = threading.Event()
        self._rest = threading.Event()
        self._rest.set()
        self._touched = 0.0
        self._thread = threading.Thread(target=self._run, name="distiller", daemon=True)

    def attach(self, engine: Engine, template: Template | None) -> None:
        """Let the model take part from now on, if it was asked for and can work beside the chat."""
        if self._model and template is not None and isinstance(engine, BackgroundEngine):
            self._engine = self._beside = engine
            self._ask = Asker(engine, engine.tokenize, template)

    def wake(self, left: Collection[int] = ()) -> None:
        """There is something new; returns at once.

        Args:
            left: The turns that are not in the window any more.
        """
        self._left |= frozenset(left)
        self._touched = time.monotonic()
        self._rest.clear()
        self._woken.set()
        with self._starting:
            if self._thread.ident is None and not self._closing.is_set():
                self._thread.start()

    def busy(self) -> None:
        """The user types or sends: the model is theirs; returns at once, from any thread."""
        self._touched = time.monotonic()
        if self._beside is not None:
            self._beside.cancel_background()

    def rested(self, timeout: float | None = None) -> bool:
        """Wait until there is nothing left to do; False on timeout."""
        return self._rest.wait(timeout)

    def close(self) -> None:
        """Stop; what is left is found again in the character's next chat."""
        self._closing.set()
        self._woken.set()
        if self._beside is not None:
            self._beside.cancel_background()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(timeout=5)

    def _run(self) -> None:
        while self._woken.wait() and not self._closing.is_set():
            self._woken.clear()
            try:
                self._write()
                self.error = ""
            except Exception as error:  # noqa: BLE001 - a thread that ends unseen never writes again
                self.error = told(error)
            if not self._woken.is_set():
                self._rest.set()

    def _write(self) -> None:
        works = self._works()
        for work in works:
            self._catch_up(work)
            self._tell(work.read_rules(self._chat_id, self._closing.is_set))
        ask = self._ask
        if ask is None:
            return
        for piece in (self._facts, self._account, self._thoughts):
            for work in works:
                self._by_model(piece, work, ask)

    def _by_model(self, piece: Callable[[Work, Ask], Done | None], work: Work, ask: Ask) -> None:
        """Go on with one kind of work while the user is still and there is more."""
        while self._idle() and not self._woken.is_set():
            done = piece(work, ask)
            self._tell(done)
            if done is None:
                self._touched = time.monotonic()
            elif not done.more:
                break

    def _catch_up(self, work: Work) -> None:
        """Read what other chats of the character left unread: short ones, and a crash's."""
        if work.character in self._caught_up:
            return
        self._caught_up.add(work.character)
        for chat_id in work.to_catch_up():
            self._tell(work.read_rules(chat_id, self._closing.is_set))

    def _facts(self, work: Work, ask: Ask) -> Done | None:
        return work.read_model(self._chat_id, ask)

    def _account(self, work: Work, ask: Ask) -> Done | None:
        return work.summarise(self._chat_id, sorted(self._left), ask)

    def _thoughts(self, work: Work, ask: Ask) -> Done | None:
        return work.think(self._chat_id, self._who(), ask)

    def _idle(self) -> bool:
        """Wait until the user is still and the engine free; False when there is no time left."""
        while not self._closing.is_set() and not self._woken.is_set():
            still = self._touched + self._still - time.monotonic()
            if still > 0:
                self._closing.wait(min(still, _LOOK_S))
            elif self._engine is not None and self._engine.settled(_LOOK_S):
                return True
            else:
                self._closing.wait(_LOOK_S)
        return False

    def _tell(self, done: Done | None) -> None:
        if done is not None and done.kept:
            for listener in self.listeners:
                listener(done.kept)
