"""Makes the replies of a duel ahead of the judge, through the one reply path of ``Session``.

Sides that share a model take turns at each message. Where they do not, and two models do not fit
into memory, one side replies to all messages before the next one's model is loaded. Whoever makes
the sessions decides what fits; this module only keeps at most one of them open unless told that
more fit.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress

from rpterm.chat.events import ReplyFailed, ReplyFinished
from rpterm.chat.reply import NOTHING
from rpterm.chat.session import ReplyRequest, Session
from rpterm.dueling.bout import Bout
from rpterm.dueling.contender import Contender
from rpterm.types import Intent, RptermError, Turn

TRIES = 3
"""How often a side that has nothing to say is asked again, with another seed."""

OpenSession = Callable[[Contender], Session]


class MakerError(RptermError):
    """A side cannot reply; the text is the engine's."""


class Maker:
    """Fills a bout with replies; used in one thread, stopped from any."""

    def __init__(self, bout: Bout, opener: OpenSession, *, together: bool = True) -> None:
        """Args:
        opener: Makes a session in the bout's chat with a contender's model.
        together: Whether all their models fit into memory at once.
        """
        self.bout, self._opener, self._together = bout, opener, together
        self._open: dict[tuple[str | None, str | None], Session] = {}
        self._stopped = False

    def run(self, told: Callable[[], object] = lambda: None) -> None:
        """Make what is missing, in the order it will be judged; ``told`` after each reply.

        Raises:
            RptermError: A model cannot be loaded, or a side cannot reply at all.
        """
        for place, contender in self._order():
            if self._stopped:
                return
            if place not in self.bout.failed:
                self.make(place, contender)
                told()

    def make(self, place: int, contender: Contender) -> None:
        """One side's reply at one place, unless it is there already."""
        message = self.bout.message(place)
        if message is not None:
            self.answer(place, contender, message)

    def exchange(self, place: int, text: str = "") -> None:
        """What is missing at one place of a fresh duel.

        Args:
            text: The user's message; not said where a side has replied to an earlier one, so that
                all reply to the same.
        """
        message = self.bout.message(place) or self.bout.say(text)
        for contender in self.bout.contenders:
            self.answer(place, contender, message)

    def answer(self, place: int, contender: Contender, message: Turn) -> None:
        """One side's reply to a message, unless it is there already."""
        if (place, contender.name) in self.bout.replies():
            return
        session = self._session(contender)
        for attempt in range(TRIES):
            seed = zlib.crc32(f"{self.bout.setup.seed}:{place}:{contender.name}:{attempt}".encode())
            turn = self._reply(session, contender, message, seed)
            if self._stopped:
                return
            if turn is not None:
                self.bout.put(place, contender.name, turn.id)
                return
        self.bout.failed.add(place)

    def stop(self) -> None:
        """Stop the reply under way and make no more."""
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
        everybody = self.bout.contenders
        if self._together or len({each.weights for each in everybody}) == 1:
            for place in range(self.bout.places):
                for contender in everybody:
                    yield place, contender
            return
        for weights in dict.fromkeys(each.weights for each in everybody):
            for place in range(self.bout.places):
                for contender in everybody:
                    if contender.weights == weights:
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
        """A finished reply, or ``None`` when the model had not one word."""
        with self.bout.at(message):
            return self._made(session, contender, seed)

    def _made(self, session: Session, contender: Contender, seed: int) -> Turn | None:
        request = ReplyRequest(
            Intent.REGENERATE, sampling={**contender.sampling, "seed": seed % 2**31}, best=False
        )
        for event in session.reply(request):
            if isinstance(event, ReplyFinished):
                return event.turn
            if isinstance(event, ReplyFailed) and not self._stopped and event.message != NOTHING:
                raise MakerError(f"Side {contender.name}: {event.message}")
        return None
