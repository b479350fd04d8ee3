"""What panes are made of: their list, and lines whose links do something in the pane."""

from __future__ import annotations

from textual.widgets import OptionList, Static


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
