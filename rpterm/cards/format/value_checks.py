"""Type and range checks for single values of a card.

Each check returns the value in the form the record needs, or adds a problem to the ``Report`` and
returns ``None``. Nothing is raised, so that all problems of a file are collected.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from rpterm.cards.format.key_table import CardKey
from rpterm.cards.format.locate import Path
from rpterm.cards.lore.patterns import PatternBudget

CONTROL_CHARACTERS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
"""Characters no text of a card may contain: they could control a terminal. Tabs and line ends
are allowed."""
_YEAR = re.compile(r"-?\d{1,4}")

MAX_PROBLEMS = 100


@dataclass
class Report:
    """The problems found so far, each as path in the data, message and remedy.

    After ``MAX_PROBLEMS`` further problems are dropped: nobody reads them, and finding them all in
    a maliciously broken file takes long. ``patterns`` is the remaining budget for compiling regex
    patterns.
    """

    found: list[tuple[Path, str, str]] = field(default_factory=list)
    patterns: PatternBudget = field(default_factory=PatternBudget)

    @property
    def full(self) -> bool:
        return len(self.found) >= MAX_PROBLEMS

    def add(self, path: Path, message: str, remedy: str = "") -> None:
        if not self.full:
            self.found.append((path, message, remedy))

    def add_wrong_type(self, path: Path, value: object, wanted: str, remedy: str) -> None:
        """Add the problem that a value is not ``wanted`` (the type in words)."""
        self.add(path, f"This must be {wanted}, not {type_in_words(value)}.", remedy)


def displayable(name: str) -> str:
    """A key from a file, shortened and without control characters, so that it can be shown."""
    return name if name.isprintable() and len(name) <= 60 else ascii(name[:60])[1:-1]


def type_in_words(value: object) -> str:
    """The type of a TOML value, in words."""
    names: tuple[tuple[type, str], ...] = (
        (str, "text"), (bool, "true or false"), (int, "a whole number"), (float, "a number"),
        (list, "a list"), (dict, "a table"), (date, "a date"),
    )  # fmt: skip
    return next((name for kind, name in names if isinstance(value, kind)), "a time")


def check(key: CardKey, value: Any, path: Path, report: Report) -> Any:
    """Check one value against its key; ``None`` means that a problem was reported."""
    return _CHECKS[key.kind](key, value, path, report)


def check_text(value: Any, path: Path, report: Report, hint: str = '"…"') -> str | None:
    """Check that a value is a string without control characters."""
    if not isinstance(value, str):
        report.add_wrong_type(path, value, "text", f"Write {hint}.")
        return None
    bad = CONTROL_CHARACTERS.search(value)
    if bad:
        report.add(path, f"The text contains the control character {bad[0]!a}.", "Remove it.")
        return None
    return value


def _text(key: CardKey, value: Any, path: Path, report: Report) -> str | None:
    return check_text(value, path, report, f'{key.name} = "…"')


def _lines(key: CardKey, value: Any, path: Path, report: Report) -> tuple[str, ...] | None:
    if not isinstance(value, list):
        remedy = f'Write {key.name} = ["…", "…"].'
        report.add_wrong_type(path, value, "a list of texts", remedy)
        return None
    items = [check_text(item, (*path, index), report) for index, item in enumerate(value)]
    return tuple(item for item in items if item is not None)


def _words(key: CardKey, value: Any, path: Path, report: Report) -> tuple[str, ...] | None:
    return _lines(key, [value] if isinstance(value, str) else value, path, report)


def _boolean(key: CardKey, value: Any, path: Path, report: Report) -> bool | None:
    if isinstance(value, bool):
        return value
    remedy = f"Write {key.name} = true or {key.name} = false, without quotes."
    report.add_wrong_type(path, value, "true or false", remedy)
    return None


def _integer(key: CardKey, value: Any, path: Path, report: Report) -> int | None:
    found: int | None = _in_range(key, value, path, report, int, "a whole number")
    return found


def _number(key: CardKey, value: Any, path: Path, report: Report) -> float | None:
    found = _in_range(key, value, path, report, (int, float), "a number")
    return None if found is None else float(found)


def _in_range(key: CardKey, value: Any, path: Path, report: Report, kind: Any, wanted: str) -> Any:
    """The value if it is a number of a kind (``wanted`` in words) within the key's limits."""
    if not isinstance(value, kind) or isinstance(value, bool):
        remedy = f"Write {key.name} = {sample_value(key)}, without quotes."
        report.add_wrong_type(path, value, wanted, remedy)
        return None
    if isinstance(value, float) and not math.isfinite(value):
        report.add(
            path,
            f"{value} is not a usable number.",
            f"Use a number {_range_in_words(key)}.".strip(),
        )
        return None
    low = -(10**9) if key.low is None else key.low
    high = 10**9 if key.high is None else key.high
    if low <= value <= high:
        return value
    shown = str(value) if abs(value) < 10**15 else "The number"
    side = "small" if value < low else "large"
    report.add(path, f"{shown} is too {side}.", f"Use a number {_range_in_words(key)}.")
    return None


def _range_in_words(key: CardKey) -> str:
    if key.low is not None and key.high is not None:
        return f"from {key.low:g} to {key.high:g}"
    return f"of {key.low:g} or more" if key.low is not None else "up to a billion"


def sample_value(key: CardKey) -> str:
    """A number that the key can have."""
    return f"{int(key.high if key.high is not None else max(key.low or 0, 2))}"


def _choice(key: CardKey, value: Any, path: Path, report: Report) -> str | None:
    if isinstance(value, str) and value in key.choices:
        return value
    shown = ascii(value[:40]) if isinstance(value, str) else type_in_words(value)
    wanted = ", ".join(f'"{choice}"' for choice in key.choices)
    report.add(path, f"{shown} is not a value this key can have.", f"Use one of {wanted}.")
    return None


def _integers(key: CardKey, value: Any, path: Path, report: Report) -> tuple[int, ...] | None:
    if isinstance(value, int) and not isinstance(value, bool):
        value = [value]
    if not isinstance(value, list):
        report.add_wrong_type(path, value, "a list of whole numbers", f"Write {key.name} = [0, 2].")
        return None
    items = [_integer(key, item, (*path, index), report) for index, item in enumerate(value)]
    return tuple(item for item in items if item is not None)


_CHECKS: dict[str, Callable[[CardKey, Any, Path, Report], Any]] = {
    "text": _text,
    "prose": _text,
    "lines": _lines,
    "words": _words,
    "boolean": _boolean,
    "integer": _integer,
    "number": _number,
    "choice": _choice,
    "integers": _integers,
}


def is_year_or_date(value: str) -> bool:
    """Whether a ``knows_until`` value is a year or a date."""
    if _YEAR.fullmatch(value):
        return True
    try:
        return date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False
