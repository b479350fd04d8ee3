"""Reads ratings (thumbs and stars) from the common JSONL chat log and stores them as judgements.

There is no standard index for them. They are looked for in a message's ``extra``, in the ``extra``
of each swipe in ``swipe_info``, and in an ``annotation``: ``stars`` or ``rating`` (1 to 5; in an
``annotation`` 1 and -1 are thumbs), ``thumb``, ``thumbs``, ``vote`` and ``feedback`` (words, or
true and false), ``liked`` (true or false), with ``reason`` or ``comment``. Other values are
ignored.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rpterm.foreign_json import as_mapping
from rpterm.store.judgement_records import Circumstances
from rpterm.transfer.chat_files.log_records import ChatLog, LogMessage, LogRating
from rpterm.types import Turn

if TYPE_CHECKING:
    from rpterm.store.judgements import Judgements

_UP_WORDS = frozenset(
    {"up", "good", "like", "liked", "positive", "yes", "thumbs_up", "thumbsup", "+1"}
)
_DOWN_WORDS = frozenset(
    {"down", "bad", "dislike", "disliked", "negative", "no", "thumbs_down", "thumbsdown", "-1"}
)
_THUMB_KEYS = ("thumb", "thumbs", "vote", "feedback", "liked")
RATING_KEYS = frozenset({*_THUMB_KEYS, "stars", "rating", "reason", "comment", "annotation"})
"""The keys of an ``extra`` that concern ratings."""
_MAX_REASON_CHARS = 2000


def read_ratings(
    raw: Mapping[str, Any], kept: Sequence[int], shown: int
) -> tuple[LogRating | None, ...]:
    """The rating of each imported swipe; empty if none has one.

    Args:
        raw: A message of a log.
        kept: Indices of its swipes that are imported, in order.
        shown: Index of the swipe shown, to which the message's own rating belongs.
    """
    infos = raw.get("swipe_info")
    texts = raw.get("swipes")
    if not isinstance(infos, list) or not isinstance(texts, list):
        infos = []
    elif not all(isinstance(text, str) for text in texts):
        infos = []  # Swipes that are not text were left out, so the indices differ.
    marks = [_read_mark(infos[at]) if at < len(infos) else None for at in kept]
    own = _read_mark(raw)
    if own is not None:
        marks[kept.index(shown)] = own
    return tuple(marks) if any(marks) else ()


def import_judgements(judgements: Judgements, chat_id: int, log: ChatLog) -> tuple[int, int]:
    """Store the ratings of a log, and the swipes that its chat continued with, as judgements.

    Returns:
        The number of ratings and of swipes.

    The chat must have been imported from this log. Swiped greetings are not judgements, because
    they were not generated. Neither is the last reply, because the chat did not continue from it.
    """
    how = Circumstances(method="import")
    below: dict[int | None, list[Turn]] = {}
    for turn in judgements.store.tree(chat_id):
        below.setdefault(turn.parent_id, []).append(turn)
    ratings = swipes = 0
    parent: int | None = None
    for index, message in enumerate(log.turns):
        turns = _matching(below.get(parent, []), message)
        if turns is None:
            break  # The chat was changed since, so the turns below cannot be matched.
        if not message.is_user:
            ratings += _rate(judgements, turns, message.marks, how)
            if parent is not None and index + 1 < len(log.turns) and len(turns) > 1:
                kept = turns[message.shown].id
                swipes += len(judgements.kept_swipe(kept, [each.id for each in turns], how=how))
        parent = turns[message.shown].id
    return ratings, swipes


def _matching(turns: Sequence[Turn], message: LogMessage) -> list[Turn] | None:
    """The turns of a message's swipes, in the order of the swipes; ``None`` if any is missing."""
    remaining = list(turns)
    matched = []
    for text in message.swipes:
        turn = next((turn for turn in remaining if turn.text == text), None)
        if turn is None:
            return None
        remaining.remove(turn)
        matched.append(turn)
    return matched


def _rate(
    judgements: Judgements,
    turns: Sequence[Turn],
    marks: Sequence[LogRating | None],
    how: Circumstances,
) -> int:
    count = 0
    for turn, mark in zip(turns, marks, strict=False):
        if mark is None:
            continue
        if mark.stars is not None:
            judgements.stars(turn.id, mark.stars, reason=mark.reason, how=how)
        elif mark.thumb is not None:
            judgements.thumb(turn.id, mark.thumb, reason=mark.reason, how=how)
        count += 1
    return count


def _read_mark(value: Any) -> LogRating | None:
    """The rating of a message or of an entry in ``swipe_info``."""
    for name in ("extra", "annotation"):
        part = as_mapping(as_mapping(value).get(name))
        found = _parse_mark(part, thumbs=name == "annotation")
        if found is None and name == "extra" and "annotation" in part:
            found = _read_mark({"annotation": part["annotation"]})
        if found is not None:
            return found
    return None


def _parse_mark(part: Mapping[str, Any], *, thumbs: bool) -> LogRating | None:
    reason = next(
        (part[name] for name in ("reason", "comment") if isinstance(part.get(name), str)), ""
    )[:_MAX_REASON_CHARS]
    for name in ("stars", "rating"):
        number = part.get(name)
        if isinstance(number, bool) or not isinstance(number, int | float):
            continue
        if thumbs or number < 1:
            if number in (1, -1):
                return LogRating(thumb=number > 0, reason=reason)
        elif number in (1, 2, 3, 4, 5):
            return LogRating(stars=int(number), reason=reason)
    for name in (*_THUMB_KEYS, "rating"):
        thumb = _parse_thumb(part.get(name))
        if thumb is not None:
            return LogRating(thumb=thumb, reason=reason)
    return None


def _parse_thumb(value: Any) -> bool | None:
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float) and value in (1, -1):
        return value > 0
    if not isinstance(value, str):
        return None
    word = value.strip().casefold().replace(" ", "_")
    return True if word in _UP_WORDS else False if word in _DOWN_WORDS else None
