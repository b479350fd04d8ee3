"""What was recalled, as it goes into a prompt and as the user sees why. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache

from rpterm.memory.question import Question
from rpterm.memory.recall import Hit, Weights
from rpterm.memory.wording import spoken
from rpterm.memory.words import terms
from rpterm.store.memory_rows import Kind
from rpterm.store.memory_rows import Memory as Row

_MATCHED = 4
_TELLING = 0.4
"""Weighted cosine from which meaning is named as a reason."""


@dataclass(frozen=True, slots=True)
class Recalled:
    """One memory as it goes into a prompt.

    Attributes:
        id: The memory.
        text: As the model reads it, with date and speaker, or with the file and the place in it.
        tokens: Of ``text``, by the counter given.
        why: ``pinned``, or such as ``words: bee, honey · meaning 0.61 · time: last Tuesday``.
        turn_id: Its source turn, and ``chat_id`` the chat that is in, to jump to.
        shares: What part of the score came of what, largest first; together 1.
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
    shares: tuple[tuple[str, float], ...] = field(default=())

    def noted(self, note: str) -> Recalled:
        """The same with a note on other times at its end."""
        return replace(self, text=self.text + note) if note else self

    def worded(self, char: str) -> str:
        """As it stands in the prompt of this character."""
        return f"[{char} {'has read' if self.kind == 'document' else 'remembers'}: {self.text}]"

    def counted(self, tokens: int) -> Recalled:
        """The same with its tokens."""
        return replace(self, tokens=tokens)


def recalled(row: Row, hit: Hit, asked: Question) -> Recalled:
    """Word a hit for the prompt, with its reasons."""
    return Recalled(
        id=row.id,
        text=cited(row),
        tokens=0,
        why=_why(row, hit, asked),
        kind=row.kind,
        turn_id=row.turn_id,
        chat_id=row.chat_id,
        created_at=row.created_at,
        score=hit.score,
        shares=_shares(hit),
    )


def cited(row: Row) -> str:
    """A memory with its source: the day and the speaker, or the file and the place in it."""
    if row.kind == "document":
        return f"({row.place}) {row.text}"
    when = datetime.fromtimestamp(row.created_at)
    day = f"{when.day} {when:%B %Y}" if row.created_at else ""
    said = spoken(row.speaker, row.text)
    head = ", ".join(part for part in (day, row.place) if part)
    return f"({head}) {said}" if head else said


def once(items: Iterable[Recalled]) -> Iterator[Recalled]:
    """Leave out what reads the same as a better one."""
    seen: set[str] = set()
    for item in items:
        key = " ".join(terms(item.text.partition(") ")[2] or item.text))
        if key not in seen:
            seen.add(key)
            yield item


def _why(row: Row, hit: Hit, asked: Question) -> str:
    """The reasons that count, each with its evidence."""
    reasons = [row.place] if row.kind == "document" else []
    if hit.pinned:
        return " · ".join([*reasons, "pinned"])
    own = set(terms(spoken(row.speaker, row.text)))
    found = len(reasons)
    if hit.words > 0:
        same = [word for word in asked.words if not own.isdisjoint(_stems(word))]
        same = same or [word for word in asked.terms if word in own]
        reasons.append("words: " + ", ".join(same[:_MATCHED]))
    if hit.meaning >= _TELLING:
        reasons.append(f"meaning {hit.meaning / Weights().meaning:.2f}")
    if hit.time >= 0.2 and asked.spans:
        reasons.append("time: " + ", ".join(span.words for span in asked.spans))
    if hit.beside > hit.words or len(reasons) == found:
        reasons.append("beside a hit")
    return " · ".join(reasons)


@lru_cache(maxsize=1024)
def _stems(word: str) -> tuple[str, ...]:
    """The terms of a word of the draft: asked for every memory anew."""
    return tuple(terms(word))


def _shares(hit: Hit) -> tuple[tuple[str, float], ...]:
    if hit.pinned:
        return (("pinned", 1.0),)
    named = {"words": hit.words, "beside": hit.beside, "meaning": hit.meaning, "time": hit.time}
    parts = {name: max(0.0, value) for name, value in named.items()}
    parts["rest"] = max(0.0, hit.score - sum(named.values()))
    total = sum(parts.values())
    if not total:
        return ()
    shares = [(name, value / total) for name, value in parts.items() if value / total >= 0.01]
    return tuple(sorted(shares, key=lambda share: -share[1]))
