"""Pairs out of ratings, and one verdict where judgements of the same two replies disagree. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import combinations

from rpterm.preference.records import STRENGTH, Dropped, Record, Reply, Source

_COMPARED = frozenset({Source.DUEL, Source.EDIT, Source.SWIPE})


def rated_pairs(
    labels: Sequence[Record],
    limit: int,
    comparable: Callable[[Record, Record], bool] = lambda one, other: True,
) -> list[Record]:
    """Pairs of replies to one prompt that one rater rated differently by the same means.

    Args:
        limit: Pairs of one prompt, at most: those whose ratings are furthest apart.
        comparable: Whether two may be a pair.
    """
    groups: dict[tuple[object, ...], list[Record]] = defaultdict(list)
    for each in labels:
        if each.kind == "label":
            groups[each.meta.source, each.meta.rater, id(each.prompt)].append(each)
    pairs: list[Record] = []
    for group in groups.values():
        pairs += _widest(group, limit, comparable)
    return pairs


def _widest(
    group: Sequence[Record], limit: int, comparable: Callable[[Record, Record], bool]
) -> list[Record]:
    found: list[tuple[float, Record, Record]] = []
    # A prompt with very many rated replies: combining its best with its worst is enough.
    ranked = sorted(group, key=lambda each: -(each.reply.score or 0.0))
    some = ranked if len(ranked) <= 4 * limit else ranked[: 2 * limit] + ranked[-2 * limit :]
    for one, other in combinations(some, 2):
        gap = (one.reply.score or 0.0) - (other.reply.score or 0.0)
        if gap and one.reply.text != other.reply.text and comparable(one, other):
            found.append((gap, one, other))
    found.sort(key=lambda each: -each[0])
    return [_pair(one, other) for _, one, other in found[:limit]]


def _pair(one: Record, other: Record) -> Record:
    meta = replace(one.meta, judgements=one.meta.judgements + other.meta.judgements)
    return Record("pair", one.prompt, one.reply, meta, other.reply)


def vetoed(
    pairs: Sequence[Record], opinion: Callable[[Reply], int]
) -> tuple[list[Record], list[Dropped]]:
    """Without the swipes kept of which the ratings say the opposite: they are only a hint.

    Args:
        opinion: Above zero for a reply that was rated good, below for a bad one.
    """
    kept: list[Record] = []
    dropped: list[Dropped] = []
    for each in pairs:
        assert each.other is not None
        hint = each.meta.source is Source.SWIPE
        if hint and opinion(each.reply) < 0 < opinion(each.other):
            why = "a rating says the opposite"
            dropped += [Dropped(number, each.meta.chat, why) for number in each.meta.judgements]
        else:
            kept.append(each)
    return kept, dropped


def settled(pairs: Sequence[Record]) -> tuple[list[Record], list[Dropped]]:
    """At most one record for two replies: the strongest source decides, within it the majority."""
    groups: dict[tuple[object, ...], list[Record]] = defaultdict(list)
    for each in pairs:
        assert each.other is not None
        texts = tuple(sorted((each.reply.text, each.other.text)))
        # By what the prompt says: two branches may have come to the same words.
        groups[(each.prompt, *texts)].append(each)
    kept: list[Record] = []
    dropped: list[Dropped] = []
    for group in groups.values():
        winner, why = _decided(group)
        if winner is not None:
            kept.append(winner)
        for each in group:
            lost = winner is None or each.reply.text != winner.reply.text
            # Ratings still stand as labels; a comparison has nothing else.
            if lost and each.meta.source in _COMPARED:
                dropped += [Dropped(number, each.meta.chat, why) for number in each.meta.judgements]
    return kept, dropped


def _decided(group: Sequence[Record]) -> tuple[Record | None, str]:
    if len(group) == 1:
        return group[0], ""
    strongest = max(STRENGTH[each.meta.source] for each in group)
    votes = [each for each in group if STRENGTH[each.meta.source] == strongest]
    first = votes[0]
    agree = [each for each in group if each.reply.text == first.reply.text]
    for_first = sum(each.reply.text == first.reply.text for each in votes)
    if for_first * 2 == len(votes):
        return None, "judgements contradict each other"
    if for_first * 2 < len(votes):
        agree = [each for each in group if each.reply.text != first.reply.text]
    strong = next(each for each in agree if STRENGTH[each.meta.source] == strongest)
    numbers = sorted({number for each in agree for number in each.meta.judgements})
    meta = replace(strong.meta, judgements=tuple(numbers))
    return replace(strong, meta=meta), "outvoted by other judgements"
