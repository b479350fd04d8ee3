"""Everything the Memory pane shows of a character's memory, read at once. Knows no UI; may be
slow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rpterm.types import Prompt

if TYPE_CHECKING:
    from rpterm.memory.character_memory import CharacterMemory
    from rpterm.memory.recalled import Recalled
    from rpterm.store.memory.distilled import Detail
    from rpterm.store.memory.files import BlockedPhrase
    from rpterm.store.memory.records import Kind, Memory

_SOURCE = "memory:"


@dataclass(frozen=True, slots=True)
class InPrompt:
    """A memory that the prompt's ledger names; 0 tokens if it was left out of the prompt."""

    id: int
    tokens: int
    why: str


@dataclass(frozen=True, slots=True)
class OverviewItem:
    """One memory with everything the pane shows about it.

    Attributes:
        used: Its entry in the prompt's ledger, or ``None``.
        recalled: Why it was recalled, if it was recalled recently.
        earlier: The memories it supersedes; ``later`` is the one that supersedes it.
        detail: For a fact, a reflection or a summary: its source and how it was drawn.
        on_other_branch: It comes from a branch that is not shown, so it is not recalled.
        from_hidden_turn: It comes from a turn that is hidden from the model, so it is not recalled.
    """

    row: Memory
    used: InPrompt | None = None
    recalled: Recalled | None = None
    earlier: tuple[Memory, ...] = ()
    later: Memory | None = None
    on_other_branch: bool = False
    from_hidden_turn: bool = False
    detail: Detail | None = None


@dataclass(frozen=True, slots=True)
class Overview:
    """The contents of the pane.

    Attributes:
        used: Memories in the prompt, best first; those there was no room for come last.
        blocks: Phrases never mentioned.
        hidden: Memories never mentioned.
        rows: The other memories asked for, newest or best first.
        kinds: How many memories there are of each kind.
        embedded: Texts embedded and texts to embed.
        error: Why memory does not work fully, or "".
        why_nothing: Why nothing was recalled, or "".
    """

    used: tuple[OverviewItem, ...] = ()
    blocks: tuple[BlockedPhrase, ...] = ()
    hidden: tuple[OverviewItem, ...] = ()
    rows: tuple[OverviewItem, ...] = ()
    kinds: dict[str, int] = field(default_factory=dict)
    embedded: tuple[int, int] = (0, 0)
    error: str = ""
    why_nothing: str = ""


def in_prompt(prompt: Prompt | None) -> list[InPrompt]:
    """The memories in a prompt, and those it had no room for."""
    if prompt is None:
        return []
    spans = [(span.source, span.tokens, span.why) for span in prompt.spans]
    left_out = [(span.source, 0, span.why) for span in prompt.left_out]
    entries: dict[int, InPrompt] = {}
    for source, tokens, why in (*spans, *left_out):
        number = source.removeprefix(_SOURCE)
        if source.startswith(_SOURCE) and number.isdecimal():
            memory_id = int(number)
            earlier = entries.get(memory_id)
            total = tokens + (earlier.tokens if earlier else 0)
            entries[memory_id] = InPrompt(memory_id, total, why)
    return list(entries.values())


_MAX_ROWS = 100
"""The most memories listed besides those in the prompt."""


def overview(
    memory: CharacterMemory,
    prompt: Prompt | None,
    query: str = "",
    kinds: Sequence[Kind] = (),
) -> Overview:
    """Read everything; call it in a thread.

    Args:
        query: Words to look for in all memories; "" lists the newest.
        kinds: Only these kinds; none means all.
    """
    used = in_prompt(prompt)
    used_rows = memory.get_many(entry.id for entry in used)
    if query.strip():
        matches = memory.search(query, 4 * _MAX_ROWS)
        rows = [row for row in matches if not kinds or row.kind in kinds][:_MAX_ROWS]
    else:
        rows = memory.page(kinds=kinds, limit=_MAX_ROWS)
    hidden = memory.hidden()
    builder = _ItemBuilder(memory, [*used_rows.values(), *rows, *hidden])
    stats = memory.stats()
    used_items = [
        builder.item(used_rows[entry.id], entry, memory.recent.get(entry.id))
        for entry in used
        if entry.id in used_rows
    ]
    return Overview(
        used=tuple(sorted(used_items, key=_best_first)),
        blocks=tuple(memory.blocks()),
        hidden=tuple(builder.item(row) for row in hidden),
        rows=tuple(builder.item(row) for row in rows if not row.hidden),
        kinds=stats.kinds,
        embedded=(stats.vectors, stats.wordings) if stats.embedder else (0, 0),
        error=stats.error,
        why_nothing="" if used_items else _why_nothing(prompt, any(stats.kinds.values())),
    )


def _why_nothing(prompt: Prompt | None, has_memories: bool) -> str:
    """Why a prompt has no memories."""
    if not has_memories:
        return "nothing is remembered yet"
    if prompt is None:
        return "no reply was requested yet"
    return "all that fits is in the prompt already"


def _best_first(item: OverviewItem) -> tuple[bool, float]:
    left_out = item.used is not None and not item.used.tokens
    return left_out, -item.recalled.score if item.recalled else 0.0


class _ItemBuilder:
    """Looks up the links between some memories at once, and builds their items."""

    def __init__(self, memory: CharacterMemory, rows: Sequence[Memory]) -> None:
        self._earlier = memory.replaced_by([row.id for row in rows])
        self._details = memory.distilled.details([row.id for row in rows if row.kind != "turn"])
        self._from_hidden = memory.distilled.with_hidden_source([row.id for row in rows])
        self._on_other_branch = memory.on_other_branch(rows) - self._from_hidden
        self._later = memory.get_many({row.superseded_by for row in rows if row.superseded_by})

    def item(
        self, row: Memory, used: InPrompt | None = None, recalled: Recalled | None = None
    ) -> OverviewItem:
        return OverviewItem(
            row,
            used,
            recalled,
            earlier=tuple(self._earlier.get(row.id, ())),
            later=self._later.get(row.superseded_by or 0),
            on_other_branch=row.id in self._on_other_branch,
            from_hidden_turn=row.id in self._from_hidden,
            detail=self._details.get(row.id),
        )
