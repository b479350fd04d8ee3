"""Validates the user's own key table against the key registry. Knows nothing else."""

from __future__ import annotations

from collections.abc import Mapping

from rpterm.errors import RptermError
from rpterm.tui import key_names, keys


def check(overrides: Mapping[str, str]) -> None:
    """Reject a key table that names commands or keys that do not exist.

    Raises:
        RptermError: Names the wrong key, or the wrong id with the nearest one that exists.
    """
    from difflib import get_close_matches

    for name, value in overrides.items():
        if name not in keys.BY_ID:
            near = get_close_matches(name, keys.BY_ID, 1)
            hint = f' Did you mean "{near[0]}"?' if near else " `rpterm help keys` lists the ids."
            raise RptermError(f'config.toml [keys]: there is no command "{name}".{hint}')
        try:
            parsed = keys.parse_keys(value)
        except ValueError as error:
            raise RptermError(
                f'config.toml [keys] {name}: there is no key "{error}"; use one such as "ctrl+g".'
            ) from error
        if not parsed:
            raise RptermError(f'config.toml [keys] {name}: enter a key, such as "ctrl+g".')


def find_conflict(overrides: Mapping[str, str]) -> str:
    """A sentence about the first key that two commands share, or "".

    At startup this is only a warning: the other command may be new in this version.
    """
    for name in overrides:
        if conflict := _conflict(keys.BY_ID[name], overrides):
            key, other = conflict
            return (
                f"config.toml [keys] {name}: {key_names.display(key)} already belongs to "
                f"{other.id}. "
                f"Choose another key for {name}, or first one for {other.id}."
            )
    return ""


def check_change(overrides: Mapping[str, str]) -> None:
    """Reject a table that is about to be saved, also if two commands would share a key.

    Raises:
        RptermError: As ``check``, or with the sentence of ``find_conflict``.
    """
    check(overrides)
    if warning := find_conflict(overrides):
        raise RptermError(warning)


def _conflict(key: keys.Key, overrides: Mapping[str, str]) -> tuple[str, keys.Key] | None:
    """A key that the user gave to this command although another one is active at the same time.

    Two commands that share a key by default do so on purpose.
    """
    for other in keys.KEYS:
        share_scope = other.scope == key.scope or "app" in (other.scope, key.scope)
        if other is key or not share_scope or not _overlap(key.when, other.when):
            continue
        for name in keys.keys_of(key, overrides):
            is_default = name in key.keys and name in other.keys
            if name in keys.keys_of(other, overrides) and not is_default:
                return name, other
    return None


def _overlap(one: tuple[keys.When, ...], other: tuple[keys.When, ...]) -> bool:
    """Whether two commands can be active at the same time."""
    states, other_states = _elementary_states(one), _elementary_states(other)
    return "always" in states | other_states or not states.isdisjoint(other_states)


def _elementary_states(when: tuple[keys.When, ...]) -> frozenset[str]:
    """The states, with composite ones replaced by those they consist of."""
    parts = {"input": ("empty", "typing"), "command": ("typing",)}
    return frozenset(part for state in when for part in parts.get(state, (state,)))
