"""A recalled memory as it goes into a prompt, and the reasons the user sees. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from rpterm.memory.indexing.words import terms, with_speaker
from rpterm.memory.search.dates import days_ago
from rpterm.memory.search.recall import RecallHit, RecallWeights
from rpterm.memory.search.text_query import TextQuery
from rpterm.store.memory.records import Kind, Memory
from rpterm.text.sentences import sentences
from rpterm.text.unspaced import whole_words

_MAX_WORDS = 4
_LONG, _EXCERPT = 400, 280
"""A turn of more than ``_LONG`` characters is recalled as an excerpt of about ``_EXCERPT``: a scene
of 240 tokens, recalled for one word in it, delayed the reply and crowded out other memories."""
_PINNED = (("pinned", 1.0),)
"""The shares of a pinned memory's score."""
_MIN_MEANING = 0.4
"""Weighted cosine similarity from which meaning is listed as a reason."""


@dataclass(frozen=True, slots=True)
class Recalled:
    """One memory as it goes into a prompt.

    Attributes:
        id: The memory.
        text: As the model reads it, with its age and speaker, or with the file and the place in it.
        tokens: The tokens of ``text``.
        why: ``pinned``, or for example ``words: bee, honey · meaning 0.61 · time: last Tuesday``.
        turn_id: Its source turn.
        chat_id: The chat of that turn.
        shares: The parts of the score as shares of it, largest first; together 1.
    """

    id: int
    text: str
    tokens: int
    why: str
    kind: Kind
    turn_id: int | None
    chat_id: int | None
    created_at: float
    score: float
    shares: tuple[tuple[str, float], ...] = ()

    @property
    def pinned(self) -> bool:
        """Whether it is recalled because the user pinned it."""
        return self.shares == _PINNED

    def in_prompt_of(self, char: str) -> str:
        """The text as it stands in this character's prompt."""
        return f"[{char} {'has read' if self.kind == 'document' else 'remembers'}: {self.text}]"


def format_hit(
    row: Memory, hit: RecallHit, text_query: TextQuery, note: str, now: float
) -> Recalled:
    """Format a hit for the prompt, with its reasons.

    Args:
        note: About other times, appended to the text; "" for none.
        now: Unix seconds.
    """
    return Recalled(
        id=row.id,
        text=cite(_shortened(row, text_query), now) + note,
        tokens=0,
        why=_why(row, hit, text_query),
        kind=row.kind,
        turn_id=row.turn_id,
        chat_id=row.chat_id,
        created_at=row.created_at,
        score=hit.score,
        shares=_shares(hit),
    )


def _shortened(row: Memory, text_query: TextQuery) -> Memory:
    """A long turn reduced to its sentences that have most to do with the draft."""
    if row.kind != "turn" or len(row.text) <= _LONG:
        return row
    parts = sentences(row.text)
    value = [sum(text_query.terms.get(term, 0.0) for term in set(terms(part))) for part in parts]
    kept: list[int] = []
    room = _EXCERPT
    for place in sorted(range(len(parts)), key=lambda place: (-value[place], place)):
        if not kept or len(parts[place]) <= room:
            kept.append(place)
            room -= len(parts[place])
    text, last = "", -1
    for place in sorted(kept):
        text += (" … " if place > last + 1 else " ") + parts[place].replace("*", "").strip()
        last = place
    return replace(row, text=text.strip() + (" …" if last < len(parts) - 1 else ""))


def under_present_name(row: Memory, said_as: Mapping[int, str], user: str) -> Memory:
    """A memory of the user's words under the name they have now.

    Whoever takes another persona in the middle of a chat is still who said what went before.

    Args:
        said_as: The user's name on each of their turns in this chat, by turn.
    """
    old = said_as.get(row.turn_id or 0, user)
    if old == user:
        return row
    if row.kind == "turn":
        return replace(row, speaker=user)
    return replace(row, text=re.sub(whole_words(old), lambda _: user, row.text))


def cite(row: Memory, now: float) -> str:
    """A memory with its source: when and by whom it was said, or the file and the place in it."""
    if row.kind == "document":
        return f"({row.place}) {row.text}"
    line = with_speaker(row.speaker, row.text)
    source = ", ".join(part for part in (days_ago(row.created_at, now), row.place) if part)
    return f"({source}) {line}" if source else line


def without_repeats(items: Iterable[Recalled]) -> Iterator[Recalled]:
    """Leave out items that read the same as an earlier, better one."""
    seen: set[str] = set()
    for item in items:
        key = " ".join(terms(item.text.partition(") ")[2] or item.text))
        if key not in seen:
            seen.add(key)
            yield item


def _why(row: Memory, hit: RecallHit, text_query: TextQuery) -> str:
    """The reasons that matter, each with its evidence."""
    reasons = [row.place] if row.kind == "document" else []
    if hit.pinned:
        return " · ".join([*reasons, "pinned"])
    if hit.settles:
        return f"you asked about your {hit.settles.removeprefix('named ')}"
    row_terms = set(terms(with_speaker(row.speaker, row.text)))
    places = len(reasons)
    if hit.words > 0:
        matches = [word for word in text_query.words if not row_terms.isdisjoint(_stems(word))]
        matches = matches or [word for word in text_query.terms if word in row_terms]
        reasons.append("words: " + ", ".join(matches[:_MAX_WORDS]))
    if hit.meaning >= _MIN_MEANING:
        reasons.append(f"meaning {hit.meaning / RecallWeights().meaning:.2f}")
    if hit.time >= 0.2 and text_query.times:
        reasons.append("time: " + ", ".join(text_query.times))
    if hit.from_neighbours > hit.words or len(reasons) == places:
        reasons.append("next to a hit")
    return " · ".join(reasons)


@lru_cache(maxsize=1024)
def _stems(word: str) -> tuple[str, ...]:
    """The terms of a word of the draft; cached, as they are needed again for every memory."""
    return tuple(terms(word))


def fill(
    items: Iterable[Recalled], count: Callable[[str], int], budget: int, most: int
) -> list[Recalled]:
    """Take items in order while they fit; one that is too long is skipped, not cut.

    Args:
        count: Counts the tokens of a text.

    Returns:
        At most ``most`` items with their tokens; together no more than ``budget``.
    """
    taken: list[Recalled] = []
    for item in items:
        if len(taken) >= most or budget <= 0:
            break
        tokens = count(item.text)
        if tokens <= budget:
            taken.append(replace(item, tokens=tokens))
            budget -= tokens
    return taken


def _shares(hit: RecallHit) -> tuple[tuple[str, float], ...]:
    if hit.pinned:
        return _PINNED
    named = {
        "words": hit.words,
        "beside": hit.from_neighbours,
        "meaning": hit.meaning,
        "time": hit.time,
    }
    parts = {name: max(0.0, value) for name, value in named.items()}
    parts["rest"] = max(0.0, hit.score - sum(named.values()))
    total = sum(parts.values())
    if not total:
        return ()
    shares = [(name, value / total) for name, value in parts.items() if value / total >= 0.01]
    return tuple(sorted(shares, key=lambda share: -share[1]))
