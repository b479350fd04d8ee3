"""The base classes of dialogs: a framed box with a title and key hints, which Escape closes.

``DismissOnce`` makes ``dismiss`` work only once. Textual closes whatever screen is on top when
``dismiss`` is called again, so two quick keys would close the screen behind the dialog or end the
program with an error.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar, TypeVar

from textual import events
from textual.await_complete import AwaitComplete
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.screen import ModalScreen, Screen
from textual.widget import Widget

from rpterm.errors import RptermError

T = TypeVar("T")
W = TypeVar("W", bound=Widget)


@contextmanager
def errors_as_notices(screen: Screen[Any]) -> Iterator[None]:
    """Show an error that is raised inside as a notice of the screen."""
    try:
        yield
    except RptermError as error:
        screen.notify(str(error), severity="error", markup=False)


def framed(box: W, title: str, *hints: str) -> W:
    """Set the title and the key hints in the frame of a box; returns the box."""
    box.border_title, box.border_subtitle = Content(title), Content(" · ".join(hints))
    return box


class DismissOnce(Screen[T]):
    """A screen that ignores every ``dismiss`` after the first, and is complete before it closes.

    A screen that is closed while it is still being composed fails, because its widgets are missing.
    """

    @property
    def left(self) -> bool:
        """Whether this is no longer the screen in front."""
        return self.app.screen is not self

    def dismiss(self, result: T | None = None) -> AwaitComplete:
        if self.left:
            return AwaitComplete()
        if not self.is_mounted:
            self.call_later(self._dismiss_now, result)
            return AwaitComplete()
        return super().dismiss(result)

    def _dismiss_now(self, result: T | None) -> None:
        self.dismiss(result)  # Not returned: the screen would wait for its own end.


class Dialog(DismissOnce[T], ModalScreen[T]):
    """A box in the middle of the screen; Escape or a click outside returns ``None``."""

    DEFAULT_CSS = """
    Dialog {
        align: center middle;
        background: $background 60%;
        #box {
            width: 76;
            max-width: 94%;
            height: auto;
            max-height: 88%;
            padding: 1 2;
            border: round $primary-muted;
            border-title-color: $text-primary;
            border-title-style: bold;
            border-subtitle-color: $text-muted;
            background: $surface;
        }
        &.-narrow #box { max-width: 100%; }
        &.-short #box { max-width: 100%; max-height: 100%; padding: 0 1; }
        Input, TextArea {
            border: round $panel;
            background: $surface;
            padding: 0 1;
            background-tint: transparent;
            &:focus {
                border: round $primary-muted; background: $surface; background-tint: transparent;
            }
        }
        .label { color: $text-muted; padding: 0 1; }
        OptionList {
            height: auto;
            max-height: 100%;
            border: none;
            background: $surface;
            padding: 0;
            scrollbar-size-vertical: 1;
            &:focus { border: none; background-tint: transparent; }
            .option-list--option { padding: 0 1; }
            .option-list--option-highlighted { background: $block-cursor-background;
                color: $block-cursor-foreground; text-style: none; }
        }
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "leave", show=False)]

    def action_leave(self) -> None:
        """Leave without a result."""
        self.dismiss(None)

    def on_click(self, event: events.Click) -> None:
        if event.widget is self:
            self.action_leave()
