"""Sets up the cast of a chat: adds requested characters, copies a cast, finds a chat by its cast.

Knows neither the command line nor any front end.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import cache

from rpterm.chat.cast.card_lookup import NARRATOR, current_card_name
from rpterm.chat.cast.scene import Scene
from rpterm.errors import InvalidChoice, RptermError
from rpterm.store import Store
from rpterm.store.cast import Casts
from rpterm.types import Cast, Chat, TurnTaking


def newest_chat_with(store: Store, lead: str, others: Iterable[str]) -> Chat | None:
    """The newest chat of a character in which exactly these others take part.

    Args:
        others: Card names. A chat may still store a former name of a card.
    """
    wanted, casts, current_name = set(others), Casts(store), cache(current_card_name)
    counts = casts.counts()
    for chat in store.chats(card_name=lead):
        if counts.get(chat.id, 1) != len(wanted) + 1:
            continue
        cast = casts.get(chat.id)
        present = [] if cast is None else [m for m in cast.members[1:] if m.present]
        names = {m.card_name if m.card_name in wanted else current_name(m) for m in present}
        if names == wanted:
            return chat
    return None


def add_characters(scene: Scene, targets: Sequence[str], taking: str) -> None:
    """Add the requested characters that are not in the scene yet, and set how turns are taken.

    Args:
        targets: Names or paths of cards.
        taking: A value of ``TurnTaking``, or "" to leave it unchanged.
    """
    new_taking = parse_taking(taking) if taking else None  # Fails before anything is changed.
    for target in targets:
        scene.add(target, narrator=True if target == NARRATOR else None, known=True)
    if new_taking is not None:
        scene.set_taking(new_taking)


def copy_cast(scene: Scene, cast: Cast) -> None:
    """Copy another chat's cast into a new chat, leaving out members whose card is missing."""
    for member in cast.members[1:]:
        if member.present:
            with suppress(RptermError):
                added = scene.add(member.card_path or member.card_name, narrator=member.narrator)
                scene.mute(added.card_name, member.muted)
    scene.set_taking(cast.taking)


def parse_taking(name: str) -> TurnTaking:
    """Parse the name of a way of taking turns.

    Raises:
        RptermError: There is no way of that name.
    """
    try:
        return TurnTaking(name.strip().casefold())
    except ValueError:
        ways = ", ".join(TurnTaking)
        raise InvalidChoice(
            f"There is no way of taking turns called {name!r}: choose {ways}."
        ) from None
