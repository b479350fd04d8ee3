"""An unobtrusive block in the transcript that says what went wrong; a click shows the log."""

from __future__ import annotations

from textual.content import Content
from textual.geometry import Size
from textual.widgets import Static

from rpterm.tui import text


class ErrorBlock(Static):
    """An error message and the foldable tail of a log."""

    DEFAULT_CSS = """
    ErrorBlock {
        margin: 0 2 1 2;
        link-style: none; link-style-hover: bold; link-color: $text-muted;
        link-color-hover: $accent; link-background-hover: $background;
        padding: 0 1;
        border-left: outer $error;
        background: $error 8%;
    }
    """

    def __init__(self, message: str, log_tail: str = "") -> None:
        super().__init__(markup=False)
        self.message, self._log, self._open = message, log_tail, False

    def on_mount(self) -> None:
        self._draw()

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Subtract the horizontal margin, which the stream layout of Textual 8.2.8 ignores."""
        return super().get_content_height(container, viewport, width - self.styles.margin.width)

    def action_unfold(self) -> None:
        """Show or hide the log."""
        self._open = not self._open
        self._draw()

    def _draw(self) -> None:
        block = Content.assemble(("✗ ", "$text-error"), text.harmless(self.message))
        if self._log:
            label = "▾ log" if self._open else "▸ log"
            block = block + Content("\n") + text.link(label, "unfold", text.MUTED)
        if self._open:
            block = block + Content("\n") + Content.styled(text.harmless(self._log), text.MUTED)
        self.update(block)
