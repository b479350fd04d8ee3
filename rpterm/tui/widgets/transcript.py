"""A window on the current branch: its last turns, and older ones as the user scrolls up.

It owns the turn views and the selection. It shows the turns it is given and requests older ones
with a message. ``anchor`` keeps the end in view until the user scrolls away.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

from textual.containers import VerticalScroll
from textual.geometry import Size
from textual.layouts.stream import StreamLayout
from textual.message import Message
from textual.widget import Widget

from rpterm.cards.card import CharacterCard
from rpterm.tui.widgets.title_page import TitlePage
from rpterm.tui.widgets.turn import TurnView
from rpterm.types import Turn

SMALLEST = 8
"""Rows that must be free for the title page."""


class Transcript(VerticalScroll, can_focus=True):
    """The title page, the turns, oldest first, and what is mounted below them."""

    DEFAULT_CSS = """
    Transcript {
        layout: stream;
        height: 1fr;
        padding: 1 0 0 0;
        scrollbar-size-vertical: 1;
        background: $background;
    }
    """

    FOCUS_ON_CLICK = False
    """A click on a turn selects it; any other leaves the focus to the input."""

    class HistoryRequested(Message):
        """The user scrolled to the first loaded turn, and there are older ones."""

    def __init__(self, views: Sequence[TurnView] = (), *, id: str | None = None) -> None:
        """``views`` are shown in the first frame."""
        self._title = TitlePage()
        super().__init__(self._title, *views, id=id)
        self._views: list[TurnView] = list(views)
        self._lock = asyncio.Lock()
        self.has_more = False
        self.selected: Turn | None = None
        self._marks: Mapping[int, str] = {}
        self._introduction: tuple[CharacterCard, str, Path | None] | None = None
        self._replacement: Widget | None = None
        """The widget shown in the place of a hidden view."""

    def on_mount(self) -> None:
        self.anchor()

    @property
    def turns(self) -> list[Turn]:
        """The loaded turns, oldest first."""
        return [view.turn for view in self._views]

    def view(self, turn_id: int) -> TurnView | None:
        """The view of a turn, if it is loaded."""
        return next((view for view in reversed(self._views) if view.turn.id == turn_id), None)

    async def show(self, tail: Sequence[Turn], *, more: bool) -> None:
        """Show ``tail`` at the end of the transcript; existing views are reused.

        Args:
            tail: The last turns of the path.
            more: Whether the path has older turns.
        """
        async with self._lock:
            kept = kept_before(self.turns, tail)
            if kept == 0:
                self.has_more = more
            reused = self._views[kept : kept + len(tail)]
            surplus = self._views[kept + len(tail) :]
            added = [TurnView(turn) for turn in tail[len(reused) :]]
            self._views = [*self._views[:kept], *reused, *added]
            with self.app.batch_update():
                for view, turn in zip(reused, tail, strict=False):
                    view.show(turn)
                if surplus:
                    await self.remove_children(surplus)
                if added:
                    await self.mount_all(added, after=self._last_view(reused, kept))
            self._restore_selection()
            self.rate(self._marks)

    def rate(self, marks: Mapping[int, str]) -> None:
        """Show the ratings of turns in their headers, by turn id; other turns show none."""
        self._marks = marks
        for view in self._views:
            view.rate(marks.get(view.turn.id, ""))

    def introduce(self, card: CharacterCard, user: str, portrait: Path | None) -> None:
        """Show the title page above the first turn if that leaves all turns in view."""
        self._introduction = card, user, portrait
        free = self.size.height - sum(map(self._height_of, self._views)) - 2
        shown = portrait if free >= SMALLEST and not self.has_more else None
        self._title.show(card, user, shown, free)

    def _height_of(self, view: TurnView) -> int:
        """Rows of a view with its margin, also before the first layout."""
        width = self.content_size.width - view.gutter.width
        return view.get_content_height(self.size, self.size, width) + 1

    async def prepend(self, turns: Sequence[Turn], *, more: bool) -> None:
        """Add older turns at the top without moving the visible text."""
        async with self._lock:
            self.has_more = more
            if not turns:
                return
            added = [TurnView(turn) for turn in turns]
            first = self._views[0] if self._views else None
            old_height, old_scroll = self.virtual_size.height, self.scroll_y
            self._views = [*added, *self._views]
            await self.mount_all(added, before=first)
            self.rate(self._marks)

            def keep_position() -> None:
                added_height = self.virtual_size.height - old_height
                self.scroll_to(y=old_scroll + added_height, animate=False, immediate=True)

            self.call_after_refresh(keep_position)

    async def trim(self, limit: int) -> None:
        """Unload views far above the end; they are loaded again when the user scrolls there."""
        async with self._lock:
            if len(self._views) > limit * 2:
                old, self._views = self._views[:-limit], self._views[-limit:]
                self.has_more = True
                await self.remove_children(old)

    def _size_updated(
        self, size: Size, virtual_size: Size, container_size: Size, layout: bool = True
    ) -> bool:
        # When only the text grew, Textual 8.2.8 has already placed it correctly, but would lay
        # out everything a second time.
        grown = size == self.outer_size and container_size == self.container_size
        return super()._size_updated(
            size, virtual_size, container_size, layout=layout and not grown
        )

    def scroll_to_end(self) -> None:
        """Scroll to the end and stay there."""
        self.anchor()

    def release_anchor(self) -> None:
        """Keep the anchor while everything fits: there is nothing to scroll away from."""
        if self.max_scroll_y > 0:
            super().release_anchor()

    async def replace_view(self, old: Widget, new: Widget | None) -> None:
        """Hide a view and show another widget in its place, or show the view again."""
        old.display = new is None
        self._replacement = new
        if new is not None:
            await self.mount(new, after=old)
        self._invalidate_layout()

    def _invalidate_layout(self) -> None:
        # When a widget replaces one of a different height, the stream layout of Textual 8.2.8
        # would place the widgets below by its cache.
        if isinstance(self.layout, StreamLayout):
            self.layout._cached_placements = None
        self._clear_arrangement_cache()
        self.refresh(layout=True)

    def on_resize(self) -> None:
        if self._introduction is not None and len(self._views) <= 1:
            self.introduce(*self._introduction)
        if self._replacement is not None:
            self._invalidate_layout()  # Its maximum height depends on that of the transcript.
        self.call_after_refresh(self._scroll_to_target)

    def _scroll_to_target(self) -> None:
        """Keep the edited or selected turn in view, because keys act on it."""
        selected = self.view(self.selected.id) if self.selected is not None else None
        if (target := self._replacement or selected) is not None:
            self.scroll_to_widget(target, animate=False)

    # Selection ---------------------------------------------------------------------------------
    def select(self, turn: Turn | None) -> None:
        """Select a turn, or none."""
        for view in self._views:
            view.set_class(turn is not None and view.turn.id == turn.id, "-selected")
        self.selected = turn
        if turn is not None and (selected := self.view(turn.id)) is not None:
            self.scroll_to_widget(selected, animate=False)

    def step(self, by: int) -> Turn | None:
        """The turn above (-1) or below (+1) the selected one; without a selection, the last one."""
        turns = [turn for turn in self.turns if turn.id > 0]
        if not turns:
            return None
        ids = [turn.id for turn in turns]
        if self.selected is None or self.selected.id not in ids:
            return turns[-1] if by < 0 else None
        index = ids.index(self.selected.id) + by
        return turns[max(0, index)] if index < len(turns) else None

    def _restore_selection(self) -> None:
        if self.selected is not None:
            view = self.view(self.selected.id)
            self.selected = view.turn if view else None
            for other in self._views:
                other.set_class(other is view, "-selected")

    # History -----------------------------------------------------------------------------------
    _history_requested = False

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        if new_value <= 2 < old_value or (new_value <= 0 and new_value != old_value):
            self.request_history()

    def request_history(self) -> None:
        """Request older turns, unless a request is already pending."""
        if self.has_more and not self._history_requested and self._views:
            self._history_requested = True
            self.post_message(self.HistoryRequested())

    def history_answered(self) -> None:
        """The request for older turns was answered or failed, so that it may be repeated."""
        self.call_after_refresh(setattr, self, "_history_requested", False)

    def _last_view(self, reused: Sequence[TurnView], kept: int) -> Widget | None:
        if reused:
            return reused[-1]
        return self._views[kept - 1] if kept else None


def kept_before(shown: Sequence[Turn], tail: Sequence[Turn]) -> int:
    """How many of the loaded turns stay above a new tail of the path.

    Turns above the first one of the tail stay if that turn, or a sibling of it, is already loaded.

    Args:
        shown: The loaded turns, oldest first.
        tail: The last turns of the new path.

    Returns:
        An index into ``shown``; 0 if nothing matches and all turns must be replaced.
    """
    if not tail:
        return 0
    first = tail[0]
    for index in range(len(shown) - 1, -1, -1):
        turn = shown[index]
        if turn.id == first.id or (
            first.parent_id is not None and turn.parent_id == first.parent_id
        ):
            return index
    if shown and first.parent_id == shown[-1].id:
        return len(shown)
    return 0
