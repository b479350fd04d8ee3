"""Reads untrusted JSON within limits of size, nesting and numbers, and writes JSON.

Accepted data contains only dict, list, str, int, float, bool and None, is nested at most
``MAX_DEPTH`` deep, and has no number that another parser would read as infinite.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterable
from functools import partial
from itertools import islice
from typing import Any

from rpterm.cards.exchange.errors import MAX_DEPTH, MAX_JSON, MAX_MARKS, ExchangeError, NotACard
from rpterm.cards.exchange.notes import ImportNotes
from rpterm.text.encoding import not_utf8_message

_MAX_LISTED = 5
_MARKS = (b",", b"[", b"{", b":")
_LAST_COMMA = re.compile(r'("(?:[^"\\]|\\.)*")|,(?=\s*[}\]])', re.DOTALL)


def loads(data: bytes, what: str, notes: ImportNotes | None = None) -> Any:
    """Parse JSON.

    Args:
        what: The name of the text for error messages: "card.json", "the chunk ccv3".
        notes: Receives a note about duplicate keys in one object, of which the last one counts, and
            about faults of hand-written and of Python's JSON that could be understood.

    Raises:
        ExchangeError: The text is too large, too deeply nested, not UTF-8, or not JSON.
    """
    if len(data) > MAX_JSON:
        raise ExchangeError(
            f"{what} has {len(data):,} bytes of JSON; a card can have at most {MAX_JSON:,}."
        )
    if sum(data.count(mark) for mark in _MARKS) > MAX_MARKS:
        raise NotACard(f"{what} has more than {MAX_MARKS:,} values: it is not a card.")
    duplicates: dict[str, None] = {}
    notes = notes or ImportNotes()

    def read_constant(name: str) -> None:
        notes.add(f"{what} has {name} instead of a number; it was read as null.")

    def build_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        built = dict(pairs)
        if len(built) < len(pairs):
            counts = Counter(key for key, _ in pairs)
            duplicates.update((key, None) for key, count in counts.items() if count > 1)
        return built

    try:
        text = data.decode("utf-8-sig").rstrip("\0 \r\n")
        parse = partial(
            json.loads, parse_float=_float, parse_int=_int, parse_constant=read_constant,
            strict=False, object_pairs_hook=build_object,
        )  # fmt: skip
        try:
            value = parse(text)
        except json.JSONDecodeError:
            plain = _LAST_COMMA.sub(lambda found: found[1] or "", text)
            if plain == text:
                raise
            value = parse(plain)
            notes.add(f"{what} had commas before closing brackets; they were ignored.")
    except UnicodeDecodeError as error:
        raise ExchangeError(not_utf8_message(what, error.start)) from error
    except RecursionError as error:
        raise NotACard(_too_deep(what)) from error
    except json.JSONDecodeError as error:
        raise ExchangeError(
            f"{what} is not JSON: {error.msg} in line {error.lineno}, column {error.colno}."
        ) from error
    except ValueError as error:
        raise ExchangeError(f"{what}: {error}") from error
    check_depth(value, what)
    if duplicates:
        keys = _listed(duplicates)
        notes.add(f"{what} has more than one {keys} in one object; the last one counts.")
    return value


def check_depth(value: Any, what: str) -> None:
    """Check that a value is not nested deeper than ``MAX_DEPTH``.

    Raises:
        ExchangeError: It is.
    """
    level, depth = [value], 0
    while level:
        depth += 1
        if depth > MAX_DEPTH:
            raise NotACard(_too_deep(what))
        below: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                below.extend(each for each in item.values() if isinstance(each, dict | list))
            elif isinstance(item, list):
                below.extend(each for each in item if isinstance(each, dict | list))
        level = below


def dumps(value: Any, indent: int | None = 2) -> bytes:
    """JSON as other programs write it; lone surrogates are escaped instead of lost."""
    try:
        return json.dumps(value, ensure_ascii=False, indent=indent).encode("utf-8")
    except UnicodeEncodeError:
        return json.dumps(value, indent=indent).encode("ascii")


def same_json(one: Any, other: Any) -> bool:
    """Whether two values are equal as JSON: 1, 1.0 and true differ, key order is ignored."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same_json(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same_json, one, other))
    if isinstance(one, float) and isinstance(other, float):
        return repr(one) == repr(other)
    return type(one) is type(other) and bool(one == other)


def _listed(keys: Iterable[str]) -> str:
    """The first few keys, escaped and shortened for one line."""
    first = [ascii(key)[:60] for key in islice(keys, _MAX_LISTED + 1)]
    return ", ".join([*first[:_MAX_LISTED], "…"] if len(first) > _MAX_LISTED else first)


def _too_deep(what: str) -> str:
    return f"{what} is nested more than {MAX_DEPTH} levels deep: it is not a card."


def _float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"the number {text[:30]} is too large.")
    return value


def _int(text: str) -> int:
    if len(text) > 400:
        raise ValueError(f"a number of {len(text):,} digits is too large.")
    return int(text)
