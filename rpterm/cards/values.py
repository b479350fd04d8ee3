"""Checks of single values: what a key of the table of keys may hold.

Each check gives the value as the record wants it, or tells the ``Report`` what is wrong and gives
``None``. Nothing is raised: all problems of a file are collected.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from rpterm.cards.layout import Key
from rpterm.cards.locate import Path
from rpterm.cards.patterns import Budget

CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
"""What no text of a card may hold: it could drive a terminal. Tab and line ends are fine."""
_YEAR = re.compile(r"-?\d{1,4}")


MAX_PROBLEMS = 100


@dataclass
class Report:
    """What was found wrong so far: path in the data, message, remedy.

    After ``MAX_PROBLEMS`` it takes no more: nobody reads them, and finding them all in a file
    made to be wrong takes long. ``patterns`` is how much work may still go into them.
    """

    found: list[tuple[Path, str, str]] = field(default_factory=list)
    patterns: Budget = field(default_factory=Budget)

    @property
    def full(self) -> bool:
        return len(self.found) >= MAX_PROBLEMS

    def add(self, path: Path, message: str, remedy: str = "") -> None:
        if not self.full:
            self.found.append((path, message, remedy))


def safe(name: str) -> str:
    """A key from a file as it can be shown: short, and without anything a terminal obeys."""
    return name if name.isprintable() and len(name) <= 60 else ascii(name[:60])[1:-1]


def kind_of(value: object) -> str:
    """What a TOML value is, in words."""
    names: tuple[tuple[type, str], ...] = (
        (str, "text"), (bool, "true or false"), (int, "a whole number"), (float, "a number"),
        (list, "a list"), (dict, "a table"), (date, "a date"),
    )  # fmt: skip
    return next((name for kind, name in names if isinstance(value, kind)), "a time")


def check(key: Key, value: Any, path: Path, report: Report) -> Any:
    """Check one value against its key; ``None`` means it was reported."""
    return _CHECKS[key.kind](key, value, path, report)


def text(value: Any, path: Path, report: Report, hint: str = '"…"') -> str | None:
    """A string without control characters."""
    if not isinstance(value, str):
        report.add(path, f"Here must be text, not {kind_of(value)}.", f"Write {hint}.")
        return None
    bad = CONTROL.search(value)
    if bad:
        report.add(path, f"The text holds the control character {bad[0]!a}.", "Remove it.")
        return None
    return value


def _text(key: Key, value: Any, path: Path, report: Report) -> str | None:
    return text(value, path, report, f'{key.name} = "…"')


def _lines(key: Key, value: Any, path: Path, report: Report) -> tuple[str, ...] | None:
    if not isinstance(value, list):
        message = f"Here must be a list of texts, not {kind_of(value)}."
        report.add(path, message, f'Write {key.name} = ["…", "…"].')
        return None
    items = [text(item, (*path, index), report) for index, item in enumerate(value)]
    return tuple(item for item in items if item is not None)


def _words(key: Key, value: Any, path: Path, report: Report) -> tuple[str, ...] | None:
    return _lines(key, [value] if isinstance(value, str) else value, path, report)


def _flag(key: Key, value: Any, path: Path, report: Report) -> bool | None:
    if isinstance(value, bool):
        return value
    message = f"Here must be true or false, not {kind_of(value)}."
    report.add(path, message, f"Write {key.name} = true or {key.name} = false, without quotes.")
    return None


def _whole(key: Key, value: Any, path: Path, report: Report) -> int | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return value if _inside(key, value, path, report) else None
    message = f"Here must be a whole number, not {kind_of(value)}."
    report.add(path, message, f"Write {key.name} = {_sample(key)}, without quotes.")
    return None


def _number(key: Key, value: Any, path: Path, report: Report) -> float | None:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value) if _inside(key, value, path, report) else None
    message = f"Here must be a number, not {kind_of(value)}."
    report.add(path, message, f"Write {key.name} = {_sample(key)}, without quotes.")
    return None


def _inside(key: Key, value: float, path: Path, report: Report) -> bool:
    if isinstance(value, float) and not math.isfinite(value):
        report.add(path, f"{value} is no usable number.", f"Use a number {_range(key)}.".strip())
        return False
    low = -(10**9) if key.low is None else key.low
    high = 10**9 if key.high is None else key.high
    if low <= value <= high:
        return True
    shown = str(value) if abs(value) < 10**15 else "The number"
    side = "small" if value < low else "large"
    report.add(path, f"{shown} is too {side}.", f"Use a number {_range(key)}.")
    return False


def _range(key: Key) -> str:
    if key.low is not None and key.high is not None:
        return f"from {key.low:g} to {key.high:g}"
    return f"of {key.low:g} or more" if key.low is not None else "up to a billion"


def _sample(key: Key) -> str:
    return f"{int(key.high if key.high is not None else max(key.low or 0, 2))}"


def _choice(key: Key, value: Any, path: Path, report: Report) -> str | None:
    if value in key.choices if isinstance(value, str) else False:
        return str(value)
    shown = ascii(value[:40]) if isinstance(value, str) else kind_of(value)
    wanted = ", ".join(f'"{choice}"' for choice in key.choices)
    report.add(path, f"{shown} is none of the values this key can have.", f"Use one of {wanted}.")
    return None


def _wholes(key: Key, value: Any, path: Path, report: Report) -> tuple[int, ...] | None:
    if isinstance(value, int) and not isinstance(value, bool):
        value = [value]
    if not isinstance(value, list):
        message = f"Here must be a list of whole numbers, not {kind_of(value)}."
        report.add(path, message, f"Write {key.name} = [0, 2].")
        return None
    items = [_whole(key, item, (*path, index), report) for index, item in enumerate(value)]
    return tuple(item for item in items if item is not None)


_CHECKS: dict[str, Callable[[Key, Any, Path, Report], Any]] = {
    "text": _text,
    "prose": _text,
    "lines": _lines,
    "words": _words,
    "flag": _flag,
    "whole": _whole,
    "number": _number,
    "choice": _choice,
    "wholes": _wholes,
}


def horizon(value: str) -> bool:
    """Whether a ``knows_until`` value is a year or a date."""
    if _YEAR.fullmatch(value):
        return True
    try:
        return date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False
