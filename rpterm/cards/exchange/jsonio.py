"""JSON of strangers, read within limits: size, nesting, numbers, text that is no UTF-8.

What passes holds only dict, list, str, int, float, bool and None, is nested at most ``MAX_DEPTH``
deep, and has no number that another reader would take for infinite.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable
from itertools import islice
from typing import Any

from rpterm.cards.exchange.mend import Mend
from rpterm.cards.exchange.problem import MAX_DEPTH, MAX_JSON, MAX_MARKS, ExchangeError, NotACard
from rpterm.marks import not_utf8

_MOST_KEYS = 5
_MARKS = (b",", b"[", b"{", b":")


def loads(data: bytes, what: str, mend: Mend | None = None) -> Any:
    """Parse JSON.

    Args:
        what: What the text is, for the error: "card.json", "the chunk ccv3".
        mend: Told the keys that stand twice in one object: JSON has no rule for them, and the last
            one counts.

    Raises:
        ExchangeError: It is too large, too deep, no UTF-8, or no JSON.
    """
    if len(data) > MAX_JSON:
        raise ExchangeError(
            f"{what} has {len(data):,} bytes of JSON; up to {MAX_JSON:,} can be a card."
        )
    if sum(data.count(mark) for mark in _MARKS) > MAX_MARKS:
        raise NotACard(f"{what} has more than {MAX_MARKS:,} values: it is no card.")
    twice: dict[str, None] = {}

    def table(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        if len(made) < len(pairs):
            counts = Counter(key for key, _ in pairs)
            twice.update((key, None) for key, count in counts.items() if count > 1)
        return made

    try:
        text = data.decode("utf-8-sig")
        value = json.loads(
            text, parse_float=_float, parse_int=_int, parse_constant=_constant, strict=False,
            object_pairs_hook=table,
        )  # fmt: skip
    except UnicodeDecodeError as error:
        raise ExchangeError(not_utf8(what, error.start)) from error
    except RecursionError as error:
        raise NotACard(_deep(what)) from error
    except json.JSONDecodeError as error:
        raise ExchangeError(
            f"{what} is not JSON: {error.msg} in line {error.lineno}, column {error.colno}."
        ) from error
    except ValueError as error:
        raise ExchangeError(f"{what}: {error}") from error
    check_depth(value, what)
    if twice and mend is not None:
        mend.note(f"{what} has more than one {_named(twice)} in one object; the last one counts.")
    return value


def check_depth(value: Any, what: str) -> None:
    """Refuse what is nested deeper than ``MAX_DEPTH``.

    Raises:
        ExchangeError: It is.
    """
    level, depth = [value], 0
    while level:
        depth += 1
        if depth > MAX_DEPTH:
            raise NotACard(_deep(what))
        below: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                below.extend(each for each in item.values() if isinstance(each, dict | list))
            elif isinstance(item, list):
                below.extend(each for each in item if isinstance(each, dict | list))
        level = below


def dumps(value: Any, indent: int | None = 2) -> bytes:
    """JSON as other programs write it; broken Unicode is escaped, not lost."""
    try:
        return json.dumps(value, ensure_ascii=False, indent=indent).encode("utf-8")
    except UnicodeEncodeError:
        return json.dumps(value, indent=indent).encode("ascii")


def same(one: Any, other: Any) -> bool:
    """Equal as data: 1, 1.0 and true are three different values, the order of keys is none."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, float) and isinstance(other, float):
        return repr(one) == repr(other)
    return type(one) is type(other) and bool(one == other)


def _named(keys: Iterable[str]) -> str:
    """Some keys of a stranger, fit for a line."""
    first = [ascii(key)[:60] for key in islice(keys, _MOST_KEYS + 1)]
    return ", ".join([*first[:_MOST_KEYS], "…"] if len(first) > _MOST_KEYS else first)


def _deep(what: str) -> str:
    return f"{what} is nested more than {MAX_DEPTH} levels deep: it is no card."


def _float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"the number {text[:30]} is too large to be kept.")
    return value


def _int(text: str) -> int:
    if len(text) > 400:
        raise ValueError(f"a number of {len(text):,} digits cannot be kept.")
    return int(text)


def _constant(text: str) -> Any:
    raise ValueError(f"{text} is no number in JSON.")
