"""Text with links that all look the same, and text that is laid out for its width."""

from __future__ import annotations

from textual.widgets import Static


class LinkedText(Static):
    """Text whose links are muted until the pointer is on them."""

    DEFAULT_CSS = """
    LinkedText {
        height: auto; link-style: none; link-style-hover: none; link-color: $text-muted;
        link-color-hover: $foreground; link-background-hover: $panel;
    }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, markup=False)


class FittedText(LinkedText):
    """Text that is drawn again whenever its width changes."""

    def on_resize(self) -> None:
        self._draw()

    def _draw(self) -> None:
        raise NotImplementedError
