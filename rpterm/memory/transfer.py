"""Exports memories as lines of JSON and imports them, with their marks, links and sources.

A line is a memory, a file (``{"file": …}``) or a blocked phrase (``{"never_mention": …}``).
A source turn is identified by id, time and a hash of its text. It is found again if the chat is in
the database; otherwise the memory stands by itself. ``drawn`` describes, for a fact, a reflection
or a summary, what it was read from, what it settles, what it cites and what supersedes it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from rpterm.errors import RptermError
from rpterm.store.memory.distilled import Detail, Distilled, Draft
from rpterm.store.memory.files import MemoryFiles, Piece
from rpterm.store.memory.memories import Memories
from rpterm.store.memory.records import KINDS, Memory
from rpterm.store.memory.sources import MemorySources

_DISTILLED_KINDS = ("fact", "reflection", "summary")
_TEXT_FIELDS = ("kind", "speaker", "text", "place", "created_at")
_MARK_FIELDS = ("importance", "by_model", "shared", "pinned", "hidden")
_DRAWN_FIELDS = ("method", "subject", "slot", "value", "single", "retracts", "quote", "edited")
_LATEST_TIME = 253402214400
"""The end of the year 9999: a later time cannot be displayed."""
_SEPARATORS = re.compile("[\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
"""Characters that JSON need not escape, but that some programs treat as line ends, and characters
that must not reach a terminal."""
_HEX = re.compile("([0-9a-f]{2})*")
_FIELD_TYPES: dict[str, tuple[type, ...]] = {
    "speaker": (str,), "text": (str,), "place": (str,), "created_at": (int, float),
    "importance": (int, float), "by_model": (bool,), "shared": (bool,), "pinned": (bool,),
    "hidden": (bool,),
}  # fmt: skip


def export_lines(memories: Memories, character: str) -> Iterator[str]:
    """Everything of a character, oldest first; files and phrases before the memories."""
    files, sources, distilled = MemoryFiles(memories), MemorySources(memories), Distilled(memories)
    for file in reversed(files.all(character)):
        fields = {"id": file.id, "name": file.name, "path": file.path, "digest": file.digest}
        yield _json_line({"file": fields})
    for block in files.blocks(character):
        yield _json_line({"never_mention": block.phrase})
    for row in memories.iter_after(0, character):
        if row.character == character:
            is_distilled = row.kind in _DISTILLED_KINDS
            detail = distilled.details([row.id]).get(row.id) if is_distilled else None
            yield _json_line(_memory_fields(sources, row) | _drawn_fields(sources, detail))


def import_lines(memories: Memories, character: str, lines: Iterable[str], origin: str) -> int:
    """Add what the lines contain; a memory that exists already only gets the marks it lacks.

    Args:
        origin: Names the source of the lines in an error.

    Returns:
        How many memories are new.

    Raises:
        RptermError: A line is not a memory; the lines before it stay imported.
    """
    return _Import(memories, character).run(lines, origin)


def _memory_fields(sources: MemorySources, row: Memory) -> dict[str, object]:
    fields: dict[str, object] = {"id": row.id}
    fields.update((name, getattr(row, name)) for name in (*_TEXT_FIELDS, *_MARK_FIELDS))
    if row.superseded_by is not None:
        fields["superseded_by"] = row.superseded_by
    if row.file_id is not None:
        fields["file_id"] = row.file_id
    if row.turn_id is not None:
        fields["source"] = sources.identify(row.turn_id)
    return fields


def _drawn_fields(sources: MemorySources, detail: Detail | None) -> dict[str, object]:
    if detail is None:
        return {}
    fields = {name: getattr(detail, name) for name in (*_DRAWN_FIELDS, "evidence", "newer")}
    return {"drawn": fields | {"sources": [sources.identify(turn) for turn in detail.turns]}}


def _json_line(fields: dict[str, Any]) -> str:
    text = json.dumps(fields, ensure_ascii=False)
    return _SEPARATORS.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


class _Import:
    """The state of one import."""

    def __init__(self, memories: Memories, character: str) -> None:
        self._memories, self._character = memories, character
        self._files, self._sources = MemoryFiles(memories), MemorySources(memories)
        self._known = {_key(row): row for row in memories.iter_after(0, character)}
        self._ids: dict[int, int] = {}  # the export's memory ids → this database's
        self._links: list[tuple[int, int]] = []  # (superseded memory here, exported id of newer)
        self._distilled = Distilled(memories)
        self._drawn: list[tuple[int, dict[str, Any]]] = []
        self._file_fields: dict[int, dict[str, str]] = {}
        self._pieces: dict[int, list[dict[str, Any]]] = {}
        self._new = 0

    def run(self, lines: Iterable[str], origin: str) -> int:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                self._read_line(json.loads(line))
            except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
                raise RptermError(
                    f"{origin}, line {number} is not a memory ({error}). Each line must be one "
                    "that `rpterm memory export` wrote."
                ) from error
        self._finish()
        return self._new

    def _read_line(self, values: dict[str, Any]) -> None:
        if "file" in values:
            fields = values["file"]
            self._file_fields[int(fields["id"])] = {
                name: _string(fields, name) for name in ("name", "path", "digest")
            }
        elif "never_mention" in values:
            self._files.block(self._character, _string(values, "never_mention"))
        elif "file_id" in values and values["kind"] == "document":
            self._pieces.setdefault(int(values["file_id"]), []).append(_checked(values))
        else:
            self._read_memory(_checked(values), values)

    def _read_memory(self, fields: dict[str, Any], values: dict[str, Any]) -> None:
        source = values.get("source")
        if source and not _is_source(source):
            raise ValueError(f"source is {source!r}")
        chat_id, turn_id = self._sources.find(source) if source else (None, None)
        row = self._known.get((fields["kind"], fields.get("speaker", ""), fields["text"]))
        if row is None:
            row = self._add(fields, chat_id, turn_id)
            self._known[_key(row)] = row
            self._new += 1
            if drawn := _checked_drawn(values):
                self._drawn.append((row.id, drawn))
        self._add_marks(row, fields)
        if "id" in values:
            self._ids[int(values["id"])] = row.id
        if values.get("superseded_by") is not None:
            self._links.append((row.id, int(values["superseded_by"])))

    def _add(self, fields: dict[str, Any], chat_id: int | None, turn_id: int | None) -> Memory:
        """Remember the source turn of a memory if it is here; else add the memory by itself."""
        if fields["kind"] == "turn" and turn_id is not None:
            self._memories.remember_turns([turn_id])
            row = self._sources.memory_of(turn_id, self._character)
            if row is not None:
                return row
        when = {"created_at": self._memories.store.now()}
        return self._memories.add(
            Memory(character=self._character, chat_id=chat_id, turn_id=turn_id, **when | fields)
        )

    def _add_marks(self, row: Memory, fields: dict[str, Any]) -> None:
        missing = {
            name: True
            for name in ("pinned", "hidden", "shared")
            if fields.get(name) and not getattr(row, name)
        }
        if missing:
            self._memories.update(row.id, **missing)

    def _finish(self) -> None:
        for old, new in self._links:
            if new in self._ids and self._ids[new] != old:
                self._memories.update(old, superseded_by=self._ids[new])
        for memory_id, drawn in self._drawn:
            self._distilled.restore(memory_id, self._draft(drawn), edited=drawn["edited"])
        files = self._files.all(self._character)
        known_digests = {file.path: file.digest for file in files if file.pieces}
        for number, pieces in self._pieces.items():
            fields = self._file_fields.get(number)
            if fields is None:
                raise RptermError(
                    f"The export contains pieces of file {number}, but the line that names the "
                    "file is missing."
                )
            if known_digests.get(fields["path"]) != fields["digest"]:
                self._add_file(fields, pieces)

    def _draft(self, drawn: dict[str, Any]) -> Draft:
        """How a memory was drawn, in this database's ids; what is not in it is left out."""
        turns = [self._sources.find(source)[1] for source in drawn["sources"]]
        return Draft(
            "fact", "", tuple(turn for turn in turns if turn is not None),
            evidence=tuple(self._ids[i] for i in drawn["evidence"] if i in self._ids),
            yields_to=tuple(self._ids[i] for i in drawn["newer"] if i in self._ids),
            **{name: drawn[name] for name in _DRAWN_FIELDS if name != "edited"},
        )  # fmt: skip

    def _add_file(self, fields: dict[str, str], pieces: list[dict[str, Any]]) -> None:
        file = self._files.put(
            self._character, fields["name"], fields["path"], fields["digest"],
            [Piece(piece["text"], piece.get("place", "")) for piece in pieces],
            pieces[0].get("created_at"),
        )  # fmt: skip
        self._new += len(pieces)
        for memory_id, piece in zip(self._files.pieces(file.id), pieces, strict=True):
            self._add_marks(self._memories.get(memory_id), piece)


