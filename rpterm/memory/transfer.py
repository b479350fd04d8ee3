"""Memories as lines of JSON and back: what there is, its marks, its links and its sources.

A line is a memory, a file (``{"file": …}``) or a phrase never mentioned (``{"never_mention": …}``).
A source turn is named by id, time and wording; it is found again where the chat is in the database,
and elsewhere the memory stands by itself. ``drawn`` tells of a fact, a reflection or a summary what
it was read from, what it settles, what it cites and what takes its place.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from rpterm.store.distilled import Detail, Distilled, Draft
from rpterm.store.memories import Memories
from rpterm.store.memories import Memory as Row
from rpterm.store.memory_files import MemoryFiles, Piece
from rpterm.store.memory_sources import MemorySources
from rpterm.types import RptermError

_KINDS_DRAWN = ("fact", "reflection", "summary")
KINDS = ("turn", "fact", "reflection", "summary", "note", "document")
_WORDS = ("kind", "speaker", "text", "place", "created_at")
_MARKS = ("importance", "by_model", "shared", "pinned", "hidden")
_DRAWN = ("method", "subject", "slot", "value", "single", "retracts", "quote", "edited")
_LAST_MOMENT = 253402214400
"""The end of the year 9999: a later time is none that can be shown."""
_SEPARATORS = re.compile("[\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
"""What JSON need not escape, but some programs end a line at, and terminals do not get to see."""
_HEX = re.compile("([0-9a-f]{2})*")
_HOLDS: dict[str, tuple[type, ...]] = {
    "speaker": (str,), "text": (str,), "place": (str,), "created_at": (int, float),
    "importance": (int, float), "by_model": (bool,), "shared": (bool,), "pinned": (bool,),
    "hidden": (bool,),
}  # fmt: skip


class TransferError(RptermError):
    """A line is no memory; the text says which and why."""


def lines(memories: Memories, character: str) -> Iterator[str]:
    """Everything of a character, oldest first; files and phrases before the memories."""
    files, sources, distilled = MemoryFiles(memories), MemorySources(memories), Distilled(memories)
    for file in reversed(files.all(character)):
        told = {"id": file.id, "name": file.name, "path": file.path, "digest": file.digest}
        yield _line({"file": told})
    for block in files.blocks(character):
        yield _line({"never_mention": block.phrase})
    for row in memories.after(0, character):
        if row.character == character:
            detail = distilled.details([row.id]).get(row.id) if row.kind in _KINDS_DRAWN else None
            yield _line(_told(sources, row) | _told_of(sources, detail))


def take(memories: Memories, character: str, given: Iterable[str], origin: str) -> int:
    """Add what the lines hold; what is there already gets only the marks it lacks.

    Returns:
        How many memories are new.

    Raises:
        TransferError: A line is no memory; nothing before it is taken back.
    """
    return _Taking(memories, character).all(given, origin)


def _told(sources: MemorySources, row: Row) -> dict[str, object]:
    told: dict[str, object] = {"id": row.id}
    told.update((name, getattr(row, name)) for name in (*_WORDS, *_MARKS))
    if row.superseded_by is not None:
        told["superseded_by"] = row.superseded_by
    if row.file_id is not None:
        told["file_id"] = row.file_id
    if row.turn_id is not None:
        told["source"] = sources.of(row.turn_id)
    return told


def _told_of(sources: MemorySources, detail: Detail | None) -> dict[str, object]:
    if detail is None:
        return {}
    told = {name: getattr(detail, name) for name in (*_DRAWN, "evidence", "newer")}
    return {"drawn": told | {"sources": [sources.of(turn) for turn in detail.turns]}}


def _line(told: dict[str, Any]) -> str:
    text = json.dumps(told, ensure_ascii=False)
    return _SEPARATORS.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


class _Taking:
    """One import at work."""

    def __init__(self, memories: Memories, character: str) -> None:
        self._memories, self._character = memories, character
        self._files, self._sources = MemoryFiles(memories), MemorySources(memories)
        self._known = {_key(row): row for row in memories.after(0, character)}
        self._ids: dict[int, int] = {}
        self._links: list[tuple[int, int]] = []
        self._distilled = Distilled(memories)
        self._drawn: list[tuple[int, dict[str, Any]]] = []
        self._named: dict[int, dict[str, str]] = {}
        self._pieces: dict[int, list[dict[str, Any]]] = {}
        self._new = 0

    def all(self, given: Iterable[str], origin: str) -> int:
        for number, line in enumerate(given, 1):
            if not line.strip():
                continue
            try:
                self._one(json.loads(line))
            except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
                raise TransferError(
                    f"{origin}, line {number} is no memory ({error}). Each line must be what "
                    "`rpterm memory export` writes."
                ) from error
        self._finish()
        return self._new

    def _one(self, values: dict[str, Any]) -> None:
        if "file" in values:
            named = values["file"]
            self._named[int(named["id"])] = {
                name: _string(named, name) for name in ("name", "path", "digest")
            }
        elif "never_mention" in values:
            self._files.block(self._character, _string(values, "never_mention"))
        elif "file_id" in values and values["kind"] == "document":
            self._pieces.setdefault(int(values["file_id"]), []).append(_checked(values))
        else:
            self._memory(_checked(values), values)

    def _memory(self, kept: dict[str, Any], values: dict[str, Any]) -> None:
        source = values.get("source")
        if source and not _is_source(source):
            raise ValueError(f"source is {source!r}")
        chat_id, turn_id = self._sources.find(source) if source else (None, None)
        row = self._known.get((kept["kind"], kept.get("speaker", ""), kept["text"]))
        if row is None and kept["kind"] == "turn" and turn_id is not None:
            self._memories.remember_turns([turn_id])
        if row is None:
            kind, text = kept.pop("kind"), kept.pop("text")
            row = (
                self._sources.memory_of(turn_id, self._character)
                if kind == "turn" and turn_id
                else None
            )
            if row is None:
                row = self._memories.add(
                    kind, self._character, text, chat_id=chat_id, turn_id=turn_id, **kept
                )
            self._known[_key(row)] = row
            self._new += 1
            if drawn := _checked_drawn(values):
                self._drawn.append((row.id, drawn))
        self._mark(row, kept)
        if "id" in values:
            self._ids[int(values["id"])] = row.id
        if values.get("superseded_by") is not None:
            self._links.append((row.id, int(values["superseded_by"])))

    def _mark(self, row: Row, kept: dict[str, Any]) -> None:
        wanted = {
            name: True
            for name in ("pinned", "hidden", "shared")
            if kept.get(name) and not getattr(row, name)
        }
        if wanted:
            self._memories.mark(row.id, **wanted)

    def _finish(self) -> None:
        for old, new in self._links:
            if new in self._ids and self._ids[new] != old:
                self._memories.mark(old, superseded_by=self._ids[new])
        for memory_id, drawn in self._drawn:
            self._distilled.restore(memory_id, self._draft(drawn), edited=drawn["edited"])
        here = {file.path: file.digest for file in self._files.all(self._character) if file.pieces}
        for number, pieces in self._pieces.items():
            named = self._named.get(number)
            if named is None:
                raise TransferError(
                    f"Pieces of file {number} are in the export, but the line that names the file "
                    "is missing."
                )
            if here.get(named["path"]) != named["digest"]:
                self._file(named, pieces)

    def _draft(self, drawn: dict[str, Any]) -> Draft:
        """How it was drawn, in this database's numbers; what is not here is left out."""
        found = [self._sources.find(source)[1] for source in drawn["sources"]]
        return Draft(
            "fact", "", tuple(turn for turn in found if turn is not None),
            evidence=tuple(self._ids[i] for i in drawn["evidence"] if i in self._ids),
            yields_to=tuple(self._ids[i] for i in drawn["newer"] if i in self._ids),
            **{name: drawn[name] for name in _DRAWN if name != "edited"},
        )  # fmt: skip

    def _file(self, named: dict[str, str], pieces: list[dict[str, Any]]) -> None:
        file = self._files.put(
            self._character, named["name"], named["path"], named["digest"],
            [Piece(piece["text"], piece.get("place", "")) for piece in pieces],
            pieces[0].get("created_at"),
        )  # fmt: skip
        self._new += len(pieces)
        for memory_id, piece in zip(self._files.pieces(file.id), pieces, strict=True):
            self._mark(self._memories.get(memory_id), piece)


