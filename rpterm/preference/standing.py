"""Which ratings stand: a rater who changed a rating is believed the last time. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from rpterm.store.judgement_records import Rating


def standing(ratings: Iterable[Rating]) -> list[Rating]:
    """The last word of each rater on each reply, in their order; every flag.

    Args:
        ratings: Oldest first.
    """
    every = list(ratings)
    last = {_of(each): each.id for each in every}
    return [each for each in every if each.kind == "flag" or last[_of(each)] == each.id]


def _of(rating: Rating) -> tuple[object, ...]:
    return rating.how.rater, rating.turn_id, rating.kind
