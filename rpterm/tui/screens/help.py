"""The help screen: all keys, generated from the key registry and the user's own bindings."""

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
from rpterm.tui.screens.dialog import Dialog, framed

STATES = {
    "empty": "when the input is empty",
    "selected": "when a turn is selected",
    "choosing": "when candidates wait",
}
_MANY = 4
"""How many consecutive keys with the same state get a common line above them that says so."""
SLASH = "In the input, / and a name run a command: /note, /set temperature 0.9. Tab completes it."


class HelpScreen(Dialog[None]):
    """Groups of keys, in two columns if there is room."""

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

    def compose(self) -> ComposeResult:
        hints = ("Esc leave", "[keys] in config.toml changes any of them")
        with framed(VerticalScroll(id="box"), "Keys", *hints):
            yield Static(SLASH, classes="label", markup=False)
            with Horizontal(id="columns"):
                yield Static(id="left", markup=False)
                yield Static(id="right", markup=False)

    def on_resize(self) -> None:
        self.call_after_refresh(self._draw)

    def _draw(self) -> None:
        total_width = self.query_one("#columns").size.width
        columns = 2 if total_width >= 100 else 1
        width = total_width // columns - 3
        tables = [
            table(heading, group, keys.of_user(self), width)
            for heading, group in keys.groups().items()
        ]
        left, right = split(tables) if columns == 2 else (tables, [])
        self.query_one("#left", Static).update(Content("\n\n").join(left))
        self.query_one("#right", Static).update(Content("\n\n").join(right))
        self.query_one("#right").display = columns == 2


def split(tables: list[Content]) -> tuple[list[Content], list[Content]]:
    """Distribute the tables, in order, over two columns of about the same height."""
    heights = [table.plain.count("\n") + 2 for table in tables]
    best = min(range(len(tables) + 1), key=lambda n: max(sum(heights[:n]), sum(heights[n:])))
    return tables[:best], tables[best:]


def table(heading: str, group: list[keys.Key], overrides: Mapping[str, str], width: int) -> Content:
    """One group of keys: the keys in a column, and what they do next to them."""
    rows = [Content.styled(heading, "bold $text-accent")]
    subheading = ""
    for state, run in groupby(group, _state):
        same_state = list(run)
        common_state = state if len(same_state) >= _MANY else ""
        if common_state or subheading:
            rows.append(Content.styled(f"{common_state or 'otherwise'}:", f"italic {text.MUTED}"))
        subheading = common_state
        for key in same_state:
            names = keys.keys_of(key, overrides)
            shown = " ".join(key_names.display(name) for name in names[:2])
            when = f" ({state})" if state and not common_state else ""
            rows += _row(shown, key.description.rstrip(".") + when, width)
    return Content("\n").join(rows)


def _state(key: keys.Key) -> str:
    return next((STATES[when] for when in key.when if when in STATES), "")


def _row(shown_keys: str, description: str, width: int, indent: int = 17) -> list[Content]:
    if len(shown_keys) >= indent:
        shown_keys = shown_keys.split(" ")[0]
    lines = Content.styled(description, text.MUTED).wrap(max(8, width - indent))
    first = Content.assemble((shown_keys.ljust(indent), "bold $text-primary"), lines[0])
    return [first, *(Content(" " * indent) + line for line in lines[1:])]
