"""Whose a line stays when a card gets another name, and which names it cannot get. Pure.

Turns know their speaker by name alone. So a name that a member gave up goes from its lines, too,
but only where they would else become somebody else's: all other history stays as it was said.
"""

from __future__ import annotations

from collections.abc import Iterable

from rpterm.group import GroupError
from rpterm.types import Cast, Member


def renamed(before: Cast, now: Cast) -> dict[str, str]:
    """Former names in turns, and what each must become so that its lines stay with who said them.

    A name that two bear is left alone: nobody could tell their lines apart afterwards.

    Args:
        now: The same members at the same places; new ones stand behind them.
    """
    found: dict[str, str] = {}
    for place, (old, new) in enumerate(zip(before.members, now.members, strict=False)):
        if _bearers(now, new.speaker) != [place]:
            continue
        for name in (old.speaker, old.card_name):
            # A name that nobody has is the chat's own character's: see ``group.owner``.
            owner = next(iter(_bearers(now, name)), 0)
            if _bearers(before, name) == [place] != [owner]:
                found[name] = new.speaker
    return found


def known_apart(card_name: str, others: Iterable[Member]) -> None:
    """Refuse a card's name that another one has: their memories would become one.

    Raises:
        GroupError: Somebody has it, there or gone.
    """
    if any(member.card_name == card_name for member in others):
        raise GroupError(f"{card_name} is somebody else in this chat: give the card another name.")


def heard_apart(name: str, others: Iterable[Member]) -> None:
    """Refuse a name in speech that another one has: nobody could tell their lines apart.

    Raises:
        GroupError: Somebody who is there is called so.
    """
    if any(m.present and m.speaker.casefold() == name.casefold() for m in others):
        raise GroupError(
            f"Two cannot both be called {name}: give one of the cards another nickname."
        )


def _bearers(cast: Cast, name: str) -> list[int]:
    """The places of all who are called so."""
    return [i for i, m in enumerate(cast.members) if name in (m.speaker, m.card_name)]
