"""Shared helpers for reading chats from JSON lines, whichever program wrote them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from io import BytesIO
from typing import Any

from rpterm.cards.exchange.notes import Notes
from rpterm.errors import RptermError
from rpterm.text.encoding import not_utf8_message

MAX_LINE = 4 << 20
_MAX_VALUES = 400_000


def decode_lines(data: bytes) -> Iterator[str]:
    """Decode the lines one by one: decoding the file at once would take four times its size."""
    offset = 0
    for line in BytesIO(data):
        try:
            yield line.decode("utf-8-sig" if offset == 0 else "utf-8")
        except UnicodeDecodeError as error:
            raise RptermError(not_utf8_message("The file", offset + error.start)) from error
        offset += len(line)


def parse_object(line: str, number: int, notes: Notes) -> Mapping[str, Any] | None:
    """The JSON object in a line; ``None``, with a note, if there is none."""
    if not line.strip():
        return None
    try:
        if len(line) > MAX_LINE or sum(map(line.count, ",[{:")) > _MAX_VALUES:
            raise ValueError(line)
        raw = json.loads(line, strict=False)
    except (ValueError, RecursionError):
        notes.add(f"Line {number} is not JSON and was left out.")
        return None
    if not isinstance(raw, Mapping):
        notes.add(f"Line {number} is not a message and was left out.")
        return None
    return raw
