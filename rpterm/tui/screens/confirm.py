"""A question with yes and no."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Button, Static

from rpterm.tui.screens.dialog import Dialog


class Confirm(Dialog[bool]):
    """Asks once; the harmless answer has the focus."""

    DEFAULT_CSS = """
    Confirm {
        #box { width: 60; }
        #buttons { height: auto; align-horizontal: right; margin: 1 0 0 0; }
        #buttons Button { margin: 0 0 0 2; min-width: 12; }
        #detail { color: $text-muted; }
    }
    """
    AUTO_FOCUS = "#no"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "yes", "yes", show=False),
        Binding("n", "leave", "no", show=False),
        Binding("left,right", "app.focus_next", "other", show=False),
    ]

    def __init__(self, question: str, detail: str = "", *, yes: str = "Yes") -> None:
        super().__init__()
        self._question, self._detail, self._yes = question, detail, yes

    def compose(self) -> ComposeResult:
        with Vertical(id="box"):
            yield Static(self._question, markup=False)
            yield Static(self._detail, id="detail", markup=False)
            with Horizontal(id="buttons"):
                yield Button("No", id="no", compact=True)
                yield Button(self._yes, id="yes", variant="error", compact=True)

    @on(Button.Pressed)
    def pressed(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id == "yes")

    def action_yes(self) -> None:
        self.dismiss(True)
