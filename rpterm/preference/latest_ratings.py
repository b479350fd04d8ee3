"""Reduces ratings to the valid ones: the last of each rater for each reply. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from rpterm.store.judgement_records import Rating


def latest_ratings(ratings: Iterable[Rating]) -> list[Rating]:
    """The last rating of each kind by each rater for each reply, and all flags, in order.

    A rating does not count any more, either, if the same rater said the opposite later in another
    way: a thumb up and then one star is one opinion, the last.

    Args:
        ratings: Oldest first.
    """
    latest: list[Rating] = []
    kinds: set[tuple[str, int, str]] = set()
    opinions: dict[tuple[str, int], bool] = {}
    for each in reversed(list(ratings)):
        opinion = each.how.rater, each.turn_id
        if each.kind != "flag":
            if (*opinion, each.kind) in kinds:
                continue
            kinds.add((*opinion, each.kind))
            if each.good is not None and opinions.setdefault(opinion, each.good) != each.good:
                continue
        latest.append(each)
    return latest[::-1]
