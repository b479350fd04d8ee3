"""The tour of the first run: a few short pages that can be read while the model loads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from rpterm.tui import keys, markup
from rpterm.tui.screens.dialog import Dialog, framed


@dataclass(frozen=True, slots=True)
class Page:
    """A page; ``{id}`` in its text is replaced by the key of that command.

    Attributes:
        loading: Added while the model loads.
        starter: Added if the starter model plays.
    """

    title: str
    text: str
    loading: str = ""
    starter: str = ""

    def full_text(self, *, loading: bool, starter: bool) -> str:
        """The text with the additions that apply."""
        more = (self.loading if loading else "", self.starter if starter else "")
        return "\n\n".join(filter(None, (self.text, *more)))


PAGES = (
    Page(
        "Welcome",
        "This is a stage, for you and for characters who live in a model on your own machine. "
        "Nothing you write leaves it.",
        "The model is loading behind this page. You can begin to write at once; your message "
        "waits for it.",
    ),
    Page(
        "Talking",
        '*Write as in a story.* "Speech stands in quotes," *and what you do stands between '
        "asterisks.*\n\n"
        "**{send}** sends, **{newline}** begins a new line, **{stop}** stops a reply and keeps "
        "what is written so far.",
    ),
    Page(
        "Trying again",
        "Not what you hoped for? **{regenerate}** makes another reply, and **{swipe-previous}** "
        "and **{swipe-next}** leaf through all of them: nothing is overwritten. **{candidates}** "
        "makes several at once.\n\n"
        "**{edit-last}** changes what you said last. **{select-previous}** selects any turn, to "
        "edit it or to start a new branch from there.",
    ),
    Page(
        "Looking behind the curtain",
        "**{pane-prompt}** shows what the model reads, piece by piece with its cost, before you "
        "send it. **{pane-card}** shows the character, **{note}** keeps a note in the model's "
        "mind, **{persona}** says who you are.",
    ),
    Page(
        "That is all",
        "Everything is saved as it happens; close the terminal whenever you like.\n\n"
        "**{palette}** finds every command by its name, **{help}** shows all keys. Enjoy.",
        starter="The model that plays now is a small starter: good for trying all this, and a poor "
        "actor. **rpterm models** lists better ones for this machine.",
    ),
)

LOW = 18
"""Below this height, in rows, a page shows only its text."""


class TourScreen(Dialog[None]):
    """The tour; arrow keys and Enter turn the pages, Escape skips it."""

    DEFAULT_CSS = """
    TourScreen {
        #box {
            width: 64; padding: 1 2 1 3; scrollbar-size-vertical: 1; scrollbar-gutter: stable;
        }
        #page { min-height: 9; }
        #dots { margin: 1 0 0 0; text-align: center; color: $text-muted; }
        &.-low #box { padding: 0 2 0 3; }
        &.-low #page { min-height: 1; }
        &.-low #dots { display: none; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,right,space,down", "turn(1)", "next", show=False),
        Binding("left,up,backspace", "turn(-1)", "back", show=False),
    ]

    def __init__(self, typed: Callable[[str], object], *, loading: bool, starter: bool) -> None:
        """Create the tour.

        Args:
            typed: Called with text that is typed over the tour, "\\n" for Enter.
            loading: Whether the model is still loading.
            starter: Whether it is the starter model.
        """
        super().__init__()
        self._typed, self._page = typed, 0
        self._loading, self._starter = loading, starter
        self._writing = False

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="box", can_focus=False):
            yield Static(id="page", markup=False)
            yield Static(id="dots", markup=False)

    def on_mount(self) -> None:
        self._draw()

    def on_resize(self, event: events.Resize) -> None:
        self.set_class(event.size.height < LOW, "-low")

    def action_turn(self, by: int) -> None:
        """Scroll to the rest of the page or turn it; after the last page the tour ends."""
        if self.left or self._scrolled(by):
            return
        if self._page + by >= len(PAGES):
            self.dismiss(None)
            return
        self._page = max(0, self._page + by)
        self._draw()

    def _scrolled(self, by: int) -> bool:
        """Scroll the page; returns whether it could be scrolled in that direction."""
        box = self.query_one("#box", VerticalScroll)
        before = box.scroll_y
        step = by * max(1, box.scrollable_content_region.height - 1)
        box.scroll_to(y=before + step, animate=False, immediate=True)
        return box.scroll_y != before

    def on_key(self, event: events.Key) -> None:
        """Close the tour when the user begins to write, and pass the text on to the input."""
        if not self._writing and keys.is_key_of("help", event.key, keys.of_user(self)):
            event.stop()
            self.app.run_command("help")  # type: ignore[attr-defined]
        elif event.is_printable and event.character and (self.left or event.key != "space"):
            event.stop()
            self._pass_on(event.character)
        elif self._writing and event.key == "enter":
            # Enter arrived before the tour was closed, and ends the message begun here.
            event.stop()
            self._typed("\n")

    def on_paste(self, event: events.Paste) -> None:
        event.stop()
        self._pass_on(event.text)

    def _pass_on(self, written: str) -> None:
        self._writing = True
        self._typed(written)
        self.dismiss()

    def _draw(self) -> None:
        page = PAGES[self._page]
        box = self.query_one("#box")
        is_last = self._page == len(PAGES) - 1
        framed(box, page.title, *(["⏎ begin"] if is_last else ["⏎ next", "← back", "Esc skip"]))
        box.scroll_home(animate=False)
        shown = page.full_text(loading=self._loading, starter=self._starter)
        self.query_one("#page", Static).update(page_text(shown, keys.of_user(self)))
        dots = "  ".join("●" if index == self._page else "○" for index in range(len(PAGES)))
        self.query_one("#dots", Static).update(Content(dots))


def page_text(shown: str, overrides: Mapping[str, str]) -> Content:
    """The text of a page with the keys filled in."""
    for key in keys.KEYS:
        shown = shown.replace("{" + key.id + "}", keys.key_name(key.id, overrides))
    return markup.roleplay(shown)
