"""All keys, made from the registry with the user's own laid over."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import ItemGrid, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from rpterm.tui import keys, text
from rpterm.tui.screens.dialog import Dialog

STATES = {
    "empty": "when the input is empty",
    "selected": "when a turn is selected",
    "choosing": "when candidates wait",
}


class HelpScreen(Dialog[None]):
    """Groups of keys, as many columns as fit."""

    DEFAULT_CSS = """
    HelpScreen {
        #box { width: 132; padding: 1 1; scrollbar-size-vertical: 1; }
        ItemGrid { height: auto; grid-gutter: 1 2; }
        ItemGrid Static { height: auto; padding: 0 1; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f1,question_mark,q", "leave", "leave", show=False)
    ]
    AUTO_FOCUS = "#box"

    def __init__(self, overrides: Mapping[str, str]) -> None:
        super().__init__()
        self._overrides = overrides

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="box") as box:
            box.border_title = " Keys "
            box.border_subtitle = " Esc leave · every key can be changed in config.toml "
            with ItemGrid(min_column_width=56):
                for heading, group in keys.groups().items():
                    yield Static(group_table(heading, group, self._overrides), markup=False)


def group_table(heading: str, group: list[keys.Key], overrides: Mapping[str, str]) -> Content:
    """One group: the keys in a column, what they do beside them."""
    rows = [Content.styled(heading, "bold $text-accent")]
    for key in group:
        names = keys.keys_of(key, overrides)
        shown = " ".join(keys.show_key(name) for name in names[:2])
        state = next((STATES[when] for when in key.when if when in STATES), "")
        described = key.description.rstrip(".") + (f" ({state})" if state else "")
        rows.append(_row(shown, described))
    return Content("\n").join(rows)


def _row(shown: str, described: str, indent: int = 18, width: int = 56) -> Content:
    lines = Content.styled(described, text.MUTED).wrap(width - indent)
    head = Content.assemble((shown.ljust(indent), "bold"), lines[0])
    return Content("\n").join([head, *(Content(" " * indent) + line for line in lines[1:])])
