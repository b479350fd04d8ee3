"""Generates the replies of a duel ahead of the judge, by way of ``Session.reply``.

Sides whose models fit into memory together reply in turn to each message. Otherwise one side
replies to all messages before the next one's model is loaded. The caller says whether the models
fit (``together``); if not, at most one session is kept open.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress

from rpterm.chat.events import ReplyFailed, ReplyFinished
from rpterm.chat.reply import EMPTY_REPLY
from rpterm.chat.request import ReplyRequest
from rpterm.chat.session import Session
from rpterm.dueling.contender import Contender
from rpterm.dueling.duel import Duel
from rpterm.errors import RptermError
from rpterm.types import Intent, Turn

TRIES = 3
"""Attempts, each with another seed, before a side that produces no text is given up."""

OpenSession = Callable[[Contender], Session]


class ReplyGenerator:
    """Generates the replies of a duel; used in one thread, stopped from any."""

    def __init__(self, duel: Duel, opener: OpenSession, *, together: bool = True) -> None:
        """Create a generator that has loaded no model yet.

        Args:
            duel: The duel.
            opener: Opens a session in the duel's chat with a contender's model.
            together: Whether all models fit into memory at once.
        """
        self.duel, self._opener, self._together = duel, opener, together
        self._open: dict[tuple[str | None, str | None], Session] = {}
        self._stopped = False

    def run(self, on_reply: Callable[[], object] = lambda: None) -> None:
        """Generate all missing replies in the order of judging; calls ``on_reply`` after each.

        Raises:
            RptermError: A model cannot be loaded, or a side cannot reply at all.
        """
        for place, contender in self._order():
            if self._stopped:
                return
            message = None if place in self.duel.failed else self.duel.message(place)
            if message is not None:
                self.answer(place, contender, message)
                on_reply()

    def exchange(self, place: int, text: str = "") -> None:
        """Generate the missing replies at one place of a duel whose messages the user writes.

        Args:
            place: Index of the message.
            text: The user's message; ignored if a side has already replied to an earlier one, so
                that all sides reply to the same message.
        """
        message = self.duel.message(place) or self.duel.say(text)
        for contender in self.duel.contenders:
            self.answer(place, contender, message)

    def answer(self, place: int, contender: Contender, message: Turn) -> None:
        """Generate one side's reply to a message, unless it exists."""
        if self._stopped or (place, contender.name) in self.duel.replies():
            return
        session = self._session(contender)
        for attempt in range(TRIES):
            seed = zlib.crc32(f"{self.duel.setup.seed}:{place}:{contender.name}:{attempt}".encode())
            turn = self._reply(session, contender, message, seed)
            if turn is not None:
                self.duel.record_reply(place, contender.name, turn.id)
                return
            if self._stopped:
                return
        self.duel.failed.add(place)

    def stop(self) -> None:
        """Stop the current reply and generate no more."""
        self._stopped = True
        for session in list(self._open.values()):
            session.cancel()

    def close(self) -> None:
        """Free the models; the store stays open."""
        for session in self._open.values():
            with suppress(RptermError):
                session.engine.close()
        self._open.clear()

    # -------------------------------------------------------------------------------------------
    def _order(self) -> Iterator[tuple[int, Contender]]:
        contenders = self.duel.contenders
        groups = [contenders]
        if not self._together:
            groups = [
                tuple(each for each in contenders if each.weights == weights)
                for weights in dict.fromkeys(each.weights for each in contenders)
            ]
        for group in groups:
            for place in range(self.duel.places):
                for contender in group:
                    yield place, contender

    def _session(self, contender: Contender) -> Session:
        session = self._open.get(contender.weights)
        if session is None:
            if not self._together:
                self.close()
            session = self._open[contender.weights] = self._opener(contender)
        return session

    def _reply(
        self, session: Session, contender: Contender, message: Turn, seed: int
    ) -> Turn | None:
        """The finished reply, or ``None`` if the model produced no text."""
        request = ReplyRequest(
            Intent.REGENERATE, sampling={**contender.sampling, "seed": seed % 2**31}, best=False
        )
        with self.duel.replying_to(message):
            for event in session.reply(request):
                if self._stopped:  # Perhaps since before this reply began.
                    session.cancel()
                if isinstance(event, ReplyFinished):
                    return event.turn
                if (
                    isinstance(event, ReplyFailed)
                    and event.message != EMPTY_REPLY
                    and not self._stopped
                ):
                    raise RptermError(f"Side {contender.name}: {event.message}")
        return None
