"""Ratings in the common chat JSONL: thumbs and stars where programs write them, and swipes kept.

There is no one place for them. Read are, of a message's ``extra``, of the ``extra`` of each swipe
in ``swipe_info``, and of an ``annotation``: ``stars`` or ``rating`` (1 to 5; in an ``annotation``
1 and -1 are thumbs), ``thumb``, ``thumbs``, ``vote`` and ``feedback`` (words, or true and false),
``liked`` (true or false), with ``reason`` or ``comment``. What says neither is no rating.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rpterm.types import Turn

if TYPE_CHECKING:
    from rpterm.store.chatlog import ChatLog, LogTurn
    from rpterm.store.judgement_records import How
    from rpterm.store.judgements import Judgements

_UP = frozenset({"up", "good", "like", "liked", "positive", "yes", "thumbs_up", "thumbsup", "+1"})
_DOWN = frozenset(
    {"down", "bad", "dislike", "disliked", "negative", "no", "thumbs_down", "thumbsdown", "-1"}
)
_THUMBS = ("thumb", "thumbs", "vote", "feedback", "liked")
MARKS = frozenset({*_THUMBS, "stars", "rating", "reason", "comment", "annotation"})
"""Every key of an ``extra`` that tells a rating."""
_LONGEST = 2000
METHOD = "import"
"""The method of every judgement that an import brought."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A rating of one swipe: a thumb or stars, never both."""

    thumb: bool | None = None
    stars: int | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Brought:
    """How many judgements an import brought."""

    ratings: int = 0
    swipes: int = 0


def read_marks(raw: Mapping[str, Any], kept: Sequence[int], shown: int) -> tuple[Mark | None, ...]:
    """The rating of each swipe that is kept; empty where there is none at all.

    Args:
        raw: A message of a log.
        kept: Which of its swipes are kept, in order.
        shown: The one that is shown, counted before any was left out; a message's own rating is
            of it.
    """
    infos = raw.get("swipe_info")
    texts = raw.get("swipes")
    if not isinstance(infos, list) or not isinstance(texts, list):
        infos = []
    elif not all(isinstance(text, str) for text in texts):
        infos = []  # what is no text was left out, so the places differ
    marks = [_mark(infos[at]) if at < len(infos) else None for at in kept]
    own = _mark(raw)
    if own is not None:
        marks[kept.index(shown)] = own
    return tuple(marks) if any(marks) else ()


def record(judgements: Judgements, chat_id: int, log: ChatLog, how: How) -> Brought:
    """Store the ratings of a log, and its swipes that the chat went on with, as judgements.

    The chat is one that was made of this log. Greetings that were swiped are no verdict: they were
    chosen, not generated. The last reply is none either, because nobody went on with it.
    """
    below: dict[int | None, list[Turn]] = {}
    for turn in judgements.store.tree(chat_id):
        below.setdefault(turn.parent_id, []).append(turn)
    ratings = swipes = 0
    parent: int | None = None
    for place, said in enumerate(log.turns):
        turns = _matching(below.get(parent, []), said)
        if turns is None:
            break  # the chat was changed since: what is below cannot be told apart
        if not said.is_user:
            ratings += _rate(judgements, turns, said.marks, how)
            if parent is not None and place + 1 < len(log.turns) and len(turns) > 1:
                kept = turns[said.shown].id
                swipes += len(judgements.kept_swipe(kept, [each.id for each in turns], how=how))
        parent = turns[said.shown].id
    return Brought(ratings, swipes)


def _matching(turns: Sequence[Turn], said: LogTurn) -> list[Turn] | None:
    """The turns of a message's swipes, in their order."""
    left = list(turns)
    found = []
    for text in said.swipes:
        at = next((at for at, turn in enumerate(left) if turn.text == text), None)
        if at is None:
            return None
        found.append(left.pop(at))
    return found


def _rate(
    judgements: Judgements, turns: Sequence[Turn], marks: Sequence[Mark | None], how: How
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


def _mark(value: Any) -> Mark | None:
    """The rating of a message, or of one swipe of it."""
    if not isinstance(value, Mapping):
        return None
    for name in ("extra", "annotation"):
        part = value.get(name)
        if isinstance(part, Mapping):
            found = _of(part, thumbs=name == "annotation")
            if found is None and name == "extra":
                found = _mark({"annotation": part.get("annotation")})
            if found is not None:
                return found
    return None


def _of(part: Mapping[str, Any], *, thumbs: bool) -> Mark | None:
    reason = next(
        (part[name] for name in ("reason", "comment") if isinstance(part.get(name), str)), ""
    )[:_LONGEST]
    for name in ("stars", "rating"):
        number = part.get(name)
        if isinstance(number, bool) or not isinstance(number, int | float):
            continue
        if thumbs or number < 1:
            if number in (1, -1):
                return Mark(thumb=number > 0, reason=reason)
        elif number in (1, 2, 3, 4, 5):
            return Mark(stars=int(number), reason=reason)
    for name in (*_THUMBS, "rating"):
        thumb = _thumb(part.get(name))
        if thumb is not None:
            return Mark(thumb=thumb, reason=reason)
    return None


def _thumb(value: Any) -> bool | None:
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float) and value in (1, -1):
        return value > 0
    if not isinstance(value, str):
        return None
    word = value.strip().casefold().replace(" ", "_")
    return True if word in _UP else False if word in _DOWN else None
