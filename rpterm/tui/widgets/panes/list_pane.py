"""Base classes of the panes: with a list, with one that unfolds, and lines with links."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from textual import on
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from rpterm.tui import keys
from rpterm.tui.widgets.fitted_text import LinkedText
from rpterm.tui.widgets.long_list import LongList


def pane_action(action: str, value: str | int) -> str:
    """The action of a link in ``Links``: it runs an action of the pane that contains it."""
    return f"pane({action!r}, {value!r})"


class Links(LinkedText):
    """Lines in a pane whose links run actions of the pane."""

    def action_pane(self, action: str, value: str | int) -> None:
        getattr(self.parent, f"action_{action}")(value)


class PaneList(LongList):
    """A list without a frame whose rows are headings (disabled) or options.

    The marked row is highlighted only while the list has the focus.
    """

    DEFAULT_CSS = """
    PaneList {
        height: 1fr; padding: 0; border: none; background: $background;
        scrollbar-size-vertical: 1;
        &:focus { border: none; background-tint: transparent; }
        & > .option-list--option { padding: 0 1; }
        & > .option-list--option-disabled { color: $text-muted; }
        & > .option-list--option-highlighted { background: transparent; color: $foreground;
            text-style: none; }
        &:focus > .option-list--option-highlighted { background: $block-cursor-background; }
    }
    """

    @property
    def marked(self) -> str:
        """The id of the marked row, or ""."""
        option = self.highlighted_option
        return (option.id or "") if option is not None else ""

    def refill(self, options: Iterable[Option], mark: Callable[[str], str]) -> None:
        """Replace the rows and keep the scroll position, with the marked row in view at the top.

        Args:
            options: The new rows.
            mark: Maps the id of the previously marked row to the id of the row to mark, or "". It
                is called after all ``options`` were consumed.
        """
        before, scroll_y = self.marked, self.scroll_y
        self.set_options(options)
        if row_id := mark(before):
            self.highlighted = self.get_option_index(row_id)
        self.scroll_to(y=scroll_y, animate=False)
        if scroll_y == 0:  # Elsewhere the user may have scrolled away from the marked row.
            self.scroll_to_highlight()


class ListPane(Vertical):
    """A pane with a list and surrounding lines, redrawn whenever its size changes.

    Its name is also the scope of its keys.
    """

    DEFAULT_CSS = "ListPane > Static { height: auto; padding: 0 2 0 1; }"

    def on_mount(self) -> None:
        keys.bind(self, keys.of_scope(self.name or ""))
        self.draw()

    def on_resize(self) -> None:
        self.draw()

    def action_command(self, name: str) -> None:
        """Run a command of the pane, which acts on the marked row."""
        self.screen.command(name)  # type: ignore[attr-defined]

    @property
    def listed(self) -> PaneList:
        return self.query_one(PaneList)

    @property
    def width(self) -> int:
        """Cells of a row: the list needs one for its scrollbar and one on each side."""
        return max(20, self.size.width - 3)

    def draw(self) -> None:
        """Draw the pane while it is mounted, has a size and is not being removed."""
        if self.is_attached and self.display and self.size.width:
            self._draw()

    def _draw(self) -> None:
        raise NotImplementedError


class FoldingPane(ListPane):
    """A pane whose rows show more when Enter or a click unfolds them."""

    def __init__(self, name: str) -> None:
        super().__init__(name=name)
        self._unfolded: set[str] = set()

    @on(OptionList.OptionSelected)
    def fold(self, event: OptionList.OptionSelected) -> None:
        """Unfold the chosen row, or fold it again."""
        event.stop()
        key = event.option.id or ""
        self._unfolded ^= {key}
        if (row := self._row(key)) is not None:
            event.option_list.replace_option_prompt(key, row)

    def _row(self, key: str) -> Content | None:
        """The row of this id, unfolded if it is in ``_unfolded``; ``None`` if it is gone."""
        raise NotImplementedError