def _key(row: Memory) -> tuple[str, str, str]:
    return row.kind, row.speaker, row.text


def _string(values: dict[str, Any], name: str) -> str:
    if not isinstance(values[name], str):
        raise ValueError(f"{name} is {values[name]!r}")
    return str(values[name])


def _checked(values: dict[str, Any]) -> dict[str, Any]:
    """The fields of a memory, each of the right type; ``ValueError`` says what is wrong."""
    if values["kind"] not in KINDS:
        raise ValueError(f"unknown kind {values['kind']!r}")
    fields = {name: values[name] for name in (*_TEXT_FIELDS, *_MARK_FIELDS) if name in values}
    for name, types in _FIELD_TYPES.items():
        if name in fields and not isinstance(fields[name], types):
            raise ValueError(f"{name} is {fields[name]!r}")
    if not 0 <= fields.get("created_at", 0) < _LATEST_TIME:
        raise ValueError(f"created_at is {fields['created_at']!r}")
    if not fields["text"].strip():
        raise ValueError("no text")
    return fields


def _checked_drawn(values: dict[str, Any]) -> dict[str, Any] | None:
    """How a memory was drawn, if the line says so; ``ValueError`` says what is wrong."""
    drawn = values.get("drawn")
    if drawn is None:
        return None
    texts = [drawn[name] for name in ("subject", "slot", "value", "quote")]
    flags = [drawn[name] for name in ("single", "retracts", "edited")]
    numbers = [*drawn["evidence"], *drawn["newer"]]
    if (
        drawn["method"] not in ("rules", "model")
        or not all(isinstance(text, str) for text in texts)
        or not all(isinstance(flag, bool) for flag in flags)
        or not all(isinstance(number, int) for number in numbers)
        or not all(map(_is_source, drawn["sources"]))
    ):
        raise ValueError(f"drawn is {drawn!r}")
    return dict(drawn)


def _is_source(source: object) -> bool:
    """Whether a value identifies a turn as an export does."""
    return (
        isinstance(source, dict)
        and isinstance(source.get("turn"), int)
        and isinstance(source.get("created_at"), (int, float))
        and isinstance(wording := source.get("wording"), str)
        and _HEX.fullmatch(wording) is not None
    )
