"""The message with which threads tell the chat screen what happened."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING

from textual.message import Message

if TYPE_CHECKING:
    from rpterm.chat.events import SessionEvent

Shown = Awaitable[None] | None


class Told(Message, bubble=False):
    """Something happened, and ``show`` shows it on the screen.

    A screen that falls behind, on a slow terminal, skips what the next message covers anyway.
    """

    def __init__(
        self,
        show: Callable[[], Shown],
        covers: Iterable[object] = (),
        event: SessionEvent | None = None,
    ) -> None:
        """Create the message.

        Args:
            show: Called by the screen.
            covers: Names of the things whose complete present state ``show`` shows.
            event: The event of the session that is shown, for benchmarks.
        """
        super().__init__()
        self._show, self._covers, self.event = show, frozenset(covers), event

    def can_replace(self, message: Message) -> bool:
        later = message._covers if isinstance(message, Told) else frozenset()
        return bool(self._covers) and self._covers <= later

    async def run(self) -> None:
        """Show it."""
        if (work := self._show()) is not None:
            await work
