"""The base class of the review and the duel screen: verdicts, head line, scrolling, hint clicks."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from rpterm.tui import text
from rpterm.tui.screens.dialog import DismissOnce

if TYPE_CHECKING:
    from rpterm.store.judgement_records import Verdict

VERDICTS: Mapping[str, Verdict] = {
    "duel-left": "left", "duel-right": "right", "duel-tie": "tie", "duel-bad": "both_bad",
}  # fmt: skip


class JudgingScreen(DismissOnce[None]):
    """A screen with a head line ``#top``, the replies in ``#middle``, and hints; one key judges."""

    DEFAULT_CSS = """
    JudgingScreen {
        background: $background;
        #top { height: 1; padding: 0 2; background: $surface; color: $text-muted; }
        #middle { height: 1fr; align-horizontal: center; scrollbar-size-vertical: 1; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("pageup", "page(-1)", "up", show=False),
        Binding("pagedown", "page(1)", "down", show=False),
    ]
    AUTO_FOCUS = ""

    @abstractmethod
    async def action_command(self, name: str) -> None:
        """Run a command of the key registry."""

    def action_page(self, by: int) -> None:
        """Scroll long replies by pages."""
        middle = self.query_one("#middle", VerticalScroll)
        middle.scroll_relative(y=by * max(1, middle.size.height - 2), animate=False)

    def head(self, place: str, about: str, right: str) -> None:
        """Show the position in the queue, what is judged, and a text on the right."""
        width = self.size.width - 4
        left = Content.assemble((place, "bold $text-primary"), (f"  ·  {about}", text.MUTED))
        left = left.truncate(max(1, width - Content(right).cell_length - 2), ellipsis=True)
        self.query_one("#top", Static).update(text.justify(left, right, width, 2))

    def action_hint(self, name: str) -> None:
        """Run the command of the hint that was clicked."""
        if name == "help":
            self.app.action_command("help")  # type: ignore[attr-defined]
        else:
            self.run_worker(self.action_command(name))
