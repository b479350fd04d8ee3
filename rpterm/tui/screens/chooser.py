"""A list dialog with a search line: typing filters the list, Enter chooses.

Chats, characters, branches, greetings, personas, themes and more are chosen with it. It knows none
of them: the caller or a subclass provides the choices.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import ClassVar, NamedTuple

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from rpterm.tui import keys, markup, text
from rpterm.tui.screens.dialog import Dialog, errors_as_notices, framed
from rpterm.tui.widgets.long_list import LongList, heading
from rpterm.tui.widgets.text_inputs import JoinerInput


class Choice(NamedTuple):
    """An entry of the list.

    Attributes:
        title: The main text.
        suffix: Muted text right after the title, which is shortened for it.
        detail: Muted text on a line below.
        right: Muted text at the right end of the first line.
        indent: Spaces or a tree drawing before the title.
        whole: Whether to show the title in full, styled as role-play.
        said: Whether the title is something that was said, not a name.
        unseen: What a search finds besides the texts shown.
        group: The heading above it and the neighbours of the same group; "" is none.
    """

    id: str
    title: str
    detail: str = ""
    right: str = ""
    indent: str = ""
    whole: bool = False
    said: bool = False
    suffix: str = ""
    unseen: str = ""
    group: str = ""

    @property
    def searched(self) -> str:
        """What a search looks in, in lower case."""
        return f"{self.title} {self.suffix} {self.detail} {self.unseen}".casefold()

    def heading(self, width: int, style: str = "") -> Content:
        """The title and the suffix in ``width`` cells; the suffix gets half of them at most."""
        after = f"  ·  {text.one_line(self.suffix)}" if self.suffix else ""
        suffix = Content.styled(after, text.MUTED).truncate(width // 2, ellipsis=True)
        title = highlighted(self.title).stylize_before(style)
        return title.truncate(width - suffix.cell_length, ellipsis=True) + suffix


class ChooserResult(NamedTuple):
    """What the user decided.

    Attributes:
        action: ``open``, ``new``, ``rename``, ``delete`` or ``default``.
        id: The id of the choice.
        near: The id of a neighbouring choice, to highlight once this one is deleted.
    """

    action: str
    id: str = ""
    near: str = ""


class Chooser(Dialog[ChooserResult]):
    """A dialog to choose from a list."""

    DEFAULT_CSS = """
    Chooser {
        align: center top;
        #box { margin: 2 0 0 0; }
        #search { dock: top; margin: 0 0 1 0; }
        &.-short #box { height: 100%; margin: 0; }
        &.-short #search { height: 1; margin: 0; border: none; }
        #none { color: $text-muted; padding: 0 1; display: none; }
        &.-none #none { display: block; }
        &.-none OptionList { display: none; }
    }
    """
    AUTO_FOCUS = "#search"
    BINDINGS: ClassVar[list[BindingType]] = [
        ("down", "move(1)", ""), ("up", "move(-1)", ""),
        ("pagedown", "move(8)", ""), ("pageup", "move(-8)", ""),
    ]  # fmt: skip
    width_beside = 0
    """Cells that a subclass uses next to the list."""

    def __init__(
        self,
        title: str,
        choices: Sequence[Choice],
        *,
        marked: str = "",
        at: str = "",
        actions: Sequence[str] = (),
        empty: str = "Nothing here yet.",
        placeholder: str = "Type to search",
        takes: str = "open",
    ) -> None:
        """Create the dialog.

        Args:
            marked: The id of the current choice, which gets a dot.
            at: The id of the choice to highlight first, if it is not the marked one.
            actions: Ids of the commands on choices that are offered: ``list-new`` and so on.
            empty: Shown if no choice matches.
            takes: A verb for what Enter does, for the hints.
        """
        super().__init__()
        self._heading, self._choices, self._marked = title, list(choices), marked
        self._shown = self._choices
        self._at = at or marked
        self._allowed = tuple(actions)
        self._empty, self._placeholder, self._takes = empty, placeholder, takes

    def compose(self) -> ComposeResult:
        with framed(Vertical(id="box"), self._heading, *self._hints()):
            yield JoinerInput(placeholder=self._placeholder, id="search")
            yield Static(self._empty, id="none", markup=False)
            yield LongList(id="list")
            yield from self.below()

    def below(self) -> ComposeResult:
        """Widgets below the list, for subclasses."""
        yield from ()

    def on_mount(self) -> None:
        keys.bind(self, keys.of_scope("list"))
        self.list.can_focus = False

    @property
    def list(self) -> LongList:
        return self.query_one("#list", LongList)

    def on_resize(self) -> None:
        self.call_after_refresh(self._redraw)

    def _redraw(self) -> None:
        """Lay the lines out again for the new width."""
        option = self.list.highlighted_option
        self.fill(self._shown, option.id if option is not None else None)

    def fill(self, choices: Sequence[Choice], at: str | None = None) -> None:
        """Show these choices, with one of them highlighted."""
        self._shown = list(choices)
        width = max(10, self.query_one("#search").outer_size.width - 2 - self.width_beside)
        ids, at = [choice.id for choice in self._shown], at or self._at
        place = ids.index(at) if at in ids else 0
        groups = ["", *(choice.group for choice in self._shown[: place + 1])]
        headings = sum(above != below for above, below in pairwise(groups))
        self.list.fill(self._rows(width), place + headings)
        self.set_class(not ids, "-none")

    def _rows(self, width: int) -> Iterator[Option]:
        group = ""
        for choice in self._shown:
            if choice.group != group:
                group = choice.group
                yield heading(group)
            yield Option(self.line(choice, width), id=choice.id)

    def line(self, choice: Choice, width: int) -> Content:
        """The content of a choice in a list that is ``width`` cells wide."""
        if choice.whole:
            return markup.roleplay(choice.title) + Content("\n")
        mark = ("● ", "$text-accent") if choice.id == self._marked else ("  ", "")
        right = Content.styled(choice.right, text.MUTED).truncate(width // 2, ellipsis=True)
        title_width = max(8, width - right.cell_length - len(choice.indent) - 6)
        title = choice.heading(title_width, "bold" if choice.detail else "")
        head = Content.assemble(mark, (choice.indent, text.FAINT), title)
        line = text.justify(head, right, width - 1)
        if choice.detail:
            detail = highlighted(choice.detail).stylize_before(text.MUTED)
            detail = detail.truncate(max(8, width - 4), ellipsis=True)
            line = Content.assemble(line, "\n  ", " " * len(choice.indent), detail)
        return line

    @on(Input.Changed)
    async def narrow(self) -> None:
        """Show the choices that match the search, with the best one highlighted."""
        with errors_as_notices(self):
            query = self.query_one("#search", Input).value
            found = await self.matching(query)
            self.fill(found, found[0].id if found and query.strip() else None)

    async def matching(self, query: str) -> Sequence[Choice]:
        """The choices that contain every word of the query."""
        words = query.casefold().split()
        return [
            choice for choice in self._choices if all(word in choice.searched for word in words)
        ]  # fmt: skip

    @on(Input.Submitted)
    def entered(self) -> None:
        self._finish("open")

    @on(OptionList.OptionSelected)
    def clicked(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(ChooserResult("open", event.option.id or ""))

    def action_move(self, by: int) -> None:
        """Move the highlight by some lines."""
        rows = [at for at, option in enumerate(self.list.options) if not option.disabled]
        if rows:
            at = rows.index(self.list.highlighted) if self.list.highlighted in rows else 0
            self.list.highlighted = rows[max(0, min(len(rows) - 1, at + by))]

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return parameters[0] in self._allowed if action == "command" and parameters else True

    def action_command(self, name: str) -> None:
        self._finish(name.removeprefix("list-"))

    def _finish(self, action: str) -> None:
        option = self.list.highlighted_option
        if action == "new":
            self.dismiss(ChooserResult("new"))
        elif option is not None and option.id is not None:
            self.dismiss(ChooserResult(action, option.id, self._neighbour(option.id)))

    def _neighbour(self, choice: str) -> str:
        """The id of the choice below this one, or else above it."""
        ids = [each.id for each in self._shown]
        at = ids.index(choice)
        neighbours = [*ids[at + 1 : at + 2], *ids[max(0, at - 1) : at]]
        return neighbours[0] if neighbours else ""

    def _hints(self) -> Sequence[str]:
        hints = [f"⏎ {self._takes}"]
        for name in self._allowed:
            key = keys.short_key_name(name, keys.of_user(self))
            hints.append(f"{key} {keys.BY_ID[name].label}")
        return [*hints, "Esc leave"]


def highlighted(snippet: str) -> Content:
    """A snippet on one line, with its search hits highlighted: \\x02 and \\x03 enclose each hit."""
    parts: list[str | tuple[str, str]] = []
    for index, piece in enumerate(snippet.replace("\n", " ").split("\x02")):
        hit, _, rest = piece.rpartition("\x03") if index else ("", "", piece)
        parts += [(text.one_line(hit), "bold $text-accent")] if hit else []
        parts.append(text.harmless(rest))
    return Content.assemble(*parts)
