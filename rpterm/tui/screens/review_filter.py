"""The dialog to filter the review: by kind, character, model and source."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from rpterm.humanize import counted
from rpterm.preference.review_queue import KINDS, Filter, ReviewQueue
from rpterm.tui import text
from rpterm.tui.screens.dialog import Dialog, framed

_ROWS = ("kind", "card", "model", "source")
_LABELS = {"kind": "which", "card": "character", "model": "model", "source": "source"}
_ANY = {"card": "everybody", "model": "every model", "source": "every source"}


class FilterScreen(Dialog[Filter]):
    """Four rows; the arrow keys choose a row and its value, and the number of matches is shown."""

    DEFAULT_CSS = """
    FilterScreen {
        #box { width: 60; }
        #count { color: $text-muted; margin: 1 0 0 0; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "row(-1)", show=False),
        Binding("down", "row(1)", show=False),
        Binding("left", "value(-1)", show=False),
        Binding("right,space", "value(1)", show=False),
        Binding("enter", "take", show=False),
    ]

    def __init__(self, wanted: Filter, review: ReviewQueue) -> None:
        super().__init__()
        self._wanted, self._review = wanted, review
        self._values: dict[str, tuple[str, ...]] = {
            "kind": KINDS,
            **{name: ("", *values) for name, values in review.choices().items()},
        }
        self._row = 0

    def compose(self) -> ComposeResult:
        hints = ("↑↓ row", "←→ value", "⏎ take", "Esc leave")
        with framed(Vertical(id="box"), "Which replies", *hints):
            yield Static(id="rows", markup=False)
            yield Static(id="count", markup=False)

    def on_mount(self) -> None:
        self._draw()

    def action_row(self, by: int) -> None:
        """Move to another row."""
        self._row = (self._row + by) % len(_ROWS)
        self._draw()

    def action_value(self, by: int) -> None:
        """Choose another value in this row."""
        name = _ROWS[self._row]
        values = self._values[name]
        current = getattr(self._wanted, name)
        index = (values.index(current) + by) % len(values) if current in values else 0
        self._wanted = replace(self._wanted, **{name: values[index]})  # type: ignore[arg-type]
        self._draw()

    def action_take(self) -> None:
        """Close the dialog with this filter."""
        self.dismiss(self._wanted)

    def _draw(self) -> None:
        lines = []
        for at, name in enumerate(_ROWS):
            value = getattr(self._wanted, name) or _ANY[name]
            marked = at == self._row
            lines.append(
                Content.assemble(
                    ("▸ " if marked else "  ", "$text-accent"),
                    (_LABELS[name].ljust(12), text.MUTED),
                    ("‹ " if marked else "  ", text.MUTED),
                    (text.one_line(value, 36), "bold" if marked else ""),
                    (" ›" if marked else "", text.MUTED),
                )
            )
        self.query_one("#rows", Static).update(Content("\n").join(lines))
        count = len(self._review.queue(self._wanted))
        self.query_one("#count", Static).update(counted(count, "reply", "replies"))
