"""The container of the side panes: as many as the width allows, or one that covers the chat.

Knows the names of the panes, and nothing about what they show.
"""

from __future__ import annotations

from collections.abc import Callable

from textual.containers import Horizontal
from textual.widget import Widget
from textual.widgets import OptionList

PANE_WIDTH = 46
CHAT_WIDTH = 70
"""Width of a pane, and the minimum width of the chat, in cells."""


class PaneHost(Horizontal):
    """The open panes, the most recently opened one rightmost."""

    DEFAULT_CSS = """
    PaneHost {
        display: none;
        width: auto;
        height: 100%;
        &.-open { display: block; }
        &.-overlay { width: 1fr; }
        &.-overlay > * { width: 1fr; border-left: none; }
        & > * { width: 46; height: 100%; border-left: vkey $panel; padding: 1 0 0 1; }
    }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._open: list[Widget] = []
        self._max_panes = 1

    @property
    def shown(self) -> list[str]:
        """Names of the open panes."""
        return [pane.name or "" for pane in self._open]

    def pane(self, name: str) -> Widget | None:
        """The open pane of this name, if there is one."""
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
        await self.mount(pane)
        self._set_classes()
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
            self._set_classes()

    async def fit(self, width: int) -> bool:
        """Keep as many panes as a screen of this width can hold; whether they cover the chat."""
        self._max_panes = max(1, (width - CHAT_WIDTH) // PANE_WIDTH)
        while len(self._open) > self._max_panes:
            await self._close(self._open[0])
        self.set_class(width < CHAT_WIDTH + PANE_WIDTH, "-overlay")
        return self.covers

    @property
    def covers(self) -> bool:
        """Whether an open pane covers the chat."""
        return bool(self._open) and self.has_class("-overlay")

    async def _close(self, pane: Widget) -> None:
        self._open.remove(pane)
        await pane.remove()
        self._set_classes()

    def _set_classes(self) -> None:
        self.set_class(bool(self._open), "-open")
        if self.screen is not None:
            self.screen.set_class(self.covers, "-overlay")


def _focus_target(pane: Widget) -> Widget:
    """What takes the focus in a pane; the pane itself while its list is not there yet."""
    return pane if pane.can_focus else next(iter(pane.query(OptionList)), pane)
