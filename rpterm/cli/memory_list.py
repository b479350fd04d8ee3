"""Lists memories with their kinds, marks and sources, as a table or as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from rpterm.cli import out

if TYPE_CHECKING:
    from rpterm.memory.character_memory import CharacterMemory
    from rpterm.store.memory.distilled import Detail
    from rpterm.store.memory.records import Memory


def print_memories(memory: CharacterMemory, rows: Sequence[Memory], json: bool) -> None:
    """Print memories; those that are facts have a source."""
    details = memory.distilled.details([row.id for row in rows])
    if json:
        out.json_data([as_data(row) | _source_data(details.get(row.id)) for row in rows])
        return
    heads = ["id", "when", "kind", "marks", "text"]
    table = [
        [row.id, out.local_time(row.created_at), row.kind, _marks(row), _text(row)] for row in rows
    ]
    if details:
        heads.insert(4, "source")
        for line, row in zip(table, rows, strict=True):
            line.insert(4, _source(row, details.get(row.id)))
    out.table(heads, table)


def _text(row: Memory) -> str:
    if row.place:
        return f"({row.place}) {row.text}"
    return f"{row.speaker}: {row.text}" if row.speaker else row.text


def _marks(row: Memory) -> str:
    marks = {"pinned": row.pinned, "hidden": row.hidden, "shared": row.shared,
             "by model": row.by_model}  # fmt: skip
    names = [name for name, given in marks.items() if given]
    if row.superseded_by is not None:
        names.append(f"replaced by {row.superseded_by}")
    return ", ".join(names)


def as_data(row: Memory) -> dict[str, object]:
    """A memory for JSON."""
    return {name: value for name, value in asdict(row).items() if name != "hash"}


def _source(row: Memory, detail: Detail | None) -> str:
    """Where a memory comes from and which facts it replaces, in a few words."""
    if detail is None:
        return f"turn {row.turn_id}" if row.turn_id is not None else ""
    turns = ", ".join(map(str, detail.turns[:1])) + (" …" if len(detail.turns) > 1 else "")
    parts = [f"turn {turns}", f"by {detail.method}" + (", edited" if detail.edited else "")]
    if detail.evidence:
        parts.append("from " + ", ".join(map(str, detail.evidence)))
    if detail.older:
        parts.append("replaces " + ", ".join(map(str, detail.older)))
    return "; ".join(parts)


def _source_data(detail: Detail | None) -> dict[str, object]:
    """The same for JSON; empty for a memory that is not a fact."""
    return {} if detail is None else {"drawn": asdict(detail)}
