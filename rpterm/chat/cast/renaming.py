"""What happens to turns when a card is renamed, and which names a card cannot take. Pure functions.

A turn stores only the name of its speaker. When a member gives up a name, its turns get the new
name only if they would otherwise be attributed to somebody else; all others keep the old one.
"""

from __future__ import annotations

from collections.abc import Iterable

from rpterm.chat.cast.turn_taking import GroupError
from rpterm.types import Cast, Member


def speaker_renames(before: Cast, now: Cast) -> dict[str, str]:
    """Map old speaker names to the new names they need for turns to keep their speaker.

    A name that two members share is left alone: their turns could not be told apart afterwards.

    Args:
        now: The same members in the same order, followed by new ones.
    """
    new_names: dict[str, str] = {}
    for place, (old, new) in enumerate(zip(before.members, now.members, strict=False)):
        if _bearers(now, new.speaker) != [place]:
            continue
        for name in (old.speaker, old.card_name):
            # A name that nobody has belongs to the chat's own character: see ``speaker_of``.
            owner = next(iter(_bearers(now, name)), 0)
            if _bearers(before, name) == [place] != [owner]:
                new_names[name] = new.speaker
    return new_names


def require_unique_card_name(card_name: str, others: Iterable[Member]) -> None:
    """Refuse a card name that another member has: the two would share one memory.

    Raises:
        GroupError: Another member, present or not, has this card name.
    """
    if any(member.card_name == card_name for member in others):
        raise GroupError(
            f"Another character in this chat is already called {card_name}: give the card another "
            "name."
        )


def require_unique_speaker(name: str, others: Iterable[Member]) -> None:
    """Refuse a speaker name that another member has: their turns could not be told apart.

    Raises:
        GroupError: Another member who is present has this speaker name.
    """
    if any(m.present and m.speaker.casefold() == name.casefold() for m in others):
        raise GroupError(
            f"Two characters cannot both be called {name}: give one of the cards another nickname."
        )


def _bearers(cast: Cast, name: str) -> list[int]:
    """The indexes of all members that have this name."""
    return [i for i, m in enumerate(cast.members) if name in (m.speaker, m.card_name)]
