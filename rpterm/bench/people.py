"""Correlation of the score with human ratings of replies: ``rpterm bench people --usr FILE``.

- Data: ``pc_usr_data.json`` of Mehri and Eskenazi (2020, "USR: An unsupervised and reference free
  evaluation metric for dialog generation", shikib.com/usr): 60 dialogues of PersonaChat with five
  replies each, by people and by models, graded by three people.
- Task: predict three of the grades: whether a reply uses what is known about its speaker
  (``knowledge``, 0 or 1), whether it maintains the context (``context``, 1 to 3), and how good it
  is (``overall``, 1 to 5).
- Metric: Spearman rank correlation with the mean grade, with a bootstrap over dialogues.
- Baselines: ``tfidf_card`` and ``tfidf_talk``, the TF-IDF cosine with the whole card and with the
  whole dialogue. ``rise`` is the correlation of the score minus that of the baseline for the grade
  (the card for ``overall``), with the same dialogues drawn for both.
- Caveats: nothing was fitted on the grades, but the dialogues are of the kind the terms were fitted
  on, and most of the personas occur there, too. Hardly any of these replies contradicts the card,
  so the figures say nothing about contradictions.
"""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from rpterm.bench import scoring_models
from rpterm.bench.metrics import bootstrap_interval
from rpterm.bench.persona import pair_scene
from rpterm.bench.progress import ReportProgress
from rpterm.bench.rated import score_values, tfidf_similarity
from rpterm.errors import RptermError, cause_of
from rpterm.preference.stats.correlation import spearman
from rpterm.scoring.scene import ReplyScene
from rpterm.scoring.signal import Signal
from rpterm.scoring.signals.registry import available_signals
from rpterm.scoring.similarity import ContrastiveSimilarity

ASKED = {"knowledge": "Uses Knowledge", "context": "Maintains Context", "overall": "Overall"}
"""The grades: name here → name in the file."""
_BASELINE = {"knowledge": "tfidf_card", "context": "tfidf_talk", "overall": "tfidf_card"}
_PERSONA = "your persona:"
_TIMES = 500
"""Bootstrap samples."""


@dataclass(frozen=True, slots=True)
class Talk:
    """A dialogue and the replies to its last turn.

    Attributes:
        replies: Each with its mean grades by name.
    """

    scene: ReplyScene
    replies: tuple[tuple[str, dict[str, float]], ...]


@dataclass(frozen=True, slots=True)
class Graded:
    """A reply with its grades and scores.

    Attributes:
        talk: The index of its dialogue.
        grades: Mean human grades by name.
        rated: Scores by name; higher is better.
    """

    talk: int
    grades: dict[str, float]
    rated: dict[str, float]


def run(step: ReportProgress, usr: Path, cache: Path | None = None) -> dict[str, Any]:
    """Score all replies and compare with their grades."""
    talks = read(usr)
    with scoring_models.open_models(cache) as (encode, likelihood):
        signals = available_signals(ContrastiveSimilarity(encode), likelihood)
        return report(measure(talks, signals, step))


def read(file: Path) -> list[Talk]:
    """The dialogues of a file.

    Raises:
        RptermError: The file cannot be read, or has another structure.
    """
    try:
        table = json.loads(file.read_text(encoding="utf-8"))
        return [_talk(item) for item in table]
    except OSError as error:
        raise RptermError(f"--usr: {file} cannot be read: {cause_of(error)}.") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise RptermError(
            f"--usr: {file} does not have the structure of pc_usr_data.json: a list of dialogues "
            "with context, fact and responses, each with its grades."
        ) from error


def _talk(item: dict[str, Any]) -> Talk:
    turns = item["context"].strip().splitlines()
    persona = [line.removeprefix(_PERSONA).strip() for line in item["fact"].strip().splitlines()]
    return Talk(pair_scene(persona, turns), tuple(_reply(each) for each in item["responses"]))


def _reply(item: dict[str, Any]) -> tuple[str, dict[str, float]]:
    grades = {name: sum(item[field]) / len(item[field]) for name, field in ASKED.items()}
    return item["response"].strip(), grades


def measure(
    talks: Sequence[Talk],
    signals: Sequence[Signal],
    step: ReportProgress = lambda done, total: None,
) -> list[Graded]:
    """Score every reply of every dialogue."""
    graded = []
    for at, talk in enumerate(talks):
        to_card, to_talk = (
            tfidf_similarity(talk.scene, "attribute"),
            tfidf_similarity(talk.scene, "memory"),
        )
        for text, grades in talk.replies:
            readings = {each.name: each.measure(text, talk.scene) for each in signals}
            baselines = {"tfidf_card": to_card(text), "tfidf_talk": to_talk(text)}
            graded.append(Graded(at, grades, {**score_values(readings), **baselines}))
        step(at + 1, len(talks))
    return graded


def report(replies: Sequence[Graded]) -> dict[str, Any]:
    """Correlations with their 95 % bootstrap intervals, which resample whole dialogues."""
    talks = [list(each) for _, each in groupby(replies, lambda reply: reply.talk)]
    figures: dict[str, Any] = {"talks": len(talks), "replies": len(replies)}
    for name in ASKED:
        for score in replies[0].rated if replies else ():
            figures[f"{name} {score}"] = round(_correlation(replies, name, score), 4)
        rise = partial(_rise, name=name)
        figures[f"{name} rise"] = round(rise(replies), 4) if replies else 0.0
        figures[f"{name} rise_interval"] = bootstrap_interval(talks, rise, random.Random(3), _TIMES)
    return figures


def _correlation(replies: Sequence[Graded], name: str, score: str) -> float:
    """Spearman's rank correlation of a score with a grade."""
    rated = np.array([each.rated[score] for each in replies])
    return spearman(rated, np.array([each.grades[name] for each in replies]))


def _rise(replies: Sequence[Graded], name: str) -> float:
    return _correlation(replies, name, "score") - _correlation(replies, name, _BASELINE[name])
