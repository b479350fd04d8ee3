"""Name a world in a card's TOML text, or no longer; all else stays, byte for byte.

Text in, text out: no file is touched here, and whether there is such a world is not looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rpterm.cards.reader import parse
from rpterm.cards.toml_edit import CardEditError, document, same_ends

_KEY = "worlds"


def join(text: str, world: str) -> str:
    """The text of a card that names this world, too.

    Raises:
        CardError: The text is no card.
        CardEditError: It names it already, or its layout does not allow it.
    """
    before = parse(text)
    if world in before.worlds:
        raise CardEditError(f"{before.name} has the world {world} already.")
    return _named(text, (*before.worlds, world))


def leave(text: str, world: str) -> str:
    """The text of a card that does not name this world any more.

    Raises:
        CardError, CardEditError: As ``join``, or it does not name it.
    """
    before = parse(text)
    if world not in before.worlds:
        has = f"It has {', '.join(before.worlds)}." if before.worlds else "It has none."
        raise CardEditError(f"{before.name} has no world {world}. {has}")
    return _named(text, tuple(each for each in before.worlds if each != world))


def _named(text: str, wanted: Sequence[str]) -> str:
    import tomlkit

    written = document(text)
    if not wanted:
        del written[_KEY]
    elif isinstance(listed := written.get(_KEY), list):
        _change(listed, wanted)
    else:
        written[_KEY] = tomlkit.item(list(wanted))
    after = same_ends(written.as_string(), text)
    if parse(after) != replace(parse(text), worlds=tuple(wanted)):
        raise CardEditError("The card is laid out so that this cannot be changed; edit its file.")
    return after


def _change(listed: list[str], wanted: Sequence[str]) -> None:
    """What stands around the names stays."""
    for at in reversed(range(len(listed))):
        if listed[at] not in wanted:
            del listed[at]
    for name in wanted:
        if name not in listed:
            listed.append(name)
