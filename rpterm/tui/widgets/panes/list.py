"""The list of a pane: without a frame, and with a mark only while it has the keys."""

from __future__ import annotations

from textual.widgets import OptionList


class PaneList(OptionList):
    """Rows that may be headings (disabled) or choices; nothing is marked until it is focused."""

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
