"""The container of the side panes: as many as the width allows, or one that covers the chat.

Knows the names of the panes, and nothing about what they show.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from textual.containers import Horizontal
from textual.widget import Widget
from textual.widgets import OptionList

PANE_WIDTH, WIDEST_PANE = 46, 72
CHAT_WIDTH, WIDEST_CHAT = 70, 96
"""The least and the largest width of a pane and of the chat, in cells."""


class PaneHost(Horizontal):
    """The open panes, the most recently opened one rightmost."""

    DEFAULT_CSS = """
    PaneHost {
        display: none;
        height: 100%;
        &.-open { display: block; }
        & > * { width: 1fr; height: 100%; border-left: vkey $panel; padding: 1 0 0 1; }
        &.-overlay > * { border-left: none; }
    }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._open: list[Widget] = []
        self._screen_width = 0

    @property
    def shown(self) -> list[str]:
        """Names of the open panes."""
        return [pane.name or "" for pane in self._open]

    def pane(self, name: str) -> Any:
        """The open pane of this name, whose class the caller knows, or ``None``."""
        return next((pane for pane in self._open if pane.name == name), None)

    @property
    def active(self) -> str:
        """The name of the pane that has the focus, or ""."""
        return next((pane.name or "" for pane in self._open if pane.has_focus_within), "")

    async def toggle(self, name: str, make: Callable[[], Widget]) -> Widget | None:
        """Close the pane if it is open, else open it; returns the new pane, or ``None``."""
        if (pane := self.pane(name)) is not None:
            await self._close(pane)
            return None
        while len(self._open) >= self._max_panes:
            await self._close(self._open[0])
        pane = make()
        self._open.append(pane)
        self._lay_out()
        await self.mount(pane)
        return pane

    @property
    def focus_targets(self) -> list[Widget]:
        """The focusable widget of each open pane, in their order on screen."""
        return [_focus_target(pane) for pane in self._open]

    def focus_pane(self, name: str) -> None:
        """Focus a pane, unless it was closed meanwhile."""
        if (pane := self.pane(name)) is not None:
            _focus_target(pane).focus()

    def close_last(self) -> None:
        """Close the most recently opened pane."""
        if self._open:
            self._open.pop().remove()
            self._lay_out()

    async def fit(self, width: int) -> bool:
        """Keep as many panes as a screen of this width can hold; whether they cover the chat."""
        self._screen_width = width
        while len(self._open) > self._max_panes:
            await self._close(self._open[0])
        self.set_class(width < CHAT_WIDTH + PANE_WIDTH, "-overlay")
        self._lay_out()
        return self.covers

    @property
    def _max_panes(self) -> int:
        return max(1, (self._screen_width - CHAT_WIDTH) // PANE_WIDTH)

    @property
    def covers(self) -> bool:
        """Whether an open pane covers the chat."""
        return bool(self._open) and self.has_class("-overlay")

    async def _close(self, pane: Widget) -> None:
        self._open.remove(pane)
        await pane.remove()
        self._lay_out()

    def _lay_out(self) -> None:
        """Share the cells that the chat leaves among the open panes."""
        self.set_class(bool(self._open), "-open")
        if self.screen is not None:
            self.screen.set_class(self.covers, "-overlay")
        count = max(1, len(self._open))
        each = (self._screen_width - WIDEST_CHAT) // count
        width = count * min(max(each, PANE_WIDTH), WIDEST_PANE)
        self.styles.width = "1fr" if self.has_class("-overlay") else width


def _focus_target(pane: Widget) -> Widget:
    """What takes the focus in a pane; the pane itself while its list is not there yet."""
    return pane if pane.can_focus else next(iter(pane.query(OptionList)), pane)
