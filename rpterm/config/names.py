"""The settings by dotted name: their kinds and values, and suggestions for misspelt names."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, get_type_hints

from rpterm.config.settings import (
    ConfigError,
    DistillingSettings,
    DuelSettings,
    ExampleSettings,
    ScoringSettings,
    Settings,
)
from rpterm.config.values import Kind, kind_of, parse
from rpterm.types import Persona, Sampling

TABLES = {
    "distil": DistillingSettings, "duel": DuelSettings, "examples": ExampleSettings,
    "persona": Persona, "sampling": Sampling, "scoring": ScoringSettings,
}  # fmt: skip


def setting_kinds() -> dict[str, Kind]:
    """The kind of every setting, by dotted name."""
    found: dict[str, Kind] = {}
    for name, hint in get_type_hints(Settings).items():
        if name in TABLES:
            inner = get_type_hints(TABLES[name])
            found.update({f"{name}.{key}": kind_of(each) for key, each in inner.items()})
        else:
            found[name] = kind_of(hint)
    return found


def as_dict(settings: Settings) -> dict[str, object]:
    """The value of every setting, by dotted name."""
    values: dict[str, object] = {}
    for name in setting_kinds():
        value: Any = settings
        for part in name.split("."):
            value = getattr(value, part)
        values[name] = value
    return values


def full_name(name: str) -> str:
    """The full dotted name; ``temperature`` is enough for ``sampling.temperature``.

    Raises:
        ConfigError: There is no such setting; the text suggests a similar one.
    """
    kinds = setting_kinds()
    if name in kinds or (name.startswith("keys.") and len(name) > len("keys.")):
        return name
    for table in TABLES:
        if f"{table}.{name}" in kinds:
            return f"{table}.{name}"
    raise ConfigError([f"There is no setting {name!r}{suggestion(name, kinds)}"])


def parse_value(name: str, text: str) -> object:
    """Parse the value of a setting as a user types it.

    Raises:
        ConfigError: It is not valid for this setting.
    """
    kind = Kind("plain") if name.startswith("keys.") else setting_kinds()[name]
    value, problems = parse(name, text, kind, name)
    if not text.isprintable() and not problems:
        problems = [f"{name} must be plain text, not {text!r}."]
    if problems:
        raise ConfigError(problems)
    return value


def suggestion(name: str, known: Iterable[str]) -> str:
    """The end of a sentence about an unknown name: a suggestion, or where all are listed."""
    from difflib import get_close_matches

    known = list(known)
    by_last = {last_part(each): each for each in known}
    similar = get_close_matches(name, known, 1)
    similar = similar or [by_last[each] for each in get_close_matches(last_part(name), by_last, 1)]
    return f"; did you mean {similar[0]}?" if similar else "; `rpterm config show` lists them all."


def last_part(name: str) -> str:
    """The last part of a dotted name, without its table."""
    return name.rsplit(".", 1)[-1]
