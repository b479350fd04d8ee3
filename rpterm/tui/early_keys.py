"""Keys and pasted text that arrive before the screen they are meant for is mounted.

Whoever starts the program and types at once is ahead of the first frame, and Textual would drop
what no widget takes yet. Here it waits, in order, until the screen can take it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from textual import events

if TYPE_CHECKING:
    from textual.app import App

Typed = events.Key | events.Paste


class EarlyKeys:
    """The queue in front of an application's own handling of keys."""

    def __init__(self, app: App[None], dispatch: Callable[[Typed], Awaitable[None]]) -> None:
        """Create an empty queue; ``dispatch`` handles one event as if it had just arrived."""
        self._app, self._dispatch = app, dispatch
        self._waiting: list[Typed] = []

    async def receive(self, event: Typed) -> None:
        """Dispatch an event after those that arrived earlier, once the screen is mounted."""
        self._waiting.append(event)
        await self.release()

    async def release(self) -> None:
        """Dispatch what waits, or try again when the screen on top is mounted."""
        while self._waiting and self._app.screen_stack:
            if not self._app.screen.is_mounted:
                # The screen handles a callback after its mount; the app then handles the keys.
                self._app.screen.call_later(self._app.call_later, self.release)
                return
            await self._dispatch(self._waiting.pop(0))
