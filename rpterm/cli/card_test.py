"""``rpterm cards test``: runs a card's probes and shows the results, or those of two versions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rpterm import paths as folders
from rpterm.cards.card import CharacterCard, Probe
from rpterm.cards.history import HistoryError
from rpterm.cards.library import CardNotFound
from rpterm.cli import card_source, rich_out
from rpterm.cli.card_source import Source
from rpterm.cli.user_files import load_settings
from rpterm.config import Settings
from rpterm.errors import RptermError
from rpterm.evaluation import probing
from rpterm.evaluation.probing import ProbeResult, ProbeSetup, Scorer, Trial
from rpterm.paths import Paths
from rpterm.preference.stats.intervals import wilson
from rpterm.types import History

_PARALLEL_SEEDS = 8


@dataclass(frozen=True, slots=True)
class ProbeReport:
    """The results of one card, and optionally of another version with the same probes.

    Attributes:
        model: Name of the model that played the card.
        judge: Name of the model that answered the yes-or-no questions.
        starter: Whether the judge was a starter model.
        other: The other version's results in the same order, or empty.
    """

    model: str
    judge: str
    starter: bool
    results: list[ProbeResult]
    other: list[ProbeResult]


def selected_probes(card: CharacterCard, only: Sequence[str]) -> list[Probe]:
    """The probes to run, each with a name.

    Args:
        only: Names of the probes to run; all if empty.

    Raises:
        RptermError: The card has no probes, or none with one of these names.
    """
    if not card.tests:
        raise RptermError(
            f'{card.name} has no tests. Add a [[test]] to the card with user = ["…"] and a '
            'condition, such as not_contains = ["As an AI"].'
        )
    tests = [
        replace(probe, name=probe.name or f"test {at}") for at, probe in enumerate(card.tests, 1)
    ]
    names = [probe.name for probe in tests]
    if missing := [name for name in only if name not in names]:
        raise RptermError(f"There is no test {missing[0]!r}; there are: {', '.join(names)}.")
    return [probe for probe in tests if not only or probe.name in only]


def version_to_compare(source: Source, other: str) -> Source:
    """The version to compare with: ``git`` (the last commit), a file, a name, or a revision.

    Raises:
        RptermError: It was not found, or it has errors.
    """
    if other == "git":
        return card_source.at_revision(source)
    if Path(other).exists() or other.endswith(".toml"):
        return card_source.find(other)
    try:
        return card_source.find(other)
    except CardNotFound:
        with suppress(HistoryError):
            return card_source.at_revision(source, other)
    raise RptermError(f"There is no card, no file and no version in git called {other!r}.")


def run(
    card: CharacterCard,
    probes: Sequence[Probe],
    other: CharacterCard | None,
    count: int,
    flags: Mapping[str, object],
    judge: str | None,
) -> ProbeReport:
    """Run the probes with ``count`` seeds, with a progress bar on standard error.

    Raises:
        RptermError: A model cannot be used.
    """
    from rpterm.models.engine_factory import open_engine

    paths = folders.find()
    settings = load_settings(flags)
    seeds = list(range(1, count + 1))
    needs_scorer = any(probe.score_above is not None for probe in probes)
    with ExitStack() as opened, rich_out.progress() as bar:
        engine = judging = opened.enter_context(
            closing(open_engine(settings, paths, sequences=min(count, _PARALLEL_SEEDS)))
        )
        if judge is not None:
            judge_settings = replace(settings, model=judge, adapter="")
            judging = opened.enter_context(closing(open_engine(judge_settings, paths, sequences=1)))
        scorer = opened.enter_context(_scorer(settings, paths)) if needs_scorer else None
        task = bar.add_task("loading the model", total=len(probes) * count * (2 if other else 1))
        info = engine.load()
        bench = ProbeSetup(engine, settings, judging, scorer)

        def advance(name: str, trial: Trial) -> None:
            bar.update(task, description=name, advance=1)

        results = probing.run(card, bench, seeds, probes=probes, on_trial=advance)
        old = probing.run(other, bench, seeds, probes=probes, on_trial=advance) if other else []
        judged_by = judging.info
    name = judged_by.model if judged_by else info.model
    starter = (judged_by or info).starter
    return ProbeReport(info.model, name, starter, results, old)


@contextmanager
def _scorer(settings: Settings, paths: Paths) -> Iterator[Scorer]:
    """A function that scores replies as a chat's Consistency pane does, but without embeddings."""
    from rpterm.chat.live_scores import shipped_cards
    from rpterm.scoring.scene import scene_of
    from rpterm.startup.scorer import open_scorer

    cards = tuple(shipped_cards(paths.characters))

    def score(card: CharacterCard, history: History, reply: str) -> float:
        others = tuple(each for each in cards if each.name != card.name)
        found = scorer.score_fully(reply, scene_of(card, history=history, others=others))
        if found is None or not found.complete:
            raise RptermError("the scorer's model cannot be used")
        return found.probability

    with closing(open_scorer(settings, paths)) as scorer:
        yield score


