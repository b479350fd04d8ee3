"""A form dialog with a few named text fields."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widget import Widget
from textual.widgets import Input, Static, TextArea

from rpterm.errors import RptermError
from rpterm.tui import keys
from rpterm.tui.screens.dialog import Dialog, errors_as_notices, framed
from rpterm.tui.widgets.text_inputs import JoinerInput, JoinerTextArea


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a form.

    Attributes:
        lines: 1 is a single line; more is a text area of at least that height, which grows.
        check: Returns what is wrong with a value, as a sentence, or "".
    """

    name: str
    label: str
    value: str = ""
    lines: int = 1
    check: Callable[[str], str] = lambda _value: ""


def problem_of(call: Callable[[], object]) -> str:
    """What is wrong with a value by the error that a call with it raises, or "" without one."""
    try:
        call()
    except RptermError as error:
        return str(error)
    return ""


Store = Callable[[dict[str, str]], Awaitable[Any]]
"""Stores the values of a form by field name; raises an ``RptermError`` if it cannot."""


class Form(Dialog[Any]):
    """A form; returns the values by field name, or what storing them returned.

    It returns ``None`` if it was left.
    """

    DEFAULT_CSS = """
    Form {
        #box { padding: 1 1 1 2; scrollbar-size-vertical: 1; scrollbar-gutter: stable; }
        TextArea { height: auto; max-height: 50vh; }
    }
    """
    # Priority bindings: a key goes to the field that is focused when it arrives, so the keys that
    # move the focus must not queue behind the letters typed before them.
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "app.focus_next", "next", show=False, priority=True),
        Binding("shift+tab", "app.focus_previous", "before", show=False, priority=True),
        Binding("enter", "enter", "next", show=False, priority=True),
    ]

    def __init__(self, title: str, fields: Sequence[Field], store: Store | None = None) -> None:
        """Create a form; if ``store`` fails, it stays open with what was written and says why."""
        super().__init__()
        self._form_title, self._fields, self._store = title, list(fields), store
        self._warned = self._is_storing = False
        self._is_short = all(field.lines == 1 for field in self._fields)

    @property
    def _save_key(self) -> str:
        return "⏎" if self._is_short else keys.short_key_name("form-save", keys.of_user(self))

    def compose(self) -> ComposeResult:
        tab = ["Tab next"] if len(self._fields) > 1 else []
        hints = (f"{self._save_key} save", *tab, "Esc leave")
        with framed(VerticalScroll(id="box", can_focus=False), self._form_title, *hints):
            for field in self._fields:
                yield Static(field.label, classes="label", markup=False)
                yield self._widget(field)

    def on_mount(self) -> None:
        keys.bind(self, keys.of_scope("edit"))
        first = self.query_one(f"#field-{self._fields[0].name}")
        first.focus()
        if isinstance(first, TextArea):
            first.move_cursor(first.document.end)

    def on_resize(self) -> None:
        """Keep the focused field in view."""
        if self.focused is not None:
            self.call_after_refresh(self.focused.scroll_visible, animate=False)

    @property
    def is_changed(self) -> bool:
        """Whether something was written that is not saved."""
        return any(self._value(field) != field.value for field in self._fields)

    def action_leave(self) -> None:
        """Leave, but only at the second request if that discards more than a line."""
        if self._is_short or self._warned or not self.is_changed:
            super().action_leave()
            return
        self._warned = True
        sentence = f"Esc again discards what you wrote; {self._save_key} saves it."
        self.notify(sentence, markup=False)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave Enter to a text area, where it begins a new line."""
        return action != "enter" or isinstance(self.focused, Input)

    def action_enter(self) -> None:
        """Save if all fields are single lines, or else move to the next field."""
        if self._is_short:
            self.action_command("form-save")
        else:
            self.focus_next()

    def action_command(self, _name: str) -> None:
        """Save, once the keys that were typed before this one have reached the fields."""
        self._save_after([self.query_one(f"#field-{field.name}") for field in self._fields])

    def _save_after(self, widgets: list[Widget]) -> None:
        """Save after each of these widgets has processed the events queued for it."""
        if widgets:
            widgets[0].call_later(self._save_after, widgets[1:])
        else:
            self._save()

    def _save(self) -> None:
        values = {field.name: self._value(field) for field in self._fields}
        for field in self._fields:
            if problem := field.check(values[field.name].strip()):
                self.query_one(f"#field-{field.name}").focus()
                self.notify(problem, severity="error", markup=False)
                return
        if self._store is None:
            self.dismiss(values)
        elif not self._is_storing:
            self._is_storing = True
            self.run_worker(self._store_and_leave(self._store, values))

    async def _store_and_leave(self, store: Store, values: dict[str, str]) -> None:
        with errors_as_notices(self):
            self.dismiss(await store(values))
        self._is_storing = False

    def _widget(self, field: Field) -> Input | TextArea:
        if field.lines == 1:
            return JoinerInput(field.value, id=f"field-{field.name}")
        area = JoinerTextArea(field.value, id=f"field-{field.name}", highlight_cursor_line=False)
        area.styles.min_height = field.lines + 2
        return area

    def _value(self, field: Field) -> str:
        widget = self.query_one(f"#field-{field.name}")
        return widget.text if isinstance(widget, TextArea) else widget.value  # type: ignore[attr-defined]
