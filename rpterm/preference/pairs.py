"""Builds pairs from ratings, and resolves contradicting judgements of the same replies. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import combinations

from rpterm.preference.records import STRENGTH, Dropped, Record, Reply, Source

_COMPARISON_SOURCES = frozenset({Source.DUEL, Source.EDIT, Source.SWIPE})


def rated_pairs(
    labels: Sequence[Record],
    limit: int,
    comparable: Callable[[Record, Record], bool] = lambda one, other: True,
) -> list[Record]:
    """Pairs of replies to the same prompt that a rater rated differently on the same scale.

    Args:
        limit: Maximum number of pairs per prompt; those with the widest gap are taken.
        comparable: Whether two replies may form a pair.
    """
    groups: dict[tuple[object, ...], list[Record]] = defaultdict(list)
    for each in labels:
        if each.kind == "label":
            groups[each.meta.source, each.meta.how.rater, id(each.prompt)].append(each)
    pairs: list[Record] = []
    for group in groups.values():
        pairs += _widest_gaps(group, limit, comparable)
    return pairs


def _widest_gaps(
    group: Sequence[Record], limit: int, comparable: Callable[[Record, Record], bool]
) -> list[Record]:
    found: list[tuple[float, Record, Record]] = []
    # For a prompt with very many rated replies, it is enough to combine the best and the worst.
    ranked = sorted(group, key=lambda each: -(each.reply.score or 0.0))
    candidates = ranked if len(ranked) <= 4 * limit else ranked[: 2 * limit] + ranked[-2 * limit :]
    for one, other in combinations(candidates, 2):
        gap = (one.reply.score or 0.0) - (other.reply.score or 0.0)
        if gap and one.reply.text != other.reply.text and comparable(one, other):
            found.append((gap, one, other))
    found.sort(key=lambda each: -each[0])
    return [_pair(one, other) for _, one, other in found[:limit]]


def _pair(one: Record, other: Record) -> Record:
    meta = replace(one.meta, judgements=one.meta.judgements + other.meta.judgements)
    return Record("pair", one.prompt, one.reply, meta, other.reply)


def drop_contradicted_swipes(
    pairs: Sequence[Record], opinion: Callable[[Reply], int]
) -> tuple[list[Record], list[Dropped]]:
    """Drop pairs from kept swipes, which are a weak signal, if the ratings say the opposite.

    Args:
        opinion: Positive for a reply that was rated good, negative for a bad one.

    Returns:
        The remaining pairs, and the dropped judgements.
    """
    kept: list[Record] = []
    dropped: list[Dropped] = []
    for each in pairs:
        is_swipe = each.meta.source is Source.SWIPE
        if is_swipe and opinion(each.reply) < 0 < opinion(each.rejected):
            why = "a rating says the opposite"
            dropped += [Dropped(number, each.meta.chat, why) for number in each.meta.judgements]
        else:
            kept.append(each)
    return kept, dropped


def resolve_conflicts(pairs: Sequence[Record]) -> tuple[list[Record], list[Dropped]]:
    """Keep at most one record for two replies: the strongest source decides, by majority."""
    groups: dict[tuple[object, ...], list[Record]] = defaultdict(list)
    for each in pairs:
        texts = tuple(sorted((each.reply.text, each.rejected.text)))
        # Group by the prompt's text: two branches may contain the same words.
        groups[(each.prompt, *texts)].append(each)
    kept: list[Record] = []
    dropped: list[Dropped] = []
    for group in groups.values():
        winner, why = _decide(group)
        if winner is not None:
            kept.append(winner)
        for each in group:
            lost = winner is None or each.reply.text != winner.reply.text
            # Ratings still count as labels; a comparison has no other record.
            if lost and each.meta.source in _COMPARISON_SOURCES:
                dropped += [Dropped(number, each.meta.chat, why) for number in each.meta.judgements]
    return kept, dropped


def _decide(group: Sequence[Record]) -> tuple[Record | None, str]:
    if len(group) == 1:
        return group[0], ""
    strongest = max(STRENGTH[each.meta.source] for each in group)
    votes = [each for each in group if STRENGTH[each.meta.source] == strongest]
    first = votes[0]
    winners = [each for each in group if each.reply.text == first.reply.text]
    for_first = sum(each.reply.text == first.reply.text for each in votes)
    if for_first * 2 == len(votes):
        return None, "judgements contradict each other"
    if for_first * 2 < len(votes):
        winners = [each for each in group if each.reply.text != first.reply.text]
    winner = next(each for each in winners if STRENGTH[each.meta.source] == strongest)
    numbers = sorted({number for each in winners for number in each.meta.judgements})
    meta = replace(winner.meta, judgements=tuple(numbers))
    return replace(winner, meta=meta), "outvoted by other judgements"