def all_passed(report: ProbeReport, max_failures: int) -> bool:
    """Whether every test failed at most ``max_failures`` times.

    Raises:
        RptermError: Every trial was skipped.
    """
    if not any(result.judged for result in report.results):
        reasons = dict.fromkeys(why for result in report.results for why in result.skipped)
        raise RptermError(f"Every trial was skipped, so nothing was judged: {'; '.join(reasons)}.")
    return all(result.failures <= max_failures for result in report.results)


# Output --------------------------------------------------------------------------------------
def print_report(report: ProbeReport, other: Source | None, shown: rich_out.Output) -> None:
    """Print a table of pass rates with their 95 % intervals, then each kind of failure once."""
    heads = ["test", "passed", "rate (95 %)"]
    heads += [f"at {other.label}", "rate (95 %)", ""] if other else []
    lines = []
    for at, result in enumerate(report.results):
        line = [result.name, *_rate(result)]
        if report.other:
            line += [*_rate(report.other[at]), _change(result, report.other[at])]
        lines.append(line)
    shown.table(heads, lines, numbers=(1, 4) if other else (1,))
    for result in report.results:
        _failures(result, shown)
        for why in result.skipped:
            shown.say(f"{result.name}: skipped: {why}.", "yellow")
    judged = any(result.probe.judge for result in report.results)
    if judged and report.starter:
        shown.say(
            f"The judge was {report.judge}, a starter model: do not trust its answers. "
            "Choose a better one with --judge.",
            "yellow",
        )


def _rate(result: ProbeResult) -> tuple[str, str]:
    if not result.judged:
        return "-", "skipped"
    low, high = wilson(result.passes, result.judged)
    rate = result.passes / result.judged
    return f"{result.passes}/{result.judged}", f"{rate:.0%} ({low:.0%} to {high:.0%})"


def _change(new: ProbeResult, old: ProbeResult) -> str:
    """Whether the new rate is better or worse, or within chance: the intervals overlap."""
    if not (new.judged and old.judged):
        return ""
    mine, theirs = (wilson(each.passes, each.judged) for each in (new, old))
    if mine[0] > theirs[1]:
        return "better"
    if mine[1] < theirs[0]:
        return "worse"
    return "same" if new.passes * old.judged == old.passes * new.judged else "within chance"


def _failures(result: ProbeResult, shown: rich_out.Output) -> None:
    """Print each failed condition once, with the first reply that failed it."""
    shown_checks: set[tuple[str, str]] = set()
    for trial in result.trials:
        for check in trial.checks:
            if check.passed is False and (check.kind, check.what) not in shown_checks:
                shown_checks.add((check.kind, check.what))
                head = (
                    f"{result.name}: {check.kind} “{check.what}”: {check.why}. Seed {trial.seed}:"
                )
                shown.say(head, "red")
                if trial.reply:
                    shown.say(f"    {' '.join(trial.reply.split())[:300]}", "dim")


def as_data(report: ProbeReport, source: Source, other: Source | None) -> dict[str, Any]:
    """The report for JSON."""
    rows = [_row(result) for result in report.results]
    for row, result in zip(rows, report.other, strict=False):
        row["against"] = _row(result)
    return {
        "card": source.label,
        "against": other.label if other else None,
        "model": report.model,
        "judge": report.judge,
        "tests": rows,
    }


def _row(result: ProbeResult) -> dict[str, Any]:
    low, high = wilson(result.passes, result.judged)
    return {
        "name": result.name,
        "passes": result.passes,
        "failures": result.failures,
        "interval": [low, high],
        "skipped": list(result.skipped),
        "trials": [
            {"seed": t.seed, "passed": t.passed, "reply": t.reply, "checks": list(t.checks)}
            for t in result.trials
        ],
    }
