"""The dialogs that ask a question: ``Confirm`` for yes or no, ``Either`` for several answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, TypeVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Button, Static

from rpterm.tui.screens.dialog import Dialog, framed

T = TypeVar("T")
CANNOT_UNDO = "It cannot be undone."


class _Question(Dialog[T]):
    """A question with a detail below it and buttons; the harmless button has the focus."""

    DEFAULT_CSS = """
    _Question {
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
        """``answers`` are the labels of the buttons next to “No”, by their ids."""
        super().__init__()
        self._question, self._detail, self._answers = question, detail, answers

    def compose(self) -> ComposeResult:
        with framed(Vertical(id="box"), "", *self._hints()):
            yield Static(self._question, markup=False)
            yield Static(self._detail, id="detail", markup=False)
            with Horizontal(id="buttons"):
                yield Button("No", id="no", compact=True)
                for name, label in self._answers.items():
                    yield Button(label, id=name, variant="error", compact=True)

    def _hints(self) -> list[str]:
        """What the keys of the answers are, and which leaves."""
        answers = [f"{self._key_of(label)} {label.lower()}" for label in self._answers.values()]
        return [*answers, "n no"]

    def _key_of(self, label: str) -> str:
        return label[0].lower()


class Confirm(_Question[bool]):
    """Asks for yes or no; returns whether the answer was yes."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("y", "yes", "yes", show=False)]

    def __init__(self, question: str, detail: str = "", *, yes: str = "Yes") -> None:
        super().__init__(question, detail, {"yes": yes})

    @on(Button.Pressed)
    def pressed(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id == "yes")

    def _key_of(self, label: str) -> str:
        return "y"

    def action_yes(self) -> None:
        self.dismiss(True)


class Either(_Question[str]):
    """Asks which of several; each answer's first letter is its key. Returns the answer's id."""

    def on_mount(self) -> None:
        for name, label in self._answers.items():
            self._bindings.bind(self._key_of(label), f"answer('{name}')", show=False)

    @on(Button.Pressed)
    def pressed(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id if event.button.id != "no" else None)

    def action_answer(self, name: str) -> None:
        self.dismiss(name)
