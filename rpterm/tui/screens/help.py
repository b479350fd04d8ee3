"""All keys, made from the registry with the user's own laid over."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from rpterm.tui import key_names, keys, text
from rpterm.tui.screens.dialog import Dialog

STATES = {
    "empty": "when the input is empty",
    "selected": "when a turn is selected",
    "choosing": "when candidates wait",
}
_MANY = 4
"""Keys in a row that want the same state, for one line above them to say so."""
SLASH = "In your line, / and a name runs a command: /note, /set temperature 0.9. Tab completes it."


class HelpScreen(Dialog[None]):
    """Groups of keys, in two columns where they fit."""

    DEFAULT_CSS = """
    HelpScreen {
        #box { width: 136; padding: 1 1 1 2; scrollbar-size-vertical: 1; }
        .label { margin: 0 0 1 0; }
        #columns { height: auto; }
        #columns Static { width: 1fr; height: auto; padding: 0 1; }
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
            box.border_subtitle = Content(" Esc leave · [keys] in config.toml changes any of them ")
            yield Static(SLASH, classes="label", markup=False)
            with Horizontal(id="columns"):
                yield Static(id="left", markup=False)
                yield Static(id="right", markup=False)

    def on_resize(self) -> None:
        self.call_after_refresh(self._draw)

    def _draw(self) -> None:
        room = self.query_one("#columns").size.width
        columns = 2 if room >= 100 else 1
        width = room // columns - 3
        tables = [
            table(heading, group, self._overrides, width)
            for heading, group in keys.groups().items()
        ]
        left, right = split(tables) if columns == 2 else (tables, [])
        self.query_one("#left", Static).update(Content("\n\n").join(left))
        self.query_one("#right", Static).update(Content("\n\n").join(right))
        self.query_one("#right").display = columns == 2


def split(tables: list[Content]) -> tuple[list[Content], list[Content]]:
    """Two columns of about the same height, in order."""
    heights = [table.plain.count("\n") + 2 for table in tables]
    best = min(range(len(tables) + 1), key=lambda n: max(sum(heights[:n]), sum(heights[n:])))
    return tables[:best], tables[best:]


def table(heading: str, group: list[keys.Key], overrides: Mapping[str, str], width: int) -> Content:
    """One group: the keys in a column, what they do beside them."""
    rows = [Content.styled(heading, "bold $text-accent")]
    said = ""
    for state, run in groupby(group, _state):
        alike = list(run)
        many = state if len(alike) >= _MANY else ""
        if many or said:
            rows.append(Content.styled(f"{many or 'otherwise'}:", f"italic {text.MUTED}"))
        said = many
        for key in alike:
            names = keys.keys_of(key, overrides)
            shown = " ".join(key_names.show(name) for name in names[:2])
            when = f" ({state})" if state and not many else ""
            rows += _row(shown, key.description.rstrip(".") + when, width)
    return Content("\n").join(rows)


def _state(key: keys.Key) -> str:
    return next((STATES[when] for when in key.when if when in STATES), "")


def _row(shown: str, described: str, width: int, indent: int = 17) -> list[Content]:
    if len(shown) >= indent:
        shown = shown.split(" ")[0]
    lines = Content.styled(described, text.MUTED).wrap(max(8, width - indent))
    head = Content.assemble((shown.ljust(indent), "bold $text-primary"), lines[0])
    return [head, *(Content(" " * indent) + line for line in lines[1:])]
