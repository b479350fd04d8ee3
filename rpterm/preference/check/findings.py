"""Turns the figures of a report into findings for people, most serious first."""

from __future__ import annotations

from collections.abc import Iterator

from rpterm.humanize import counted
from rpterm.preference.check.report import STRICT, DataFinding, DataReport
from rpterm.preference.check.trainers import TRAINERS, Outlook

_SMALL_EDIT = 20


def findings(report: DataReport) -> list[DataFinding]:
    """All findings; those that make ``--strict`` fail come first."""
    every = [*_row_findings(report), *_verdict_findings(report), *_text_findings(report)]
    return sorted(every, key=lambda each: not each.strict)


def _row_findings(report: DataReport) -> Iterator[DataFinding]:
    """What loses rows or stops a training run."""
    quality = report.quality
    if report.bad.count:
        yield _finding(
            "bad rows", f"{counted(report.bad.count, 'row')} cannot be read.", report.bad.first
        )
    if report.refused.count:
        yield _finding(
            "refused",
            f"The template of {report.model} rejects {counted(report.refused.count, 'row')} "
            f"({report.refusal}), which would stop a training run: export with --greeting auto, "
            "or for this model.",
            report.refused.first,
        )
    yield from _settings_findings(report)
    for outlook in report.outlooks:
        for fate, what, where in (
            ("dropped", "drops {}", outlook.drops),
            (
                "emptied",
                "trains on {} without any of the reply, because the prompt alone fills the limit",
                outlook.empties,
            ),
            ("cut", "cuts the reply of {}", []),
        ):
            if many := outlook.fates[fate]:
                did = f"{outlook.trainer} {what.format(counted(many, 'row'))}"
                yield _finding(fate, f"{did} ({_limit(outlook, report)}).", where)
    if quality.leaks.count:
        yield _finding(
            "leaks",
            f"{counted(quality.leaks.count, 'row')} with a prompt or a chat of another split.",
            quality.leaks.first,
        )
    if quality.duplicates.count:
        yield _finding(
            "duplicates", f"{counted(quality.duplicates.count, 'duplicate row')}.",
            quality.duplicates.first,
        )  # fmt: skip


def _settings_findings(report: DataReport) -> Iterator[DataFinding]:
    """Limits of trainers that have to be raised; an export for Axolotl has a file that does it."""
    longest = report.quantile(1.0)
    for setting in ("max_length", "cutoff_len"):
        default = next(each.limit for each in TRAINERS if each.setting == setting)
        names = [
            each.trainer
            for each in report.outlooks
            if each.setting == setting and each.limit > default
        ]
        if names and longest > default:
            yield _finding(
                "limit",
                f"Set {setting} to at least {longest} in {' and '.join(names)}, whose default is "
                f"{default}: the longest row has {longest} tokens.",
            )


def _verdict_findings(report: DataReport) -> Iterator[DataFinding]:
    """Contradictions and biases in the judgements."""
    quality = report.quality
    if quality.contradictions.count:
        yield _finding(
            "contradictions",
            f"{quality.contradictions.count} rows contradict an earlier one.",
            quality.contradictions.first,
        )
    if quality.good.total and quality.good.hits in (0, quality.good.total):
        which = "good" if quality.good.hits else "bad"
        yield _finding(
            "one-sided", f"All labelled replies are {which}: KTO learns nothing from them."
        )
    elif quality.good.total and not 0.2 <= (quality.good.value or 0) <= 0.8:
        yield _finding(
            "unbalanced",
            f"Good among the labelled replies are {quality.good.text}; set KTO's weights "
            "(desirable_weight, undesirable_weight) so that both sides have the same weight.",
        )
    if quality.longer.one_sided:
        yield _finding(
            "length",
            f"The chosen reply is the longer one in {quality.longer.text}: DPO will learn "
            "this length bias, too.",
        )
    if report.left_wins.one_sided:
        yield _finding("position", f"The left reply won the duel in {report.left_wins.text}.")
    small = sum(width < _SMALL_EDIT for width in quality.edits)
    if small:
        yield _finding(
            "small edits",
            f"{small} of {len(quality.edits)} edits change fewer than {_SMALL_EDIT} characters. "
            "In plain DPO such pairs also make the chosen reply less likely: use SFT, KTO, or DPO "
            "with an SFT term.",
        )


def _text_findings(report: DataReport) -> Iterator[DataFinding]:
    """Personal data and out-of-role phrases in the texts."""
    quality = report.quality
    for kind, places in sorted(quality.private.items()):
        yield _finding(
            "personal data", f"{places.count} texts contain what looks like a {kind}.", places.first
        )
    for (side, voice), places in quality.voices.items():
        if places.count and side == "chosen":
            yield _finding(
                f"{voice} phrases",
                f"{places.count} chosen replies sound like "
                f"{'an assistant' if voice == 'assistant' else 'a refusal'}.",
                places.first,
            )


def _limit(outlook: Outlook, report: DataReport) -> str:
    """A trainer's limit, and what it takes for the longest row, if that is more."""
    limit, longest = f"{outlook.setting} {outlook.limit}", report.quantile(1.0)
    return f"{limit}; the longest row needs {longest}" if longest > outlook.limit else limit


def _finding(name: str, text: str, where: list[str] | None = None) -> DataFinding:
    return DataFinding(name, text, tuple(where or ()), name in STRICT)
