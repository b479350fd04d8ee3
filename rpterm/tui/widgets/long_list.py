"""An option list for thousands of options: they are added as the user scrolls down.

Drawing five thousand options at once would block every key for seconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from textual.content import Content
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from rpterm.tui import text

DRAWN = 100
"""Options drawn initially, and added whenever the last ones come into view."""

FAR = 500
"""An option beyond this one is not highlighted initially: all above it would have to be drawn."""


def heading(title: str, note: str = "", style: str = text.MUTED) -> Option:
    """The row above a section of a list, with a note after its title."""
    shown = Content.assemble("\n", (title.upper(), f"bold {style}"))
    return Option(shown + Content.styled(f"  {note}", text.MUTED), disabled=True)


class LongList(OptionList):
    """An option list that takes its options from an iterator as they are needed."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, markup=False)
        self._remaining: Iterator[Option] = iter(())

    def fill(self, options: Iterable[Option], at: int | None) -> None:
        """Replace the options.

        Args:
            options: All of them; most are drawn later.
            at: The index of the option to highlight and scroll to; ``None`` highlights none.
        """
        self._remaining = iter(options)
        near = at if at is None or at < FAR else 0
        self.set_options(islice(self._remaining, (near or 0) + DRAWN))
        self.highlighted = near if self.option_count else None
        self.call_after_refresh(self.scroll_to_highlight)  # Not possible before the first layout.

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        below = self.max_scroll_y - new_value
        if below <= self.size.height and (more := list(islice(self._remaining, DRAWN))):
            self.add_options(more)
