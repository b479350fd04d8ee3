"""A small form: a few named texts to write."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingsMap, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input, Static, TextArea

from rpterm.tui import keys
from rpterm.tui.screens.dialog import Dialog
from rpterm.tui.widgets.writing import Area, Line


@dataclass(frozen=True, slots=True)
class Field:
    """One text to write.

    Attributes:
        lines: 1 is a single line; more is a text area at least that high, which grows.
        number: Only digits, or nothing.
        taken: What may not be written, since there is one of that name.
        check: Tells in a sentence what is wrong with a value, or nothing.
    """

    name: str
    label: str
    value: str = ""
    lines: int = 1
    number: bool = False
    taken: frozenset[str] = frozenset()
    check: Callable[[str], str] = lambda _value: ""


class Form(Dialog[dict[str, str]]):
    """Returns what was written by field name, or ``None``."""

    DEFAULT_CSS = """
    Form {
        #box { padding: 1 1 1 2; scrollbar-size-vertical: 1; scrollbar-gutter: stable; }
        TextArea { height: auto; max-height: 50vh; }
    }
    """
    # With priority: a key goes to the field that has the keys when it comes, and what leads to the
    # next field must not wait behind the letters of this one.
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "app.focus_next", "next", show=False, priority=True),
        Binding("shift+tab", "app.focus_previous", "before", show=False, priority=True),
        Binding("enter", "enter", "next", show=False, priority=True),
    ]

    def __init__(
        self, title: str, fields: Sequence[Field], overrides: Mapping[str, str] | None = None
    ) -> None:
        """``overrides`` are the user's own keys."""
        super().__init__()
        self._form_title, self._fields = title, list(fields)
        edit_keys = BindingsMap(keys.bindings("edit", overrides))
        self._bindings = BindingsMap.merge([self._bindings, edit_keys])
        self._save_key = keys.hint("form-save", overrides)

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="box", can_focus=False) as box:
            box.border_title = Content(f" {self._form_title} ")
            box.border_subtitle = Content(f" {self._save_key} save · Tab next · Esc leave ")
            for field in self._fields:
                yield Static(field.label, classes="label", markup=False)
                yield self._widget(field)

    def on_mount(self) -> None:
        first = self.query_one(f"#field-{self._fields[0].name}")
        first.focus()
        if isinstance(first, TextArea):
            first.move_cursor(first.document.end)

    def on_resize(self) -> None:
        """What one writes stays in sight."""
        if self.focused is not None:
            self.call_after_refresh(self.focused.scroll_visible, animate=False)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """In a text of several lines Enter begins the next one."""
        return action != "enter" or isinstance(self.focused, Input)

    def action_enter(self) -> None:
        """Go on, or be done where there is nothing else to write."""
        if all(field.lines == 1 for field in self._fields):
            self.action_command("form-save")
        else:
            self.focus_next()

    def action_command(self, _name: str) -> None:
        """Return what the fields hold, once the keys before this one have reached them."""
        self._settle([self.query_one(f"#field-{field.name}") for field in self._fields])

    def _settle(self, waiting: list[Widget]) -> None:
        """Each field takes the keys that wait for it, one field after the other."""
        if waiting:
            waiting[0].call_later(self._settle, waiting[1:])
        else:
            self._save()

    def _save(self) -> None:
        given = {field.name: self._value(field) for field in self._fields}
        for field in self._fields:
            if problem := _problem(field, given[field.name].strip()):
                self.query_one(f"#field-{field.name}").focus()
                self.notify(problem, severity="error", markup=False)
                return
        self.dismiss(given)

    def _widget(self, field: Field) -> Input | TextArea:
        if field.lines == 1:
            kind = "integer" if field.number else "text"
            return Line(field.value, type=kind, id=f"field-{field.name}")  # type: ignore[arg-type]
        area = Area(field.value, id=f"field-{field.name}", highlight_cursor_line=False)
        area.styles.min_height = field.lines + 2
        return area

    def _value(self, field: Field) -> str:
        widget = self.query_one(f"#field-{field.name}")
        return widget.text if isinstance(widget, TextArea) else widget.value  # type: ignore[attr-defined]


def _problem(field: Field, value: str) -> str:
    """What is wrong with a value, as a sentence; "" where nothing is."""
    if field.number and not (value or "0").isdecimal():
        return f"{field.label}: write a whole number."
    if value in field.taken:
        return f"{field.label}: there is one called {value} already."
    return field.check(value)
