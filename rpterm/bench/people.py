"""How the score goes with what people think of replies: ``rpterm bench people --usr FILE``.

FILE is ``pc_usr_data.json`` of Mehri and Eskenazi (2020, "USR: An unsupervised and reference free
evaluation metric for dialog generation", shikib.com/usr): 60 talks of PersonaChat with five replies
each, by people and by models, which three people graded. Three of their questions are asked of the
score: whether a reply uses what is known of its speaker (``knowledge``, 0 or 1), whether it goes on
from the talk (``context``, 1 to 3), and how good it is (``overall``, 1 to 5).

Each figure is a correlation of ranks with the mean grade. ``tfidf_card`` and ``tfidf_talk`` are the
likeness of words to the whole card and to the whole talk; ``rise`` is by how much the score is
above the one that the question is about (of ``overall``: the card), where the same talks are drawn
for both. Nothing was fitted on the grades. The talks are of the kind that terms were fitted on, and
most of the personas stand there, too. It says nothing of replies that contradict the card: hardly
any of these do.
"""

from __future__ import annotations

import json as json_module
import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from rpterm.bench.figures import redrawn
from rpterm.bench.persona import pair_scene
from rpterm.bench.printing import Step
from rpterm.bench.rated import likeness, scored
from rpterm.marks import why
from rpterm.preference.stats.correlation import spearman
from rpterm.scoring.fit import Fit
from rpterm.scoring.records import Scene, Signal
from rpterm.scoring.signals.all import signals_for
from rpterm.types import RptermError

ASKED = {"knowledge": "Uses Knowledge", "context": "Maintains Context", "overall": "Overall"}
"""What a question is called here → in the file."""
_RIVAL = {"knowledge": "tfidf_card", "context": "tfidf_talk", "overall": "tfidf_card"}
_PERSONA = "your persona:"
_TIMES = 500


@dataclass(frozen=True, slots=True)
class Talk:
    """A talk and the replies to its last turn.

    Attributes:
        replies: Each with its mean grade by question.
    """

    scene: Scene
    replies: tuple[tuple[str, dict[str, float]], ...]


@dataclass(frozen=True, slots=True)
class Graded:
    """One reply.

    Attributes:
        talk: The number of its talk.
        grades: By question.
        rated: By the name of a score, higher is better.
    """

    talk: int
    grades: dict[str, float]
    rated: dict[str, float]


def main(usr: Path, json: bool = False, cache: Path | None = None) -> None:
    """Measure and print, with a bar on standard error."""
    from rpterm.bench.opening import models
    from rpterm.bench.printing import with_bar

    talks = read(usr)
    with models(cache) as (encode, likelihood):
        signals = signals_for(Fit(encode), likelihood)
        with_bar(lambda step: report(measure(talks, signals, step)), json)


def read(file: Path) -> list[Talk]:
    """The talks of a file.

    Raises:
        RptermError: It cannot be read, or holds something else.
    """
    try:
        table = json_module.loads(file.read_text(encoding="utf-8"))
        return [_talk(item) for item in table]
    except OSError as error:
        raise RptermError(f"--usr: {file} cannot be read: {why(error)}.") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise RptermError(
            f"--usr: {file} is not laid out as pc_usr_data.json: a list of talks with context, "
            "fact and responses, each with its grades."
        ) from error


def _talk(item: dict[str, Any]) -> Talk:
    turns = item["context"].strip().splitlines()
    known = [line.removeprefix(_PERSONA).strip() for line in item["fact"].strip().splitlines()]
    return Talk(pair_scene(known, turns), tuple(_reply(each) for each in item["responses"]))


def _reply(given: dict[str, Any]) -> tuple[str, dict[str, float]]:
    grades = {name: sum(given[there]) / len(given[there]) for name, there in ASKED.items()}
    return given["response"].strip(), grades


def measure(
    talks: Sequence[Talk],
    signals: Sequence[Signal],
    step: Step = lambda done, total: None,
) -> list[Graded]:
    """Every reply of every talk."""
    found = []
    for at, talk in enumerate(talks):
        card, said = likeness(talk.scene, "attribute"), likeness(talk.scene, "memory")
        for text, grades in talk.replies:
            readings = {each.name: each.measure(text, talk.scene) for each in signals}
            words = {"tfidf_card": card(text), "tfidf_talk": said(text)}
            found.append(Graded(at, grades, {**scored(readings), **words}))
        step(at + 1, len(talks))
    return found


def report(replies: Sequence[Graded]) -> dict[str, Any]:
    """Correlations with their 95 % intervals, which draw whole talks."""
    talks = [list(each) for _, each in groupby(replies, lambda reply: reply.talk)]
    figures: dict[str, Any] = {"talks": len(talks), "replies": len(replies)}
    for name in ASKED:
        for score in replies[0].rated if replies else ():
            figures[f"{name} {score}"] = round(_agree(replies, name, score), 4)
        rise = partial(_rise, name=name)
        figures[f"{name} rise"] = round(rise(replies), 4) if replies else 0.0
        figures[f"{name} rise_interval"] = redrawn(talks, rise, random.Random(3), _TIMES)
    return figures


def _agree(replies: Sequence[Graded], name: str, score: str) -> float:
    rated = np.array([each.rated[score] for each in replies])
    return spearman(rated, np.array([each.grades[name] for each in replies]))


def _rise(replies: Sequence[Graded], name: str) -> float:
    return _agree(replies, name, "score") - _agree(replies, name, _RIVAL[name])
