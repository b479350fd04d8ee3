"""The Examples pane: the example dialogues for the model, which ones are used, and why.

Shows the rows it is given in the order of the prompt, then those that are left out. Its keys run
commands of the key registry on the marked row. Knows no store and no engine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static
from textual.widgets.option_list import Option

from rpterm.tui import keys, markup, text
from rpterm.tui.widgets.fitted_text import command_link
from rpterm.tui.widgets.long_list import heading
from rpterm.tui.widgets.panes.list_pane import FoldingPane, Links, PaneList, pane_action

if TYPE_CHECKING:
    from rpterm.examples.records import Row

_MARKS = {
    "pinned": ("◆", "$text-accent"), "card": ("▪", "$text-primary"), "turn": ("▸", "$text-accent"),
    "out": ("·", text.MUTED), "excluded": ("✗", "$text-error"),
}  # fmt: skip
_HEADINGS = {
    "pinned": "always in the prompt", "card": "always in the prompt",
    "turn": "chosen for this turn",
    "out": "left out", "excluded": "left out",
}  # fmt: skip
_SOURCES = {"card": "card", "starred": "starred", "mined": "scored well"}
_INDENT = " " * 5
"""Below the source, which follows the number and the mark."""
MOST_A_TURN = 8
_CELLS = 12
"""Width of the budget slider."""
_LINKED = ("example-pin", "example-exclude", "example-edit", "example-aside", "example-undo")


@dataclass(frozen=True, slots=True)
class ExampleSizes:
    """The settings of the two sliders.

    Attributes:
        k: Number of examples chosen anew for each turn.
        budget: Token budget of the fixed examples.
        usual: Whether the budget is the default.
        used: Tokens of the examples in the prompt.
        most: Tokens at the end of the budget slider.
    """

    k: int = 0
    budget: int = 0
    usual: bool = True
    used: int = 0
    most: int = 0

    @property
    def chosen(self) -> int:
        """The budget that the user chose, or 0 for the default."""
        return 0 if self.usual else self.budget

    @property
    def cell(self) -> int:
        """The position of the budget slider."""
        return min(_CELLS, round(_CELLS * self.budget / self.most)) if self.most else 0


class ExamplesPane(FoldingPane):
    """Two sliders at the top, the list below."""

    def __init__(self, slide: Callable[[int | None, float | None], object]) -> None:
        """``slide`` is called with a new number per turn, or a budget as a share of the most."""
        super().__init__("examples")
        self._slide = slide
        self._rows: dict[str, Row] = {}
        self.sizes = ExampleSizes()
        self._problem = "Waiting for the model…"
        self._renamed: dict[str, str] = {}

    def compose(self) -> ComposeResult:
        yield Links(id="examples-head")
        yield PaneList()
        yield Links(id="examples-keys")

    @property
    def row(self) -> Row | None:
        """The marked row, which the keys act on."""
        return self._rows.get(self.listed.marked)

    def show(self, rows: Sequence[Row], sizes: ExampleSizes, problem: str = "") -> None:
        """Show these examples, or the problem why there are none."""
        by_key = {row.exemplar.key: row for row in rows}
        if (by_key, list(by_key), sizes, problem) != (
            self._rows, list(self._rows), self.sizes, self._problem,
        ):  # fmt: skip
            self._rows, self.sizes, self._problem = by_key, sizes, problem
            self.draw()

    def renamed(self, old: str, new: str) -> None:
        """Keep an example marked whose key has changed, also if the change is undone."""
        self._renamed |= {old: new, new: old}
        self._unfolded |= {new} if old in self._unfolded else set()

    def action_k(self, cell: int) -> None:
        self._slide(cell - (cell == self.sizes.k), None)

    def action_budget(self, cell: int) -> None:
        self._slide(None, (cell - (cell == self.sizes.cell)) / _CELLS)

    def _draw(self) -> None:
        self.query_one("#examples-head", Static).update(self._head(self.width))
        self.query_one("#examples-keys", Static).update(self._links())
        self.listed.refill(self._options(), self._row_to_mark)

    def _row_to_mark(self, before: str) -> str:
        """The previously marked row, even under a new key, or the first one."""
        key = before if before in self._rows else self._renamed.get(before, "")
        return key if key in self._rows else next(iter(self._rows), "")

    def _head(self, width: int) -> Content:
        sizes = self.sizes
        title = Content.styled("Examples", "bold $text-primary")
        if self._problem:
            return title + Content("\n\n") + Content.styled(self._problem, text.MUTED)
        tokens = f"{sizes.used:,} tokens"
        default = " default" if sizes.usual else ""
        rows = [
            text.justify(title, (tokens, text.MUTED), width, 2), Content(""),
            self._slider("per turn", "fewer more", "k", sizes.k, MOST_A_TURN, f"{sizes.k}"),
            self._slider("budget", "smaller larger", "budget", sizes.cell, _CELLS,
                         f"{sizes.budget:,}{default}"),
        ]  # fmt: skip
        if note := self._note():
            rows.append(Content.styled(note, f"italic {text.MUTED}"))
        return Content("\n").join(rows)

    def _note(self) -> str:
        """Why there are no examples, or none chosen for this turn; else ""."""
        places = {row.place for row in self._rows.values()}
        if not places:
            key = keys.short_key_name("keep-example", keys.of_user(self))
            return f"There are no examples yet. {key} saves a good exchange as one."
        if not self.sizes.k or "turn" in places:
            return ""
        if places <= {"out", "excluded"}:
            return "None of these is in the prompt; each one says why."
        return "Nothing is left to choose for this turn: all that fits is in the prompt already."

    def _slider(
        self, label: str, ends: str, action: str, value: int, cells: int, figure: str
    ) -> Content:
        """A slider: a click on a cell sets the value; the keys at its ends change it by one."""
        down, up = (
            text.link(
                keys.short_key_name(name, keys.of_user(self)), pane_action("command", name), "bold"
            )
            for name in (f"example-{end}" for end in ends.split())
        )
        bar = [
            text.link("━" if at <= value else "─", pane_action(action, at),
                      "$text-primary" if at <= value else text.FAINT)
            for at in range(1, cells + 1)
        ]  # fmt: skip
        padded_label = Content.styled(f"{label:<9}", text.MUTED)
        return Content.assemble(padded_label, down, " ", *bar, " ", up, f"  {figure}")

    def _links(self) -> Content:
        names = _LINKED if self._rows else ()
        links = (command_link(self, name, pane_action("command", name)) for name in names)
        return text.flow(links, self.width)

    def _options(self) -> Iterable[Option]:
        title = ""
        for row in self._rows.values():
            if _HEADINGS[row.place] != title:
                title = _HEADINGS[row.place]
                yield heading(title)
            key = row.exemplar.key
            yield Option(self._row(key) or "", id=key)

    def _row(self, key: str) -> Content | None:
        if (row := self._rows.get(key)) is None:
            return None
        open_, width = key in self._unfolded, self.width
        mark, style = _MARKS[row.place]
        order = f"{row.order:>2} " if row.order else " – "
        name = _SOURCES[row.exemplar.source]
        name += f" {row.exemplar.number}" if row.exemplar.number else ""
        similarity = f"{row.meaning or 0:.2f}"
        similar = f"similar {similarity}  " if similarity != "0.00" else ""
        right = f"{similar}{row.tokens:>5,}"
        left = Content.assemble((order, text.FAINT), (f"{mark} ", style), name)
        lines = [text.justify(left, (right, text.MUTED), width)]
        if open_:
            lines += _dialogue(row, width)
        else:
            first_words = text.one_line(row.exemplar.reply, 120)
            lines.append(Content.styled(_INDENT + first_words, "$foreground 80%").truncate(
                width, ellipsis=True))  # fmt: skip
        if row.place in ("out", "excluded") or open_:
            why = Content.styled(row.why, f"italic {text.MUTED}")
            lines.append(text.hang(why, width, _INDENT))
        return Content("\n").join(lines)


def _dialogue(row: Row, width: int) -> list[Content]:
    shown = []
    for who, line in row.exemplar.example.dialogue:
        style = "$text-secondary" if who == "user" else "$text-primary"
        name = "You" if who == "user" else "They"
        said = Content.assemble((f"{name}: ", style), markup.roleplay(line))
        shown.append(text.hang(said, width, _INDENT))
    return shown
