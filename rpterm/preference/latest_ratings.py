"""Reduces ratings to the valid ones: the last of each rater for each reply. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from rpterm.store.judgement_records import Rating


def latest_ratings(ratings: Iterable[Rating]) -> list[Rating]:
    """The last rating of each kind by each rater for each reply, and all flags, in order.

    Args:
        ratings: Oldest first.
    """
    every = list(ratings)
    last = {_key(each): each.id for each in every}
    return [each for each in every if each.kind == "flag" or last[_key(each)] == each.id]


def _key(rating: Rating) -> tuple[object, ...]:
    return rating.how.rater, rating.turn_id, rating.kind
