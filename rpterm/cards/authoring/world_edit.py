"""Adds worlds to a card's TOML text or removes them; everything else stays byte for byte.

The functions take and return text; they touch no files and do not check that a world exists.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rpterm.cards.card import CharacterCard
from rpterm.cards.format.reader import parse
from rpterm.cards.format.toml_edit import CardEditError, checked, parse_document

_KEY = "worlds"


def add_world(text: str, world: str) -> str:
    """Add a world to a card's text.

    Raises:
        CardError: The text is not a valid card.
        CardEditError: The card names the world already, or its layout does not allow the change.
    """
    before = parse(text)
    if world in before.worlds:
        raise CardEditError(f"{before.name} already has the world {world}.")
    return _with_worlds(text, before, (*before.worlds, world))


def remove_world(text: str, world: str) -> str:
    """Remove a world from a card's text.

    Raises:
        CardError, CardEditError: As for ``add_world``, or the card does not name the world.
    """
    before = parse(text)
    if world not in before.worlds:
        has = f"It has {', '.join(before.worlds)}." if before.worlds else "It has none."
        raise CardEditError(f"{before.name} has no world {world}. {has}")
    return _with_worlds(text, before, [each for each in before.worlds if each != world])


def _with_worlds(text: str, before: CharacterCard, wanted: Sequence[str]) -> str:
    import tomlkit

    toml = parse_document(text)
    if not wanted:
        del toml[_KEY]
    elif isinstance(listed := toml.get(_KEY), list):
        _update_in_place(listed, wanted)
    else:
        toml[_KEY] = tomlkit.item(list(wanted))
    return checked(toml.as_string(), text, replace(before, worlds=tuple(wanted)))


def _update_in_place(listed: list[str], wanted: Sequence[str]) -> None:
    """Delete and append names one by one, so that comments and layout are kept."""
    for at in reversed(range(len(listed))):
        if listed[at] not in wanted:
            del listed[at]
    for name in wanted:
        if name not in listed:
            listed.append(name)
