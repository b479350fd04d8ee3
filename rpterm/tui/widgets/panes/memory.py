"""The Memory pane: recalled memories and why, what is never mentioned, and all other memories.

Shows an ``Overview``. It knows no store; its keys come from the key registry.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, cast

from textual import events, on
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from rpterm.tui import text
from rpterm.tui.widgets.fitted_text import command_link
from rpterm.tui.widgets.long_list import heading
from rpterm.tui.widgets.panes import memory_lines as lines
from rpterm.tui.widgets.panes.list_pane import Links, ListPane, PaneList, pane_action
from rpterm.tui.widgets.text_inputs import JoinerInput

if TYPE_CHECKING:
    from rpterm.memory.overview import Overview, OverviewItem
    from rpterm.store.memory.files import BlockedPhrase
    from rpterm.store.memory.records import Kind

KINDS = ("all", "turn", "fact", "reflection", "summary", "note", "document")


class MemoryPane(ListPane):
    """A search line, the kinds, the list, and the marked memory in full."""

    DEFAULT_CSS = """
    MemoryPane {
        #memory-search { height: 1; border: none; padding: 0 1; background: $panel;
            &:focus { background-tint: $foreground 5%; } }
        #memory-kinds { padding: 0 1; }
        #memory-detail { height: auto; max-height: 45%; padding: 0 1; margin: 1 0 0 0;
            border-top: hkey $panel; scrollbar-size-vertical: 1; scrollbar-gutter: stable; }
        #memory-keys { color: $text-muted; }
    }
    """

    def __init__(self, search: Callable[[], object]) -> None:
        """``search`` is called for a new overview when the search text or the kind changed."""
        super().__init__(name="memory")
        self._search = search
        self._view: Overview | None = None
        self._chat_id = 0
        self._problem = "Reading the memory…"
        self._items: dict[str, OverviewItem] = {}
        self._blocks: dict[str, BlockedPhrase] = {}
        self.kind = "all"
        self.requests = 0
        """Number of overviews requested so far; only the last one is shown."""

    def compose(self) -> ComposeResult:
        yield Static(id="memory-head", markup=False)
        yield JoinerInput(placeholder="/ search all memories", id="memory-search")
        yield Links(id="memory-kinds")
        yield PaneList()
        with VerticalScroll(id="memory-detail", can_focus=False):
            yield Static(id="memory-whole", markup=False)
        yield Links(id="memory-keys")

    @property
    def search(self) -> Input:
        return self.query_one("#memory-search", Input)

    @property
    def query_text(self) -> str:
        """The search text."""
        return self.search.value if self.is_attached else ""

    @property
    def chosen_kinds(self) -> tuple[Kind, ...]:
        """The kinds to show; an empty tuple means all."""
        return () if self.kind == "all" else (cast("Kind", self.kind),)

    def show(self, view: Overview, chat_id: int) -> None:
        """Show an overview; ``chat_id`` is the open chat."""
        self._problem = ""
        if view != self._view or chat_id != self._chat_id:
            self._view, self._chat_id = view, chat_id
            self.draw()

    def show_problem(self, problem: str) -> None:
        """Show why there is no overview."""
        self._problem, self._view = problem, None
        self.draw()

    # Input -------------------------------------------------------------------------------------
    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        # In the search line, letters are text and not keys of the pane.
        if action == "command" and self.search.has_focus:
            return parameters == ("memory-open",)
        return True

    def action_command(self, name: str) -> None:
        """Run a command of the pane."""
        if name == "memory-search":
            self.search.focus()
        elif name == "memory-kind":
            present = [kind for kind in KINDS if self._count(kind)]
            at = present.index(self.kind) if self.kind in present else 0
            self.action_kind(present[(at + 1) % len(present)])
        elif name == "memory-open" and self.search.has_focus:
            self.listed.focus()
        else:
            super().action_command(name)

    def action_kind(self, kind: str) -> None:
        """Show only this kind of memory."""
        self.kind = kind
        self._search()

    def on_key(self, event: events.Key) -> None:
        if self.search.has_focus and event.key in ("down", "escape"):
            event.stop()
            event.prevent_default()
            if event.key == "escape":
                self.search.value = ""
            self.listed.focus()

    @on(Input.Changed)
    def on_search_changed(self, event: Input.Changed) -> None:
        event.stop()
        self._search()

    @on(OptionList.OptionHighlighted)
    def on_row_marked(self, event: OptionList.OptionHighlighted) -> None:
        event.stop()
        self._draw_detail()

    @on(OptionList.OptionSelected)
    def on_row_clicked(self, event: OptionList.OptionSelected) -> None:
        # Enter is a key of the registry, so this is always a click, which only marks the row.
        event.stop()
        self._draw_detail()

    # Drawing -----------------------------------------------------------------------------------
    def _count(self, kind: str) -> int:
        counts = self._view.kinds if self._view else {}
        return 1 if kind == "all" else counts.get(kind, 0)

    def _draw(self) -> None:
        self.query_one("#memory-head", Static).update(self._head())
        counts = self._view.kinds if self._view else {}
        self.query_one("#memory-kinds", Static).update(lines.kinds_row(KINDS, self.kind, counts))
        self.listed.refill(list(self._options()), self._row_to_mark)
        self._draw_detail()

    def _row_to_mark(self, before: str) -> str:
        known = [*self._items, *self._blocks]
        return before if before in known else next(iter(known), "")

    def _head(self) -> Content:
        title = Content.styled("Memory", "bold $text-primary")
        if self._view is None:
            return Content.assemble(title, "\n", (self._problem, text.MUTED))
        total = f"{sum(self._view.kinds.values()):,} stored"
        embedded, embeddable = self._view.embedded
        if embedded < embeddable:
            total += f" · {embeddable - embedded:,} to embed"
        head = text.justify(title, (total, text.MUTED), self.width, 2)
        if self._view.error:
            head = Content.assemble(head, "\n", (self._view.error, "$text-error"))
        return head

    def _options(self) -> Iterable[Option]:
        self._items, self._blocks = {}, {}
        view = self._view
        if view is None:
            return
        if not self.query_text:
            yield from self._recalled(view)
        if view.blocks or view.hidden:
            count = len(view.blocks) + len(view.hidden)
            yield heading("never mention", str(count), "$text-error")
        for block in view.blocks:
            self._blocks[f"block:{block.id}"] = block
            yield Option(lines.blocked(block, self.width), id=f"block:{block.id}")
        yield from self._entries("hidden", view.hidden)
        title = "found" if self.query_text else "newest"
        yield heading(title, "" if view.rows else "nothing", "$text-primary")
        yield from self._entries("row", view.rows)

    def _recalled(self, view: Overview) -> Iterable[Option]:
        tokens = sum(item.used.tokens for item in view.used if item.used)
        note = f"{len(view.used)} · {tokens:,} tokens" if view.used else "nothing"
        yield heading("recalled this turn", note, "$text-accent")
        if view.why_nothing:
            yield Option(Content.styled(f"  {view.why_nothing}", text.MUTED), disabled=True)
        yield from self._entries("used", view.used)

    def _entries(self, section: str, items: Iterable[OverviewItem]) -> Iterable[Option]:
        for item in items:
            key = f"{section}:{item.row.id}"
            self._items[key] = item
            yield Option(lines.entry(item, self.width), id=key)

    @property
    def marked(self) -> tuple[OverviewItem | None, BlockedPhrase | None]:
        """The marked memory or the marked phrase, if any."""
        key = self.listed.marked
        return self._items.get(key), self._blocks.get(key)

    def _draw_detail(self) -> None:
        if not self.is_attached:
            return
        item, block = self.marked
        shown = Content("")
        if item is not None:
            shown = lines.detail(item, self.width, chat_id=self._chat_id)
        elif block is not None:
            shown = Content(f"Nothing that contains “{text.harmless(block.phrase)}” is recalled.")
        self.query_one("#memory-detail").display = bool(shown.plain)
        self.query_one("#memory-whole", Static).update(shown)
        self.query_one("#memory-keys", Static).update(self._links(item, block))

    def _links(self, item: OverviewItem | None, block: BlockedPhrase | None) -> Content:
        """The commands available for the marked row, as links."""
        names = ["memory-add", "memory-search", "memory-kind"]
        if item is not None:
            source = ["memory-open"] if item.row.turn_id else []
            names = [*source, "memory-pin", "memory-edit", "memory-never", "memory-forget", *names]
        elif block is not None:
            names = ["memory-never", *names]
        is_blocked = block is not None or (item is not None and item.row.hidden)
        links = []
        for name in names:
            label = "allow" if name == "memory-never" and is_blocked else ""
            links.append(command_link(self, name, pane_action("command", name), label))
        return text.flow(links, self.width)
