"""Scores every reply of a chat file with a given Scorer. Knows no user interface."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from textwrap import shorten
from typing import Any

from rpterm.cards.card import CharacterCard
from rpterm.evaluation.agreement import Agreement, agreement
from rpterm.evaluation.dialogues import RecordedReply
from rpterm.scoring.findings import ScoreFinding, findings
from rpterm.scoring.scene import ReplyScene, scene_of
from rpterm.scoring.scorer import Score, Scorer
from rpterm.scoring.signal import Evidence

AGAINST, FOR = 3, 1
"""Most reasons against and for a reply."""
_MOST_WORDS, _MOST_LINE = 60, 160
"""Characters of a quotation from a reply, and of a line of the card."""
_MOST_LABEL = 80
"""Characters of a label next to a reply; a longer text is part of the dialogue."""


@dataclass(frozen=True, slots=True)
class ScoredReply:
    """A reply with its score."""

    reply: RecordedReply
    score: Score
    character: str = ""


def score_all(
    scorer: Scorer,
    card: CharacterCard,
    replies: Sequence[RecordedReply],
    others: tuple[CharacterCard, ...] = (),
) -> Iterator[ScoredReply]:
    """Score replies one after another, each with its own history.

    Args:
        scorer: Scores a reply.
        card: The character.
        replies: Its replies.
        others: Cards of other characters, for contrast.
    """
    base = scene_of(card, others=others)
    for at, reply in enumerate(replies):
        scene = _scene(base, card, reply, others)
        if at == 0:
            scorer.warm_models(reply.text, scene)
        score = scorer.score_fully(reply.text, scene)
        assert score is not None  # Nothing stops it.
        yield ScoredReply(reply, score, card.name)


def _scene(
    base: ReplyScene, card: CharacterCard, reply: RecordedReply, others: tuple[CharacterCard, ...]
) -> ReplyScene:
    if not reply.user or reply.user == base.user:
        return replace(base, history=reply.history)
    return scene_of(card, user=reply.user, history=reply.history, others=others)


def with_labels(scored: Sequence[ScoredReply], label: str) -> dict[str, Agreement | None]:
    """The agreement of a numeric field of the file with the probability, dimensions and signals.

    Replies on one line of the file are of one dialogue, and not independent.
    """
    series: dict[str, list[tuple[float, float, int]]] = defaultdict(list)
    for each in scored:
        if (value := each.reply.number(label)) is None:
            continue
        for name, measured in _measured(each.score):
            series[name].append((measured, value, each.reply.line))
    return {
        name: agreement(*(list(column) for column in zip(*rows, strict=True)))
        for name, rows in series.items()
    }


def _measured(score: Score) -> Iterator[tuple[str, float]]:
    """The probability, the dimensions and the signals that could be measured, by name."""
    yield "probability", score.probability
    for dimension, measured in score.dimensions.items():
        if measured is not None:
            yield dimension, measured
    for name, reading in score.readings.items():
        if reading.confidence > 0:
            yield f"signal:{name}", reading.value


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason for or against a reply.

    Attributes:
        good: Whether it speaks for the reply.
        label: The finding, in words.
        note: Details, or "".
        words: The words of the reply it is about; "" if it is about all of it.
        line: The line of the card or the dialogue that the reply follows or contradicts, or "".
    """

    good: bool
    label: str
    note: str = ""
    words: str = ""
    line: str = ""

    @property
    def text(self) -> str:
        """The reason in one line, without the line of the card."""
        details = ": ".join(part for part in (self.note, self.words) if part)
        return f"{self.label} – {details}" if details else self.label


def worst(score: Score) -> tuple[ScoreFinding, Evidence | None] | None:
    """The finding that speaks most against a reply, if any, with its first evidence."""
    first = next(iter(findings(score)), None)
    if first is None or first.adds >= 0:
        return None
    return first, next(iter(first.reading.evidence), None)


def reasons(score: Score, reply: str) -> tuple[Reason, ...]:
    """The reasons for a score: up to ``AGAINST`` against the reply, the worst first, and ``FOR``
    for it."""
    found = findings(score)
    against = [each for each in found if each.kind in ("break", "against")][:AGAINST]
    good = [each for each in found if each.kind == "for"][:FOR]
    return tuple(reason(each, next(iter(each.reading.evidence), None), reply)
                 for each in (*against, *good))  # fmt: skip


def reason(finding: ScoreFinding, evidence: Evidence | None, reply: str) -> Reason:
    """A finding with its first evidence, in words."""
    good = finding.kind == "for"
    # More of what a reading against the reply names would be evidence in favour.
    label = f"little: {finding.label}" if finding.kind == "against" else finding.label
    if evidence is None:
        return Reason(good, label)
    words = " ".join(reply[evidence.start : evidence.end].split())[:_MOST_WORDS]
    line = shorten(evidence.line, _MOST_LINE, placeholder="…")
    return Reason(good, label, evidence.note, words, line)


def _labels(reply: RecordedReply) -> dict[str, Any]:
    """Short fields next to a reply, which are labels and not part of the dialogue."""
    return {
        name: value
        for name, value in reply.fields.items()
        if isinstance(value, bool | int | float)
        or (isinstance(value, str) and len(value) <= _MOST_LABEL and value != reply.text)
    }


def flat(scored: ScoredReply) -> dict[str, Any]:
    """A reply's score as a row of a table; ``None`` for what could not be measured.

    Unlike ``as_data`` it has no evidence. Columns ``field.…`` come from the file, ``signal.…`` are
    the signals' values.
    """
    data = as_data(scored)
    head = ("line", "turn", "character", "probability", "low", "high", "complete")
    return {
        **{name: data[name] for name in head},
        **data["dimensions"],
        **{f"signal.{name}": reading.value if reading.confidence > 0 else None
           for name, reading in scored.score.readings.items()},
        "reply": scored.reply.text,
        **{f"field.{name}": value for name, value in data["fields"].items()},
    }  # fmt: skip


def as_data(scored: ScoredReply) -> dict[str, Any]:
    """A reply's score as plain data, for JSON."""
    score = scored.score
    return {
        "line": scored.reply.line,
        "turn": scored.reply.turn,
        "character": scored.character,
        "fields": _labels(scored.reply),
        "reply": scored.reply.text,
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
