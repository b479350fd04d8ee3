"""What panes are made of: their list, and lines whose links do something in the pane."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from textual.binding import BindingsMap
from textual.containers import Vertical
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from rpterm.tui import keys


def pane(action: str, value: str | int) -> str:
    """What a link in ``Links`` does: an action of the pane around it."""
    return f"pane({action!r}, {value!r})"


class Links(Static):
    """Lines that stand in a pane, whose links are actions of the pane."""

    def action_pane(self, action: str, value: str | int) -> None:
        getattr(self.parent, f"action_{action}")(value)


class PaneList(OptionList):
    """Rows that may be headings (disabled) or choices, without a frame.

    Nothing looks marked until the list has the keys.
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

    def __init__(self) -> None:
        super().__init__(markup=False)

    @property
    def marked(self) -> str:
        """The id of the row that is marked, or ""."""
        option = self.highlighted_option
        return (option.id or "") if option is not None else ""

    def refill(self, options: Iterable[Option], mark: Callable[[str], str]) -> None:
        """Show these rows instead, scrolled as far as before.

        Args:
            mark: Gives the id of the row to mark, or "", by that of the one marked before. It is
                asked when all ``options`` were taken.
        """
        before, top = self.marked, self.scroll_y
        self.set_options(options)
        if wanted := mark(before):
            self.highlighted = self.get_option_index(wanted)
        self.scroll_to(y=top, animate=False)


class ListPane(Vertical):
    """A pane of a list and what stands around it, which is drawn again at every size."""

    def __init__(self, name: str, overrides: Mapping[str, str] | None = None) -> None:
        """``overrides`` are the user's own keys; the pane has those of the scope of its name."""
        super().__init__(name=name)
        self._overrides = overrides or {}
        own = BindingsMap(keys.bindings(name, overrides))
        self._bindings = BindingsMap.merge([self._bindings, own])

    def on_mount(self) -> None:
        self.draw()

    def on_resize(self) -> None:
        self.draw()

    @property
    def listed(self) -> PaneList:
        return self.query_one(PaneList)

    @property
    def width(self) -> int:
        """Cells of a row: the list keeps one for its bar and one at either side."""
        return max(20, self.size.width - 3)

    def draw(self) -> None:
        """Show what there is, once there is room."""
        if self.is_attached and self.size.width:
            self._draw()

    def _draw(self) -> None:
        raise NotImplementedError
