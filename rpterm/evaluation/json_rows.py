"""Parses a file of JSON lines, or of one JSON value, into rows; says which lines are unreadable.

A line that is not UTF-8, not JSON or not an object does not affect the others. A file that is one
JSON list or one pretty-printed object is read completely or not at all. Knows nothing of chats.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

Row = Mapping[str, Any]
_PRETTY_PRINTED = re.compile(r"\{\s*\n")
"""The start of an object that is printed over several lines."""
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_NOT_UTF8 = re.compile("[\udc80-\udcff]")
"""Bytes that are not UTF-8, as ``surrogateescape`` decodes them; UTF-8 never holds surrogates."""


class UnreadableRow(ValueError):
    """A row cannot be read; the message is the reason, ``line`` where it is within the row."""

    def __init__(self, reason: str, line: int = 1) -> None:
        super().__init__(reason)
        self.line = line


def lookup(row: Row, path: str) -> Any:
    """The value of a field; ``a.b`` looks into ``a``. ``None`` if there is none."""
    value: Any = row
    for part in path.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def parse_rows(
    data: bytes, list_keys: Collection[str] = ()
) -> tuple[list[tuple[int, Row]], dict[int, str]]:
    """The rows of a file, and why other lines could not be read.

    Args:
        data: The content of the file.
        list_keys: Keys of lists that are part of a row. One pretty-printed object with a single
            list under another key is a wrapper around its rows.

    Returns:
        The readable rows with their line number, from 1 (in a JSON list: their position), and the
        reason for each unreadable line, by its number.
    """
    if data.startswith(_UTF16):
        return [], {1: "this is UTF-16 text; save the file as UTF-8"}
    text = data.removeprefix(codecs.BOM_UTF8).decode("utf-8", "surrogateescape")
    start = text.lstrip()
    if start.startswith("[") or _PRETTY_PRINTED.match(start):
        try:
            values = _unwrap(_parse_json(text), list_keys)
        except UnreadableRow as error:
            return [], {error.line: str(error)}
        return _collect(list(enumerate(values, 1)))
    problems = {}
    numbered = []
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                numbered.append((number, _parse_json(line)))
            except UnreadableRow as error:
                problems[number] = str(error)
    rows, no_objects = _collect(numbered)
    return rows, problems | no_objects


def _collect(numbered: Sequence[tuple[int, Any]]) -> tuple[list[tuple[int, Row]], dict[int, str]]:
    rows = [(number, value) for number, value in numbered if isinstance(value, Mapping)]
    problems = {
        number: "expected an object in braces"
        for number, value in numbered
        if not isinstance(value, Mapping)
    }
    return rows, problems


def _unwrap(value: Any, list_keys: Collection[str]) -> list[Any]:
    """The rows in a JSON list, in an object that wraps one list of rows, or the object itself."""
    if isinstance(value, list):
        return value
    lists = [each for each in value.values() if isinstance(each, list)]
    if len(lists) == 1 and not any(key in value for key in list_keys):
        return lists[0]
    return [value]


def _parse_json(text: str) -> Any:
    if bad := _NOT_UTF8.search(text):
        line = text.count("\n", 0, bad.start()) + 1
        raise UnreadableRow("this is not UTF-8 text; save the file as UTF-8", line)
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise UnreadableRow(f"this is not JSON ({error.msg})", error.lineno) from None
    except RecursionError:
        raise UnreadableRow("this is not JSON (nested too deeply)") from None
    except ValueError:
        raise UnreadableRow("this is not JSON (a number is too long)") from None