def _key(row: Row) -> tuple[str, str, str]:
    return row.kind, row.speaker, row.text


def _string(values: dict[str, Any], name: str) -> str:
    if not isinstance(values[name], str):
        raise ValueError(f"{name} is {values[name]!r}")
    return str(values[name])


def _checked(values: dict[str, Any]) -> dict[str, Any]:
    """The fields of a memory, each of its type; ``ValueError`` says what is wrong."""
    if values["kind"] not in KINDS:
        raise ValueError(f"unknown kind {values['kind']!r}")
    kept = {name: values[name] for name in (*_WORDS, *_MARKS) if name in values}
    for name, type_ in _HOLDS.items():
        if name in kept and not isinstance(kept[name], type_):
            raise ValueError(f"{name} is {kept[name]!r}")
    if not 0 <= kept.get("created_at", 0) < _LAST_MOMENT:
        raise ValueError(f"created_at is {kept['created_at']!r}")
    if not kept["text"].strip():
        raise ValueError("no text")
    return kept


def _checked_drawn(values: dict[str, Any]) -> dict[str, Any] | None:
    """How a memory was drawn, if the line tells; ``ValueError`` says what is wrong."""
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
    """Whether it names a turn as an export does."""
    return (
        isinstance(source, dict)
        and isinstance(source.get("turn"), int)
        and isinstance(source.get("created_at"), (int, float))
        and isinstance(wording := source.get("wording"), str)
        and _HEX.fullmatch(wording) is not None
    )
