"""Whether the user's own table of keys can be used. Knows the registry of keys alone."""

from __future__ import annotations

from collections.abc import Mapping

from rpterm.tui import key_names, keys
from rpterm.types import RptermError


class KeyMapError(RptermError):
    """The ``[keys]`` table of the settings names something that does not exist."""


def check(overrides: Mapping[str, str]) -> None:
    """Refuse a key table that names commands or keys that do not exist.

    Raises:
        KeyMapError: With the nearest id that does exist, or the key.
    """
    from difflib import get_close_matches

    for name, value in overrides.items():
        if name not in keys.BY_ID:
            near = get_close_matches(name, keys.BY_ID, 1)
            hint = f' Did you mean "{near[0]}"?' if near else " `rpterm help keys` lists the ids."
            raise KeyMapError(f'config.toml [keys]: there is no command "{name}".{hint}')
        try:
            known = keys.read(value)
        except ValueError as error:
            raise KeyMapError(
                f'config.toml [keys] {name}: there is no key "{error}"; give one such as "ctrl+g".'
            ) from error
        if not known:
            raise KeyMapError(f'config.toml [keys] {name}: give a key, such as "ctrl+g".')


def clash(overrides: Mapping[str, str]) -> str:
    """A sentence about a key that two commands hear, or "".

    Told and no reason to refuse the table at a start: a new version may bring the other command.
    """
    for name in overrides:
        if taken := _taken(keys.BY_ID[name], overrides):
            key, other = taken
            return (
                f"config.toml [keys] {name}: {key_names.show(key)} is a key of {other.id}; give "
                f"{name} another one, or first give {other.id} another one."
            )
    return ""


def check_change(overrides: Mapping[str, str]) -> None:
    """Refuse a table that is about to be kept where two commands would hear a key, too.

    Raises:
        KeyMapError: As ``check``, or with what ``clash`` says.
    """
    check(overrides)
    if told := clash(overrides):
        raise KeyMapError(told)


def _taken(key: keys.Key, overrides: Mapping[str, str]) -> tuple[str, keys.Key] | None:
    """A key that the user gave to this command though another one hears it at the same moment.

    Two that share a key by default do so on purpose.
    """
    for other in keys.KEYS:
        together = other.scope == key.scope or "app" in (other.scope, key.scope)
        if other is key or not together or not _meet(key.when, other.when):
            continue
        for name in keys.keys_of(key, overrides):
            usual = name in key.keys and name in other.keys
            if name in keys.keys_of(other, overrides) and not usual:
                return name, other
    return None


def _meet(one: tuple[keys.When, ...], other: tuple[keys.When, ...]) -> bool:
    """Whether two commands can wait for a key at the same moment."""
    here, there = _moments(one), _moments(other)
    return "always" in here | there or not here.isdisjoint(there)


def _moments(when: tuple[keys.When, ...]) -> frozenset[str]:
    """The states, those that hold others taken apart."""
    parts = {"input": ("empty", "typing"), "command": ("typing",)}
    return frozenset(part for state in when for part in parts.get(state, (state,)))
