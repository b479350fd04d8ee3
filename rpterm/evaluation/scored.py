"""Scores of every reply of a chat file. Knows no screen; the Scorer is handed in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from textwrap import shorten
from typing import Any

from rpterm.cards.card import CharacterCard
from rpterm.evaluation.agreement import Agreement, agreement
from rpterm.evaluation.dialogues import Said
from rpterm.scoring.findings import Finding, findings
from rpterm.scoring.records import Evidence, Scene, scene_of
from rpterm.scoring.scorer import Score, Scorer

AGAINST, FOR = 3, 1
_WORDS, _LINE = 60, 160
_MARK = 80
"""Characters of a mark; a longer text is none."""


@dataclass(frozen=True, slots=True)
class Scored:
    """One reply with its score."""

    said: Said
    score: Score


def score_all(
    scorer: Scorer,
    card: CharacterCard,
    replies: Sequence[Said],
    others: tuple[CharacterCard, ...] = (),
    *,
    stopped: Callable[[], bool] = lambda: False,
) -> Iterator[Scored]:
    """Score replies one after the other, each in its own scene.

    Args:
        others: Cards of other characters, for contrast.
        stopped: Ends the work between two replies and inside a slow one.
    """
    base = scene_of(card, others=others)
    for at, said in enumerate(replies):
        if stopped():
            return
        scene = _placed(base, card, said, others)
        if at == 0:
            scorer.prepare(said.text, scene)
        score = scorer.full(said.text, scene, stopped)
        if score is None:
            return
        yield Scored(said, score)


def _placed(
    base: Scene, card: CharacterCard, said: Said, others: tuple[CharacterCard, ...]
) -> Scene:
    if not said.user or said.user == base.user:
        return replace(base, history=said.history)
    return scene_of(card, user=said.user, history=said.history, others=others)


def with_labels(scored: Sequence[Scored], label: str) -> dict[str, Agreement | None]:
    """Agreement of a numeric field of the file with the probability and with each dimension."""
    known = [
        (each.score, value) for each in scored if (value := each.said.number(label)) is not None
    ]
    found = {"probability": agreement([s.probability for s, _ in known], [v for _, v in known])}
    for dimension in dict.fromkeys(name for score, _ in known for name in score.dimensions):
        pairs = [(v, d) for s, v in known if (d := s.dimensions.get(dimension)) is not None]
        found[dimension] = agreement([d for _, d in pairs], [v for v, _ in pairs])
    for name in dict.fromkeys(name for score, _ in known for name in score.readings):
        read = [
            (v, reading.value)
            for s, v in known
            if (reading := s.readings.get(name)) is not None and reading.confidence > 0
        ]
        found[f"signal:{name}"] = agreement([r for _, r in read], [v for v, _ in read])
    return found


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that speaks for or against a reply.

    Attributes:
        label: What, in words.
        note: What is the matter there, and ``words``, which of the reply; "" where it is about all.
        line: The line of the card, or of the talk, that it leans on or breaks; or "".
    """

    good: bool
    label: str
    note: str = ""
    words: str = ""
    line: str = ""

    @property
    def text(self) -> str:
        """In one line, without the card's."""
        said = ": ".join(part for part in (self.note, self.words) if part)
        return f"{self.label} – {said}" if said else self.label


def worst(score: Score) -> tuple[Finding, Evidence | None] | None:
    """What speaks most against a reply, with its first place, if anything does."""
    first = next(iter(findings(score)), None)
    if first is None or first.adds >= 0:
        return None
    return first, next(iter(first.reading.evidence), None)


def reasons(score: Score, reply: str) -> tuple[Reason, ...]:
    """What made a score: at most ``AGAINST`` that speak against the reply, the worst first, and
    ``FOR`` that speak for it."""
    found = findings(score)
    against = [each for each in found if each.kind in ("break", "against")][:AGAINST]
    good = [each for each in found if each.kind == "for"][:FOR]
    return tuple(reason(each, next(iter(each.reading.evidence), None), reply)
                 for each in (*against, *good))  # fmt: skip


def reason(finding: Finding, place: Evidence | None, reply: str) -> Reason:
    """A finding with its first place, in words."""
    good = finding.kind == "for"
    if place is None:
        return Reason(good, finding.label)
    words = " ".join(reply[place.start : place.end].split())[:_WORDS]
    return Reason(
        good, finding.label, place.note, words, shorten(place.line, _LINE, placeholder="…")
    )


def _beside(said: Said) -> dict[str, Any]:
    """Marks and labels that stood beside a reply: what is short; the talk itself is not."""
    return {
        name: value
        for name, value in said.fields.items()
        if isinstance(value, bool | int | float)
        or (isinstance(value, str) and len(value) <= _MARK and value != said.text)
    }


def flat(scored: Scored) -> dict[str, Any]:
    """One reply's score as a row of a table: ``None`` where nothing was to go by.

    Beside ``as_data`` it has no evidence; ``field.`` comes of the file, ``signal.`` is a reading.
    """
    data = as_data(scored)
    head = ("line", "turn", "probability", "low", "high", "complete")
    return {
        **{name: data[name] for name in head},
        **data["dimensions"],
        **{f"signal.{name}": reading.value if reading.confidence > 0 else None
           for name, reading in scored.score.readings.items()},
        "reply": scored.said.text,
        **{f"field.{name}": value for name, value in data["fields"].items()},
    }  # fmt: skip


def as_data(scored: Scored) -> dict[str, Any]:
    """One reply's score as plain data, for JSON."""
    score = scored.score
    return {
        "line": scored.said.line,
        "turn": scored.said.turn,
        "fields": _beside(scored.said),
        "reply": scored.said.text,
        "probability": score.probability,
        "low": score.low,
        "high": score.high,
        "complete": score.complete,
        "dimensions": dict(score.dimensions),
        "readings": {
            name: {
                "value": reading.value,
                "confidence": reading.confidence,
                "evidence": [
                    {"start": e.start, "end": e.end, "note": e.note, "source": e.source,
                     "line": e.line}
                    for e in reading.evidence
                ],
            }
            for name, reading in score.readings.items()
        },
    }  # fmt: skip
