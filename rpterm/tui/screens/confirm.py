"""The dialog that asks a question before something is lost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Button, Static

from rpterm.tui.screens.dialog import Dialog, framed

CANNOT_UNDO = "It cannot be undone."


class Confirm(Dialog[str]):
    """A question with a detail below it and buttons; the harmless one has the focus.

    Returns the key of the answer, or ``None`` for “No”.
    """

    DEFAULT_CSS = """
    Confirm {
        #box { width: 60; }
        #buttons { height: auto; align-horizontal: right; margin: 1 0 0 0; }
        #buttons Button {
            margin: 0 0 0 2; min-width: 12; color: $text-muted; background: $panel;
            &.-error { color: $text-error; }
            &:focus { color: $background; background: $primary; text-style: bold; }
            &.-error:focus { color: $background; background: $error; }
            &:nocolor:focus { text-style: reverse; }
        }
        #detail { color: $text-muted; }
    }
    """
    AUTO_FOCUS = "#no"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "leave", "no", show=False),
        Binding("right", "app.focus_next", "other", show=False),
        Binding("left", "app.focus_previous", "other", show=False),
    ]

    def __init__(self, question: str, detail: str, answers: Mapping[str, str]) -> None:
        """``answers`` are the labels of the buttons next to “No”, by the letter for each."""
        super().__init__()
        self._question, self._detail, self._answers = question, detail, answers

    def compose(self) -> ComposeResult:
        hints = (f"{key} {label.lower()}" for key, label in self._answers.items())
        with framed(Vertical(id="box"), "", *hints, "n no"):
            yield Static(self._question, markup=False)
            yield Static(self._detail, id="detail", markup=False)
            with Horizontal(id="buttons"):
                yield Button("No", id="no", compact=True)
                for key, label in self._answers.items():
                    yield Button(label, id=key, variant="error", compact=True)

    def on_mount(self) -> None:
        for key in self._answers:
            self._bindings.bind(key, f"answer('{key}')", show=False)

    @on(Button.Pressed)
    def pressed(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id if event.button.id in self._answers else None)

    def action_answer(self, key: str) -> None:
        self.dismiss(key)
