"""A list of options that may be thousands: a line is drawn when the list is scrolled to it.

To draw five thousand lines at once would hold up every key for seconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from textual.widgets import OptionList
from textual.widgets.option_list import Option

DRAWN = 100
"""Lines drawn at the beginning, and added whenever the last ones come into sight."""

FAR = 500
"""A line further down is not gone to at the beginning: all above it would have to be drawn."""


class LongList(OptionList):
    """Given its options one by one, as they are needed."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, markup=False)
        self._rest: Iterator[Option] = iter(())

    def fill(self, options: Iterable[Option], at: int | None) -> None:
        """Show these instead.

        Args:
            at: The one to highlight, so that it is in sight; ``None`` is none.
        """
        self._rest = iter(options)
        near = at if at is None or at < FAR else 0
        self.set_options(islice(self._rest, (near or 0) + DRAWN))
        self.highlighted = near if self.option_count else None

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        below = self.max_scroll_y - new_value
        if below <= self.size.height and (more := list(islice(self._rest, DRAWN))):
            self.add_options(more)
