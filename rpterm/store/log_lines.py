"""Chats as lines of JSON, whoever wrote them: what every reader of such a file shares."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from io import BytesIO
from typing import Any

from rpterm.marks import not_utf8
from rpterm.types import RptermError

MAX_LINE = 4 << 20
_MAX_VALUES = 400_000
_MOST_NOTES = 30


class ChatLogError(RptermError):
    """A file that is no chat log; the text says why."""


class Notes:
    """What was mended or left out; a flood of it is counted, not kept."""

    def __init__(self) -> None:
        self._kept: list[str] = []
        self._more = 0

    def append(self, text: str) -> None:
        if len(self._kept) < _MOST_NOTES:
            self._kept.append(text)
        else:
            self._more += 1

    def told(self) -> tuple[str, ...]:
        more = (f"{self._more:,} more of the kind.",) if self._more else ()
        return (*self._kept, *more)


def lines(data: bytes) -> Iterator[str]:
    """The lines one by one: a copy of the whole as text would take four times its size."""
    place = 0
    for line in BytesIO(data):
        try:
            yield line.decode("utf-8-sig" if place == 0 else "utf-8")
        except UnicodeDecodeError as error:
            raise ChatLogError(not_utf8("The file", place + error.start)) from error
        place += len(line)


def table(line: str, number: int, notes: Notes) -> Mapping[str, Any] | None:
    """The object that a line holds; a line that holds none is told and left out."""
    if not line.strip():
        return None
    try:
        if len(line) > MAX_LINE or sum(map(line.count, ",[{:")) > _MAX_VALUES:
            raise ValueError(line)
        raw = json.loads(line, strict=False)
    except (ValueError, RecursionError):
        notes.append(f"Line {number} is no JSON and was left out.")
        return None
    if not isinstance(raw, Mapping):
        notes.append(f"Line {number} is no message and was left out.")
        return None
    return raw
