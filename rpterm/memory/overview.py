"""All that a pane shows of a character's memory, read in one go. Knows no UI; may take a while."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rpterm.types import Prompt

if TYPE_CHECKING:
    from rpterm.memory.facade import Memory
    from rpterm.memory.recalled import Recalled
    from rpterm.store.distilled import Detail
    from rpterm.store.memories import Memory as Row
    from rpterm.store.memory_files import Block
    from rpterm.store.memory_rows import Kind

_SOURCE = "memory:"


@dataclass(frozen=True, slots=True)
class InPrompt:
    """A memory in a prompt, as its ledger names it; 0 tokens when it was left out."""

    id: int
    tokens: int
    why: str


@dataclass(frozen=True, slots=True)
class Item:
    """A memory with all that is to be said of it.

    Attributes:
        used: Its place in the prompt, or ``None``.
        recalled: Why it was recalled, when that was in the last recall.
        earlier: What it holds instead of; ``later`` is what holds instead of it.
        detail: What is known of a fact, a reflection or a summary: its words' source, who drew it.
        aside: It comes from a branch that is not shown, so it is not recalled.
        veiled: It comes from a turn that is hidden from the model, so it is not recalled.
    """

    row: Row
    used: InPrompt | None = None
    recalled: Recalled | None = None
    earlier: tuple[Row, ...] = ()
    later: Row | None = None
    aside: bool = False
    veiled: bool = False
    detail: Detail | None = None


@dataclass(frozen=True, slots=True)
class Overview:
    """What the pane shows.

    Attributes:
        used: What is in the prompt, best first; what it had no room for comes last.
        blocks: Phrases never mentioned, and ``hidden``: memories never mentioned.
        nothing: Why nothing was recalled; "" where something was.
        rows: All others that were asked for, newest or best first.
        kinds: How many memories there are of each kind.
    """

    used: tuple[Item, ...] = ()
    blocks: tuple[Block, ...] = ()
    hidden: tuple[Item, ...] = ()
    rows: tuple[Item, ...] = ()
    kinds: dict[str, int] = field(default_factory=dict)
    embedded: tuple[int, int] = (0, 0)
    error: str = ""
    nothing: str = ""


def in_prompt(prompt: Prompt | None) -> list[InPrompt]:
    """The memories of a prompt, and those that it had no room for."""
    if prompt is None:
        return []
    inside = [(span.source, span.tokens, span.why) for span in prompt.spans]
    outside = [(gone.source, 0, gone.why) for gone in prompt.left_out]
    found: dict[int, InPrompt] = {}
    for source, tokens, why in (*inside, *outside):
        number = source.removeprefix(_SOURCE)
        if source.startswith(_SOURCE) and number.isdecimal():
            memory_id = int(number)
            before = found.get(memory_id)
            total = tokens + (before.tokens if before else 0)
            found[memory_id] = InPrompt(memory_id, total, why)
    return list(found.values())


_SHOWN = 100
"""Memories listed at the most, beside those in the prompt."""


def overview(
    memory: Memory,
    prompt: Prompt | None,
    query: str = "",
    kinds: Sequence[Kind] = (),
) -> Overview:
    """Read everything; call it in a thread.

    Args:
        query: Words to look for in all memories; "" shows the newest.
        kinds: Only these; none means all.
    """
    used = in_prompt(prompt)
    mine = memory.many(item.id for item in used)
    if query.strip():
        rows = [r for r in memory.search(query, 4 * _SHOWN) if not kinds or r.kind in kinds][
            :_SHOWN
        ]
    else:
        rows = memory.page(kinds=kinds, limit=_SHOWN)
    hidden = memory.hidden()
    link = _Links(memory, [*mine.values(), *rows, *hidden])
    stats = memory.stats()
    chosen = [
        link.item(mine[item.id], item, memory.recent.get(item.id))
        for item in used
        if item.id in mine
    ]
    return Overview(
        used=tuple(sorted(chosen, key=_best_first)),
        blocks=tuple(memory.blocks()),
        hidden=tuple(link.item(row) for row in hidden),
        rows=tuple(link.item(row) for row in rows if not row.hidden),
        kinds=stats.kinds,
        embedded=(stats.vectors, stats.wordings) if stats.embedder else (0, 0),
        error=stats.error,
        nothing="" if chosen else _nothing(prompt, any(stats.kinds.values())),
    )


def _nothing(prompt: Prompt | None, kept: bool) -> str:
    """Why a prompt has no memories."""
    if not kept:
        return "nothing is remembered yet"
    if prompt is None:
        return "no reply was asked for yet"
    return "all that fits is in the prompt already"


def _best_first(item: Item) -> tuple[bool, float]:
    gone = item.used is not None and not item.used.tokens
    return gone, -item.recalled.score if item.recalled else 0.0


class _Links:
    """Which memory holds instead of which, for some of them."""

    def __init__(self, memory: Memory, rows: Sequence[Row]) -> None:
        self._earlier = memory.replaced_by([row.id for row in rows])
        self._details = memory.distilled.details([row.id for row in rows if row.kind != "turn"])
        self._veiled = memory.distilled.of_hidden([row.id for row in rows])
        self._aside = memory.aside(rows) - self._veiled
        self._later = memory.many({row.superseded_by for row in rows if row.superseded_by})

    def item(
        self, row: Row, used: InPrompt | None = None, recalled: Recalled | None = None
    ) -> Item:
        later = self._later.get(row.superseded_by or 0)
        earlier = tuple(self._earlier.get(row.id, ()))
        aside, veiled = row.id in self._aside, row.id in self._veiled
        return Item(row, used, recalled, earlier, later, aside, veiled, self._details.get(row.id))
