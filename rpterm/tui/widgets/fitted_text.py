"""Text with links that all look the same, and text that is laid out for its width."""

from __future__ import annotations

from textual.content import Content
from textual.dom import DOMNode
from textual.widgets import Static

from rpterm.tui import keys, text


def command_link(node: DOMNode, name: str, action: str, label: str = "") -> Content:
    """A command's key and label, or another label; a click on them runs the action."""
    key = keys.short_key_name(name, keys.of_user(node))
    return text.key_link(key, label or keys.BY_ID[name].label, action)


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
