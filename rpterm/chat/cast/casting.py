"""Bring a chat's company together: who was asked for, and which earlier chat had the same.

It knows how a scene is changed, and neither the command line nor any front end.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import cache

from rpterm.chat.cast.company import NARRATOR, name_now
from rpterm.chat.cast.scene import Scene
from rpterm.store import Store
from rpterm.store.cast import Casts
from rpterm.types import Cast, Chat, NoSuchChoice, RptermError, Taking


def newest_with(store: Store, lead: str, others: Iterable[str]) -> Chat | None:
    """The newest chat of a character with exactly these others in it.

    Args:
        others: Card names. A chat may still know one by the name its card had before.
    """
    wanted, casts, now = set(others), Casts(store), cache(name_now)
    counts = casts.counts()
    for chat in store.chats(card_name=lead):
        if counts.get(chat.id, 1) != len(wanted) + 1:
            continue
        cast = casts.get(chat.id)
        here = [] if cast is None else [member for member in cast.members[1:] if member.present]
        if {m.card_name if m.card_name in wanted else now(m) for m in here} == wanted:
            return chat
    return None


def gather(scene: Scene, targets: Sequence[str], taking: str) -> None:
    """Let everybody join who is asked for and not there yet, and set how turns are taken.

    Args:
        targets: Names or paths of cards.
        taking: A value of ``Taking``, or "" to leave it.
    """
    wanted = taking_of(taking) if taking else None
    for target in targets:
        scene.add(target, narrator=True if target == NARRATOR else None, known=True)
    if wanted is not None:
        scene.take(wanted)


def carry_over(scene: Scene, cast: Cast) -> None:
    """A new chat begins with the company of the one before, as far as its cards are there."""
    for member in cast.members[1:]:
        if member.present:
            with suppress(RptermError):
                here = scene.add(member.card_path or member.card_name, narrator=member.narrator)
                scene.mute(here.card_name, member.muted)
    scene.take(cast.taking)


def taking_of(name: str) -> Taking:
    """How turns are taken, by its name.

    Raises:
        RptermError: There is no such way.
    """
    try:
        return Taking(name.strip().casefold())
    except ValueError:
        ways = ", ".join(Taking)
        raise NoSuchChoice(
            f"There is no way of taking turns called {name!r}: choose {ways}."
        ) from None
