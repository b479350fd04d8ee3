"""The review screen: rates replies one after the other; close duels are judged as pairs.

One key rates and shows the next reply. Ratings are stored by a lane, in order, so that quick
key presses never wait for the disk. Reading the next reply with a few turns above it takes a
millisecond and is done directly. ``rpterm.preference.review_queue`` decides what is in the queue.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.widget import Widget
from textual.widgets import Static

from rpterm.errors import RptermError, user_message
from rpterm.preference.rating import Mark
from rpterm.preference.review_queue import REVIEWED, Filter, QueueItem, ReviewQueue
from rpterm.tui import keys, text
from rpterm.tui.screens.dialog import errors_as_notices
from rpterm.tui.screens.judging import VERDICTS, JudgingScreen
from rpterm.tui.widgets.candidates import SIDES, Candidates
from rpterm.tui.widgets.hints import KeyHints
from rpterm.tui.widgets.turn import TurnView
from rpterm.tui.worker_thread import WorkerThread

if TYPE_CHECKING:
    from textual import events

    from rpterm.store import Store

RATE = ("stars-1", "stars-2", "stars-3", "stars-4", "stars-5", "thumb-up", "thumb-down", "tags",
        "flag")  # fmt: skip
FIRST = ("judge-skip", "judge-undo", "judge-filter", "judge-more")
"""The hints that a small terminal has room for, next to the stars or verdicts."""
LAST = ("judge-back", "judge-leave")
LITTLE, MUCH = 3, 15
"""The number of turns shown above the reply, collapsed and expanded."""


class ReviewScreen(JudgingScreen):
    """Shows the review queue, one reply or one close duel at a time."""

    DEFAULT_CSS = """
    ReviewScreen {
        #turns { width: 100%; max-width: 96; height: auto; padding: 1 1 0 1; }
        #why { height: 1; padding: 0 2; color: $text-muted; }
        TurnView { text-opacity: 85%; }
        TurnView.-judged { text-opacity: 100%; border-left: outer $accent; }
    }
    """

    def __init__(self, store: Store, wanted: Filter) -> None:
        """``wanted`` limits the queue at first; the user can change it."""
        super().__init__()
        self.review, self.wanted = ReviewQueue(store), wanted
        self._lane = WorkerThread("review", self._failed)
        self._items: list[QueueItem] = []
        self._at = 0
        self._done: list[tuple[int, bool]] = []
        """What can be undone: the index in the queue, and whether it counts as rated."""
        self._rated = 0
        self._started_at = time.monotonic()
        self._above = LITTLE

    def compose(self) -> ComposeResult:
        yield Static(id="top", markup=False)
        with VerticalScroll(id="middle", can_focus=False):
            yield Vertical(id="turns")
        yield Static(id="why", markup=False)
        yield KeyHints(id="hints")

    async def on_mount(self) -> None:
        # In a comparison the arrow keys are verdicts, so these bindings come first.
        keys.bind(self, (*VERDICTS, *RATE, *FIRST, *LAST))
        await self._restart()

    def on_unmount(self) -> None:
        self._lane.finish()
        self._lane.join(20.0)  # Longer than the database waits for another program.

    @property
    def item(self) -> QueueItem | None:
        """The item that is shown; ``None`` at the end of the queue."""
        return self._items[self._at] if 0 <= self._at < len(self._items) else None

    # Commands ----------------------------------------------------------------------------------
    async def action_command(self, name: str) -> None:
        """Run a command of the key registry."""
        await self._guarded(self._run(name))

    async def _guarded(self, work: Awaitable[None]) -> None:
        """Await something; its error becomes a notice."""
        with errors_as_notices(self):
            await work

    async def _run(self, name: str) -> None:
        item, rater = self.item, self.review.rater
        if name == "judge-leave":
            self.run_worker(self._guarded(self._leave()))
        elif name in ("judge-undo", "judge-back", "judge-filter", "judge-more"):
            await self._move(name)
        elif item is None:
            return
        elif item.rival is not None and name in VERDICTS:
            sides, verdict = (item.reply.turn_id, item.rival.turn_id), VERDICTS[name]
            await self._judge(item.mark, partial(rater.duel, *sides, verdict, method=REVIEWED))
        elif name.startswith("stars-"):
            n = int(name.removeprefix("stars-"))
            store = partial(rater.stars, item.reply.turn_id, n)
            await self._judge(replace(item.mark, stars=n), store)
        elif name in ("thumb-up", "thumb-down"):
            up = name == "thumb-up"
            store = partial(rater.thumb, item.reply.turn_id, up)
            await self._judge(replace(item.mark, thumb=up), store)
        elif name == "judge-skip":
            await self._go(1)
        elif name == "tags":
            self.run_worker(self._guarded(self._tag(item)))
        elif name == "flag":
            self.run_worker(self._guarded(self._flag(item)))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Allow stars for a single reply only, and verdicts for a pair only."""
        if action != "command":
            return True
        pair = self.item is not None and self.item.rival is not None
        return parameters[0] not in (RATE if pair else VERDICTS)

    async def _move(self, name: str) -> None:
        if name == "judge-undo":
            await self._undo()
        elif name == "judge-back":
            await self._go(-1)
        elif name == "judge-more":
            self._above = MUCH if self._above == LITTLE else LITTLE
            await self._show()
        else:
            await self._reload()  # So that the filter's counts include what was judged here.
            self.run_worker(self._guarded(self._choose_filter()))

    async def _leave(self) -> None:
        """Close the screen once everything is stored."""
        await self._lane.call(lambda: None)
        self.dismiss(None)

    # Judging -----------------------------------------------------------------------------------
    async def _judge(self, mark: Mark, store: Callable[[], object]) -> None:
        """Store a judgement in the background and show the next item."""
        self._lane.put(store)
        self._items[self._at] = replace(self._items[self._at], mark=mark, judged=True)
        self._done.append((self._at, True))
        self._rated += 1
        await self._go(1)

    async def _undo(self) -> None:
        if not self._done:
            self._say("There is nothing to undo yet.")
            return
        at, counts_as_rated = self._done[-1]
        reply = self._items[at].reply
        await self._lane.call(self.review.rater.undo, reply.chat_id, reply.turn_id)
        mark = await self._lane.call(self.review.rater.mark, reply.turn_id)
        self._done.pop()  # Not before it is undone: if that fails, it can be tried again.
        self._at, self._rated = at, self._rated - counts_as_rated
        self._items[at] = replace(self._items[at], mark=mark, judged=mark.rated)
        await self._show()

    async def _tag(self, item: QueueItem) -> None:
        from rpterm.tui.screens.tags import TagScreen

        before = item.mark
        done = await self.app.push_screen_wait(TagScreen(before))
        if done is None or done == before or item is not self.item:
            return
        rater, turn = self.review.rater, item.reply.turn_id
        await self._judge(done, lambda: rater.change(turn, before, done))

    async def _flag(self, item: QueueItem) -> None:
        from rpterm.tui.screens.flag import FlagScreen

        reply = self.review.store.turn(item.reply.turn_id).text
        done = await self.app.push_screen_wait(FlagScreen(reply))
        if done is None or item is not self.item:
            return
        rater, turn = self.review.rater, item.reply.turn_id
        self._lane.put(lambda: rater.flag(turn, done.span, done.reason))
        mark = replace(item.mark, flags=item.mark.flags + 1)
        self._items[self._at] = replace(item, mark=mark)
        self._done.append((self._at, False))
        await self._show()

    async def _choose_filter(self) -> None:
        from rpterm.tui.screens.review_filter import FilterScreen

        screen = FilterScreen(self.wanted, self.review)
        if (wanted := await self.app.push_screen_wait(screen)) is not None:
            self.wanted = wanted
            await self._restart()

    # Showing -----------------------------------------------------------------------------------
    async def _restart(self) -> None:
        """Reload the queue and show its first item."""
        await self._reload()
        self._items = self.review.queue(self.wanted)
        self._at, self._done = 0, []
        await self._show()

    async def _reload(self) -> None:
        """Reload all replies and judgements from the store."""
        try:
            await self._lane.call(self.review.read)
        except RptermError as error:
            self._say(str(error))

    async def _go(self, by: int) -> None:
        self._at = max(0, min(len(self._items), self._at + by))
        await self._show()

    async def _show(self) -> None:
        turns = self.query_one("#turns", Vertical)
        views = self._views(self.item)
        with self.app.batch_update():
            await turns.remove_children()
            await turns.mount_all(views)
        self._show_texts()
        self.call_after_refresh(self._reveal)

    def _views(self, item: QueueItem | None) -> list[Widget]:
        if item is None:
            return [Static(self._end_text(), markup=False)]
        store, turn = self.review.store, item.reply.turn_id
        try:
            *above, last = store.path(turn, self._above + 1)
            if item.rival is not None:
                pair = Candidates([last, store.turn(item.rival.turn_id)], SIDES)
                self.review.rater.mark_seen(turn, item.rival.turn_id)
                return [*map(TurnView, above), pair]
        except RptermError as error:
            return [Static(str(error), markup=False)]
        self.review.rater.mark_seen(turn)
        judged = TurnView(last)
        judged.add_class("-judged")
        judged.rate(item.mark.text)
        return [*map(TurnView, above), judged]

    def _reveal(self) -> None:
        """Scroll to the end of the reply, or to its beginning if it is longer than the screen."""
        middle = next(iter(self.query("#middle").results(VerticalScroll)), None)
        if middle is None:
            return  # The screen was left meanwhile.
        judged = next(iter(self.query("TurnView.-judged, Candidates")), None)
        top = judged.virtual_region.y if judged is not None else 0
        end = max(0, middle.virtual_size.height - middle.size.height)
        middle.scroll_to(y=min(top, end), animate=False)

    def _show_texts(self) -> None:
        """Update the head line, the reason and the hints."""
        item, total = self.item, len(self._items)
        at = min(self._at + 1, total)
        self.head(f"{at} of {total}", self.wanted.text, self._pace())
        self.query_one("#why", Static).update(self._about(item))
        pair = item is not None and item.rival is not None
        first, others = (tuple(VERDICTS), ()) if pair else (RATE[:5], RATE[5:])
        self.query_one("#hints", KeyHints).show((*first, *FIRST, *others, *LAST, "help"))

    def _about(self, item: QueueItem | None) -> str:
        if item is None:
            return ""
        # Not shown, because they would bias the judge: the score, unless it is the reason for the
        # review, and which model made which reply of a pair.
        model = item.reply.model if item.rival is None else ""
        parts = (item.reply.card, model, item.doubt)
        return text.one_line(" · ".join(part for part in parts if part), 180)

    def _pace(self) -> str:
        hours = (time.monotonic() - self._started_at) / 3600
        if self._rated < 5:
            return f"{self._rated} rated"
        return f"{self._rated} rated · {self._rated / hours:.0f} an hour"

    def _end_text(self) -> str:
        if self._items:
            return "That was the last one. f chooses others, Esc leaves."
        return f"Nothing to review here ({self.wanted.text}). f chooses others, Esc leaves."

    def _say(self, sentence: str) -> None:
        self.notify(sentence, markup=False)

    def _failed(self, error: Exception) -> None:
        # ``call_later`` does not wait for the event loop, which may itself be waiting for the lane.
        self.app.call_later(self.app.notify, user_message(error), markup=False)

    def on_resize(self, event: events.Resize) -> None:
        self._show_texts()
