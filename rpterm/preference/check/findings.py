"""From figures to sentences: what a person should know of training data, worst first.

``STRICT`` names the findings with which ``--strict`` ends in an error: each of them loses rows,
stops a training, or must not be published. Biases and phrases are told, and left to the reader.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rpterm.plural import counted
from rpterm.preference.stats.agreement import Share

if TYPE_CHECKING:
    from rpterm.preference.check.report import Report

STRICT = frozenset(
    {
        "bad rows", "refused", "dropped", "emptied", "leaks", "contradictions", "personal data",
        "one-sided",
    }
)  # fmt: skip
"""Findings that ``--strict`` does not let pass."""

_SMALL_EDIT = 20


@dataclass(frozen=True, slots=True)
class Finding:
    """Something a person should know; ``strict`` is whether ``--strict`` fails on it."""

    name: str
    text: str
    where: tuple[str, ...] = ()
    strict: bool = False


def findings(report: Report) -> list[Finding]:
    """All findings; those that ``--strict`` fails on come first."""
    found = [*_rows(report), *_verdicts(report), *_texts(report)]
    return sorted(found, key=lambda each: not each.strict)


def _rows(report: Report) -> Iterator[Finding]:
    """What loses rows or stops a training."""
    quality = report.quality
    if report.bad.count:
        yield _made(
            "bad rows", f"{counted(report.bad.count, 'row')} cannot be read.", report.bad.first
        )
    if report.refused.count:
        yield _made(
            "refused",
            f"The template of {report.model} refuses {counted(report.refused.count, 'row')} "
            f"({report.refusal}), so a training stops: export with --greeting auto, or for this "
            "model.",
            report.refused.first,
        )
    for outlook in report.outlooks:
        if outlook.fates["dropped"]:
            yield _made(
                "dropped",
                f"{outlook.trainer} drops {counted(outlook.fates['dropped'], 'row')} "
                f"({outlook.setting} {outlook.limit}).",
                outlook.drops,
            )
        if outlook.fates["emptied"]:
            yield _made(
                "emptied",
                f"{outlook.trainer} trains on {counted(outlook.fates['emptied'], 'row')} of which "
                f"nothing of the reply is left: the prompt alone fills {outlook.limit} tokens "
                f"({outlook.setting}).",
                outlook.empties,
            )
        if outlook.fates["cut"]:
            yield _made(
                "cut",
                f"{outlook.trainer} cuts {counted(outlook.fates['cut'], 'row')} at "
                f"{outlook.limit} tokens, in the reply.",
            )
    if quality.leaks.count:
        yield _made(
            "leaks",
            f"{quality.leaks.count} rows have a prompt or a chat that is in another split, too.",
            quality.leaks.first,
        )
    if quality.duplicates.count:
        yield _made(
            "duplicates", f"{quality.duplicates.count} rows are there twice.",
            quality.duplicates.first,
        )  # fmt: skip


def _verdicts(report: Report) -> Iterator[Finding]:
    """What the judgements themselves are worth."""
    quality = report.quality
    if quality.contradictions.count:
        yield _made(
            "contradictions",
            f"{quality.contradictions.count} rows say the opposite of an earlier one.",
            quality.contradictions.first,
        )
    if quality.good.total and quality.good.hits in (0, quality.good.total):
        which = "good" if quality.good.hits else "bad"
        yield _made(
            "one-sided", f"All labelled replies are {which}: a KTO training learns nothing."
        )
    elif quality.good.total and not 0.2 <= (quality.good.value or 0) <= 0.8:
        yield _made(
            "unbalanced",
            f"{_said(quality.good)} of the labelled replies are good; set KTO's weights "
            "(desirable_weight, undesirable_weight) so that both sides weigh alike.",
        )
    if quality.longer.one_sided:
        yield _made(
            "length",
            f"The chosen reply is the longer one in {_said(quality.longer)}: DPO will learn "
            "length, too.",
        )
    if report.left_wins.one_sided:
        yield _made("position", f"The left reply won {_said(report.left_wins)} of the duels.")
    small = sum(width < _SMALL_EDIT for width in quality.edits)
    if small:
        yield _made(
            "small edits",
            f"{small} of {len(quality.edits)} edits touch fewer than {_SMALL_EDIT} characters: "
            "in plain DPO such pairs push the chosen reply down, too. Use SFT or KTO, or DPO with "
            "an SFT term.",
        )


def _texts(report: Report) -> Iterator[Finding]:
    """What is in the texts."""
    quality = report.quality
    for kind, places in sorted(quality.private.items()):
        yield _made(
            "personal data", f"{places.count} texts hold what looks like a {kind}.", places.first
        )
    for (side, voice), places in quality.voices.items():
        if places.count and side == "chosen":
            yield _made(
                f"{voice} phrases",
                f"{places.count} chosen replies speak like "
                f"{'an assistant' if voice == 'assistant' else 'a refusal'}.",
                places.first,
            )


def _made(name: str, text: str, where: list[str] | None = None) -> Finding:
    return Finding(name, text, tuple(where or ()), name in STRICT)


def _said(share: Share) -> str:
    low, high = share.interval
    return f"{share.value or 0:.0%} ({low:.0%} to {high:.0%}, {share.total} counted)"
