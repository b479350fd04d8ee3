"""The dialog to rate a reply as a whole and in seven dimensions, one key each.

It gets the present mark and returns the new one. It knows no store.
"""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from rpterm.preference.rating import BAD, DIMENSIONS, GOOD, Mark
from rpterm.tui import text
from rpterm.tui.screens.dialog import Dialog, framed

_BY_KEY = {each.key: each for each in DIMENSIONS}


class TagScreen(Dialog[Mark]):
    """A letter cycles its dimension through bad, good, unrated; a digit gives stars to it."""

    DEFAULT_CSS = """
    TagScreen {
        align: right bottom;
        background: transparent;
        #box { width: 62; margin: 0 2 3 0; }
        #rows { height: auto; }
        #note { color: $text-muted; margin: 1 0 0 0; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "save", "save", show=False, priority=True),
    ]

    def __init__(self, mark: Mark) -> None:
        super().__init__()
        self._before = mark
        self.mark = replace(mark, dimensions=dict(mark.dimensions))
        self._at: str | None = None

    def compose(self) -> ComposeResult:
        hints = ("letter ▼ ▲", "1-5 stars", "⏎ keep", "Esc leave")
        with framed(Vertical(id="box"), "What was good or bad", *hints):
            yield Static(id="rows", markup=False)
            yield Static(id="note", markup=False)

    def on_mount(self) -> None:
        self._draw()

    def on_key(self, event: events.Key) -> None:
        """Rate by a letter, a digit, + or -; move by the arrow keys."""
        pressed = event.character or ""
        if pressed in _BY_KEY:
            self._cycle(_BY_KEY[pressed].id)
        elif pressed and pressed in "12345":
            self._give_stars(int(pressed))
        elif pressed and pressed in "+-":
            # The reply as a whole has one verdict: a thumb replaces stars that were given here.
            self.mark = replace(self.mark, thumb=pressed == "+", stars=self._before.stars)
        elif event.key in ("up", "down"):
            self._step(1 if event.key == "down" else -1)
        else:
            return
        event.stop()
        self._draw()

    def action_save(self) -> None:
        """Return the mark, provided that the reply as a whole is rated."""
        if self.mark.rated:
            self.dismiss(self.mark)
        else:
            self._at = None
            self._draw("Rate the reply as a whole first: 1 to 5, + or -.")

    def _cycle(self, name: str) -> None:
        """Cycle through bad, good, unrated; if the reply is good as a whole, begin with good."""
        good_first = self.mark.thumb is True or (self.mark.stars or 0) >= 4
        order = [None, GOOD, BAD] if good_first else [None, BAD, GOOD]
        current = self.mark.dimensions.get(name)
        following = order[(order.index(current) + 1) % 3] if current in order else None
        dimensions = {key: n for key, n in self.mark.dimensions.items() if key != name}
        if following is not None:
            dimensions[name] = following
        self._at = name
        self.mark = replace(self.mark, dimensions=dimensions)

    def _give_stars(self, n: int) -> None:
        if self._at is None:
            self.mark = replace(self.mark, stars=n, thumb=self._before.thumb)
        else:
            self.mark = replace(self.mark, dimensions={**self.mark.dimensions, self._at: n})

    def _step(self, by: int) -> None:
        names = [None, *(each.id for each in DIMENSIONS)]
        self._at = names[(names.index(self._at) + by) % len(names)]

    def _draw(self, note: str = "") -> None:
        whole = replace(self.mark, dimensions={}, flags=0).text
        rows = [self._row(None, " ", "as a whole", whole or "·")]
        for each in DIMENSIONS:
            rows.append(self._row(each.id, each.key, each.label, _rating(self.mark, each.id)))
        self.query_one("#rows", Static).update(Content("\n").join(rows))
        asks = next((each.asks for each in DIMENSIONS if each.id == self._at), "")
        self.query_one("#note", Static).update(note or asks or "Your overall verdict.")

    def _row(self, name: str | None, key: str, label: str, rating: str) -> Content:
        cursor = ("▸ ", "$text-accent") if name == self._at else ("  ", "")
        style = "bold" if name == self._at else ""
        return Content.assemble(
            cursor,
            (f"{key} ", "bold $text-primary"),
            (label.ljust(14), style),
            (rating, text.MUTED),
        )


def _rating(mark: Mark, name: str) -> str:
    n = mark.dimensions.get(name)
    if n is None:
        return "·"
    return {GOOD: "▲ ", BAD: "▼ "}.get(n, "  ") + "★" * n + "☆" * (5 - n)
