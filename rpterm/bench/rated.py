"""Replies of known consistency with card and conversation: ``rpterm bench rated``.

- Data: 48 scenes written for rpterm (``rated.toml``); half ask for what the card says
  (``attribute``), half for what was said earlier in the conversation (``memory``). 80 more scenes
  with 560 replies (``rated_read.toml``) show all the ways in which models do well and badly, half
  of the bad replies in the words of card and conversation. 48 scenes with 334 replies
  (``rated_natural.toml``), 12 of them Chinese, are as chats bring them: nobody meant to mislead.
  Writers and graders are language models much larger than any that plays here; no person graded
  them. The figures show what the score can and cannot detect, not what readers think.
- Metric, pairs (win rate), for a reply whose writer knew card and conversation: ``unknowing``,
  against a reply whose writer knew only the name and the last turn; ``starter``, against the
  starter model's reply: this is how models go wrong by themselves. ``half``, against a reply
  whose writer knew the conversation but not the card (attribute), or the card and the last two
  turns (memory). ``otherwise``, for consistent replies (grade 4 or 5) in other words than card and
  conversation, against the unknowing reply.
- Metric, Spearman rank correlation with the mean grade of two graders, who did not know how the
  replies were made: ``artless``, over those four replies per scene, none of which was meant to be
  wrong (inter-grader correlation 0.99); ``misleading``, over replies with deliberate mistakes in
  the words of card and conversation; ``read``, over the 560 replies (inter-grader correlation
  0.97); ``all``, over all of these; ``natural``, over the 334 replies, which their writer graded.
- Scores: ``score`` and ``score_no_lm``, the live score with and without the language model;
  ``drawn``, the same signals with the terms of the task *drawn* (``choice_sets``), where being on
  topic counts. Baseline: ``tfidf``, the TF-IDF cosine with the whole card (attribute) or the whole
  conversation (memory). ``rise`` is the correlation of ``score`` minus that of ``tfidf``, with the
  same replies drawn for both.
- Caveat: nothing was fitted on these scenes, but two decisions were made on the 48, when half of
  the 80 had been seen: that being on topic does not raise the live score, and how known words are
  counted (``MemoryWords``). That known words count by whether they were asked for (``MemoryAsked``)
  was decided on every other scene of ``rated_natural.toml``.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from rpterm.bench import scoring_models
from rpterm.bench.bundled import read_table
from rpterm.bench.metrics import bootstrap_interval, mean_figures, win_rate
from rpterm.bench.progress import ReportProgress
from rpterm.preference.stats.correlation import spearman
from rpterm.scoring.coefficients import load_coefficients
from rpterm.scoring.combine import log_odds
from rpterm.scoring.scene import Fact, ReplyScene
from rpterm.scoring.scorer import readable
from rpterm.scoring.signal import Reading, Signal
from rpterm.scoring.signals.registry import available_signals
from rpterm.scoring.similarity import ContrastiveSimilarity
from rpterm.scoring.texts import TfIdf, cosine_similarity

KINDS = ("attribute", "memory")
_WRITERS = ("knowing", "half", "unknowing", "starter")
_CONSISTENT = 4
_FILES = ("rated.toml", "rated_read.toml", "rated_natural.toml")
_TIMES = 500
"""Bootstrap samples."""
_PAIRS = {
    "unknowing": ("knowing", "unknowing"),
    "half": ("knowing", "half"),
    "starter": ("knowing", "starter"),
    "otherwise": ("graded", "unknowing"),
}
"""The pairs: which reply should win against which. Of the graded ones, only the consistent."""
_RANKED: dict[str, Container[str]] = {
    "artless": _WRITERS, "misleading": ("graded",), "read": ("read",),
    "all": (*_WRITERS, "graded", "read"), "natural": ("natural",),
}  # fmt: skip
"""The replies that each correlation ranks."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply with its grade and scores.

    Attributes:
        by: How it was made: ``graded``, ``read``, ``natural`` or one of ``_WRITERS``.
        grade: From 5 (consistent) to 1.
        rated: Scores by name; higher is better.
    """

    scene: str
    kind: str
    by: str
    grade: float
    rated: dict[str, float]


def run(step: ReportProgress, cache: Path | None = None) -> dict[str, Any]:
    """Score and compare all replies."""
    with scoring_models.open_models(cache) as (encode, likelihood):
        signals = available_signals(ContrastiveSimilarity(encode), likelihood)
        return report(measure(signals, step))


def measure(
    signals: Sequence[Signal],
    step: ReportProgress = lambda done, total: None,
    table: Sequence[dict[str, Any]] | None = None,
) -> list[Reply]:
    """Score every reply of every scene.

    Args:
        table: Scenes in the format of the files; ``None`` takes those of the files.
    """
    table = table if table is not None else [scene for file in _FILES for scene in scenes(file)]
    replies = []
    for at, entry in enumerate(table):
        scene, kind = _scene(entry), entry["kind"]
        baseline = tfidf_similarity(scene, kind)
        for by, grade, text in _replies(entry):
            read = readable(signals, text, scene)
            readings = {each.name: each.measure(text, scene) for each in read}
            rated = {**score_values(readings), "tfidf": baseline(text)}
            replies.append(Reply(str(at), kind, by, grade, rated))
        step(at + 1, len(table))
    return replies


def scenes(name: str) -> list[dict[str, Any]]:
    """The scenes of a file of this package."""
    found: list[dict[str, Any]] = read_table(name)["scene"]
    return found


def _scene(entry: dict[str, Any]) -> ReplyScene:
    facts = (Fact(f"card.attributes:{at}", text) for at, text in enumerate(entry["facts"]))
    history = tuple((role == "char", text) for role, text in entry["talk"])
    return ReplyScene(char=entry["char"], user="You", facts=tuple(facts), history=history)


def _replies(entry: dict[str, Any]) -> Iterable[tuple[str, float, str]]:
    """The replies of a scene, as (how it was made, mean grade, text)."""
    if "replies" in entry:
        yield from (("read", (one + two) / 2, text) for one, two, _, text in entry["replies"])
        return
    for by in ("natural", "graded"):
        yield from ((by, grade, text) for grade, text in entry.get(by, ()))
    if "grades" not in entry:
        return
    for by, (one, two) in zip(_WRITERS, entry["grades"], strict=True):
        yield by, (one + two) / 2, entry[by]


def score_values(readings: dict[str, Reading]) -> dict[str, float]:
    """The scores of a reply by name, as log-odds."""
    table = load_coefficients()
    return {
        "score": log_odds(readings, table.slow),
        "score_no_lm": log_odds(readings, table.fast),
        "drawn": log_odds(readings, table.drawn_slow),
    }


def tfidf_similarity(scene: ReplyScene, kind: str) -> Callable[[str], float]:
    """The TF-IDF cosine of a reply with the whole card (attribute) or conversation (memory)."""
    facts, turns = [fact.text for fact in scene.facts], [text for _, text in scene.history]
    rarity = TfIdf([*facts, *turns])
    known = rarity.vector(" ".join(facts if kind == "attribute" else turns))
    return lambda text: cosine_similarity(rarity.vector(text), known)


def report(replies: Sequence[Reply]) -> dict[str, Any]:
    """Win rates and correlations with their 95 % bootstrap intervals over whole scenes."""
    figures: dict[str, Any] = {"scenes": len({each.scene for each in replies})}
    for kind in KINDS:
        of_kind = [each for each in replies if each.kind == kind]
        for score in of_kind[0].rated if of_kind else ():
            for pairs, (good, other) in _PAIRS.items():
                wins, groups = _wins(of_kind, score, good, other)
                figures |= mean_figures(f"{kind} {pairs} {score}", wins, groups)
            for name, by in _RANKED.items():
                statistic = partial(_correlation, score=score)
                figures |= _bootstrapped(of_kind, by, f"{kind} {name} {score}", statistic)
        for name, by in _RANKED.items():
            figures |= _bootstrapped(of_kind, by, f"{kind} {name} rise", _rise)
    return figures


def _bootstrapped(
    replies: Sequence[Reply],
    by: Container[str],
    name: str,
    statistic: Callable[[Sequence[Reply]], float],
) -> dict[str, Any]:
    """A statistic over the replies made in these ways, with its interval; {} without replies."""
    chosen = [each for each in replies if each.by in by]
    if not chosen:
        return {}
    parts = [list(scene) for _, scene in groupby(chosen, lambda each: each.scene)]
    return {
        name: round(statistic(chosen), 4),
        f"{name}_interval": bootstrap_interval(parts, statistic, random.Random(3), _TIMES),
    }


def _wins(
    replies: Sequence[Reply], score: str, good: str, other: str
) -> tuple[list[float], list[str]]:
    """Whether each good reply scores above the other reply of its scene; and the scenes."""
    against = {each.scene: each.rated[score] for each in replies if each.by == other}
    chosen = [each for each in replies if each.by == good and each.grade >= _CONSISTENT]
    wins = [win_rate(each.rated[score], [against[each.scene]]) for each in chosen]
    return wins, [each.scene for each in chosen]


def _correlation(replies: Sequence[Reply], score: str) -> float:
    """Spearman's rank correlation of a score with the grades."""
    rated = np.array([each.rated[score] for each in replies])
    return spearman(rated, np.array([float(each.grade) for each in replies]))


def _rise(replies: Sequence[Reply]) -> float:
    return _correlation(replies, "score") - _correlation(replies, "tfidf")
