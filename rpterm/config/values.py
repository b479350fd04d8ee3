"""Parses and validates the values of settings: types, choices and ranges.

The kind of a setting is derived from its Python annotation. Problems are returned as a list of
sentences for the user, which is empty if the value is valid. Does not know which settings exist.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal, NamedTuple, get_args, get_origin

from rpterm.sampling_ranges import SAMPLING_RANGES

RANGES: dict[str, tuple[float, float]] = {
    "context": (0, 16_777_216),
    "threads": (0, 1024),
    "gpu_layers": (-1, 10_000),
    "candidates": (1, 16),
    "scoring.best_of": (1, 8),
    "examples.per_turn": (-1, 16),
    "examples.budget": (0, 16_777_216),
    **{f"sampling.{name}": limits for name, limits in SAMPLING_RANGES.items()},
}
"""The smallest and the largest value of every number."""
_SMALLEST_BUT_ZERO = {"context": 512}
"""Numbers that may be smaller than this only as 0, which stands for a choice of the program."""
_WORDS: dict[Any, str] = {
    str: "text in quotes",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
}
_SWITCH = {"on": "true", "yes": "true", "off": "false", "no": "false"}


class Kind(NamedTuple):
    """The type of a setting: one of ``choices``, or an ``item`` alone, in a list, or in a table."""

    shape: Literal["choice", "plain", "list", "table"]
    item: Any = str
    choices: tuple[str, ...] = ()


def kind_of(hint: Any) -> Kind:
    """The kind of an annotation such as ``int | None`` or ``Mapping[str, float]``."""
    origin, args = get_origin(hint), get_args(hint)
    if origin is Literal:
        return Kind("choice", choices=args)
    if origin is tuple:
        return Kind("list", args[0])
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return Kind("table", args[1])
    return Kind("plain", next(each for each in (hint, *args) if each in _WORDS))


def parse(name: str, text: str, kind: Kind, label: str) -> tuple[object, list[str]]:
    """The value of the text a user typed, and the problems with it.

    Strings and numbers are typed without quotes, lists and tables in TOML syntax.
    """
    if kind.shape == "choice" or kind == Kind("plain", str):
        return text, problems_with(name, text, kind, label)
    import tomli

    if kind == Kind("plain", bool):
        text = _SWITCH.get(text.lower(), text.lower())  # TOML knows only ``true`` and ``false``.
    try:
        value: object = tomli.loads(f"value = {text}")["value"]
    except (ValueError, RecursionError):  # Besides a syntax error, 5,000 digits or brackets.
        want = _WORDS[kind.item] if kind.shape == "plain" else f"a {kind.shape} in TOML syntax"
        return None, [f"{label} must be {want}, not {text!r:.80}."]
    return value, problems_with(name, value, kind, label)


def problems_with(name: str, value: object, kind: Kind, label: str) -> list[str]:
    """The problems with a value.

    Args:
        name: Dotted name of the setting, for its range.
        value: As parsed from TOML or from the command line.
        label: The name to use in messages.
    """
    if kind.shape == "choice":
        if value in kind.choices:
            return []
        allowed = " or ".join(f'"{choice}"' for choice in kind.choices)
        return [f"{label} must be {allowed}, not {value!r}."]
    if kind.shape == "plain":
        if not _has_type(value, kind.item):
            return [f"{label} must be {_WORDS[kind.item]}, not {value!r}."]
        return _out_of_range(name, value, label)
    return _wrong_items(value, kind, label)


def _wrong_items(value: object, kind: Kind, label: str) -> list[str]:
    items: Iterable[tuple[object, object]]
    if kind.shape == "list" and isinstance(value, list | tuple):
        items = enumerate(value, 1)
    elif kind.shape == "table" and isinstance(value, Mapping):
        items = value.items()
    else:
        return [f"{label} must be a {kind.shape}, not {value!r}."]
    return [
        f"{label} {key}: must be {_WORDS[kind.item]}, not {item!r}."
        for key, item in items
        if not _has_type(item, kind.item)
    ]


def _out_of_range(name: str, value: Any, label: str) -> list[str]:
    if name not in RANGES:
        return []
    low, high = RANGES[name]
    smallest = _SMALLEST_BUT_ZERO.get(name, low)
    if (value == 0 and low == 0) or smallest <= value <= high:
        return []
    zero = "0 or " if smallest > low else ""
    return [f"{label} must be {zero}between {smallest} and {high}, not {value}."]


def _has_type(value: object, wanted: Any) -> bool:
    """Like ``isinstance``, but a bool is no number, and an int is a valid float."""
    if isinstance(value, bool):
        return wanted is bool
    return isinstance(value, (int, float) if wanted is float else wanted)
