"""``rpterm export check``: prints the report on training data as tables or as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rpterm.cli import rich_out
from rpterm.humanize import counted
from rpterm.preference.stats.agreement import Proportion

if TYPE_CHECKING:
    from rpterm.preference.check.report import DataFinding, DataReport

_MAX_SHOWN = 6
"""How many characters and models a table lists; JSON has all of them."""


def as_data(found: DataReport) -> dict[str, Any]:
    """The report for JSON."""
    quality = found.quality
    return {
        "path": found.path,
        "model": found.model,
        "exact_tokens": found.exact,
        "rows": quality.rows,
        "bad_rows": asdict(found.bad),
        "refused": asdict(found.refused) | {"why": found.refusal},
        "kinds": dict(quality.kinds),
        "splits": dict(quality.splits),
        "sources": dict(quality.sources),
        "characters": dict(quality.characters),
        "models": dict(quality.models),
        "tokens": {
            "total": sum(found.tokens), "median": found.quantile(0.5),
            "p95": found.quantile(0.95), "longest": found.quantile(1.0),
        },
        "trainers": [
            asdict(each) | {"fates": dict(each.fates)} for each in found.outlooks
        ],
        "duplicates": asdict(quality.duplicates),
        "contradictions": asdict(quality.contradictions),
        "leaks": asdict(quality.leaks),
        "personal_data": {kind: asdict(each) for kind, each in sorted(quality.private.items())},
        "phrases": {
            f"{side} {voice}": asdict(each) for (side, voice), each in quality.voices.items()
        },
        "chosen_longer": quality.longer.row(),
        "left_wins": found.left_wins.row(),
        "good_labels": quality.good.row(),
        "edits": {"count": len(quality.edits), "median": _median(quality.edits)},
        "duels": found.about.get("duels", {}),
        "findings": [asdict(each) for each in found.findings],
    }  # fmt: skip


def print_reports(found: Sequence[DataReport]) -> None:
    """Print reports one after the other, and first their number if there are several."""
    shown = rich_out.Output()
    if len(found) > 1:
        shown.say(f"{len(found)} exports, checked separately.\n")
    for at, each in enumerate(found):
        if at:
            shown.say()
        print_report(each)


def print_report(found: DataReport) -> None:
    """Print tables, and the findings at the end, where the eye is."""
    shown = rich_out.Output()
    tokens = "tokens of" if found.exact else "tokens estimated, template of"
    head = f"{found.path}: {counted(found.quality.rows, 'row')}; {tokens} {found.model}"
    shown.say(head, "bold")
    shown.table(("", ""), [(name, value) for name, value in _figures(found)])
    if found.outlooks:
        shown.say()
        shown.table(
            ("trainer", "limit", "trains on", "cuts", "empties", "drops", "stops at"),
            _outlook_rows(found),
            numbers=(1, 2, 3, 4, 5, 6),
        )
    shown.say()
    for finding in found.findings:
        _print_finding(shown, finding)
    if not found.findings:
        shown.say("No problems were found.", "green")


def _print_finding(shown: rich_out.Output, finding: DataFinding) -> None:
    mark, style = ("✗", "bold red") if finding.strict else ("•", "yellow")
    shown.say(f"{mark} {finding.text}", style)
    if finding.where:
        shown.say("  " + "\n  ".join(finding.where), "dim")


def _figures(found: DataReport) -> Iterator[tuple[str, str]]:
    quality = found.quality
    yield "kinds", _counts(quality.kinds.items())
    yield "splits", _counts(quality.splits.items())
    yield "sources", _counts(quality.sources.items())
    yield "characters", _counts(quality.characters.items())
    yield "models", _counts(quality.models.items())
    yield (
        "tokens per row",
        f"median {found.quantile(0.5)}, 95 % {found.quantile(0.95)}, longest {found.quantile(1.0)}",
    )
    duels = found.about.get("duels") or {}
    if verdicts := duels.get("verdicts"):
        yield "duels", _counts(verdicts.items())
    again = duels.get("self_agreement") or {"hits": 0, "total": 0}
    for name, share in (
        ("same verdict when asked again", Proportion(again["hits"], again["total"])),
        ("chosen reply is longer", quality.longer),
        ("left reply won", found.left_wins),
        ("labels that are good", quality.good),
    ):
        if share.total:
            yield name, share.text
    if quality.edits:
        yield "characters changed by an edit", f"median {_median(quality.edits)}"
    for (side, voice), places in quality.voices.items():
        if places.count:
            yield f"{voice} phrases, {side}", str(places.count)


def _outlook_rows(found: DataReport) -> Iterator[tuple[object, ...]]:
    for each in found.outlooks:
        fates = each.fates
        trained = fates["kept"] + fates["cut"] + fates["emptied"]
        limit = f"{each.setting} {each.limit}"
        counts = (fates[name] for name in ("cut", "emptied", "dropped", "stops"))
        yield each.trainer, limit, trained, *counts


def _counts(pairs: Iterable[tuple[str, int]]) -> str:
    ranked = sorted(pairs, key=lambda pair: (-pair[1], pair[0]))
    shown = ", ".join(f"{name} {many}" for name, many in ranked[:_MAX_SHOWN])
    rest = len(ranked) - _MAX_SHOWN
    return f"{shown}, and {rest} more" if rest > 0 else shown


def _median(values: list[int]) -> int:
    return sorted(values)[len(values) // 2] if values else 0
