"""Replies of which it is known how true they are to card and talk: ``rpterm bench rated``.

48 scenes were written for it (``rated.toml``): half ask for what the card tells (attribute), half
for what was told in the talk (memory). The writers were language models, much larger than any that
plays here, and no people graded them: the figures show what the score can and cannot tell, not what
readers think.

``unknowing`` and ``starter``: in how many pairs is a reply whose writer knew card and talk rated
above one whose writer knew the name and the last turn alone, or above what the starter model said?
This is how models go wrong by themselves. ``half``: above one whose writer knew the talk and not
the card (attribute), or the card and the two last turns (memory). ``otherwise``: the same for
consistent replies (grade 4 or 5) that say it in other words than card and talk, above the unknowing
one.

``artless``: the correlation of ranks with the grades of those four replies, none of which was meant
to be wrong. Two readers, language models, graded them and did not know how each was made (their
grades correlate by 0.99): the mean.

``misleading``: the same with the grades of replies whose mistakes were made on
purpose and put in the words of card and talk. ``read``: with those of 560 replies to 80 more scenes
(``rated_read.toml``), of all ways in which models do well and badly, again half of the bad ones in
the words of card and talk. They were graded in the same way (0.97). ``all``: with the grades of
all these replies.

``rise``: by how much the correlation of the score is above that of ``tfidf``; for its interval the
same replies are drawn for both.

``tfidf`` is the likeness of words to the whole card (attribute) or the whole talk (memory);
``drawn`` is the same signals with the terms for lines drawn from other talks, where being to the
point counts. Nothing was fitted on these scenes. That it does not count in the live score was
decided on the 48, and how words that were known are counted (``MemoryWords``); of the 80 half had
been looked at then.
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

from rpterm.bench.figures import above, mean_figures, redrawn
from rpterm.bench.printing import Step
from rpterm.bench.written import read_table
from rpterm.preference.stats.correlation import spearman
from rpterm.scoring.combine import log_odds
from rpterm.scoring.fit import Fit
from rpterm.scoring.frozen import frozen
from rpterm.scoring.records import Fact, Reading, Scene, Signal
from rpterm.scoring.signals.all import signals_for
from rpterm.scoring.texts import Rarity, dot

KINDS = ("attribute", "memory")
_MADE = ("knowing", "half", "unknowing", "starter")
_GOOD = 4
_TIMES = 500
_PAIRS = {
    "unknowing": ("knowing", "unknowing"),
    "half": ("knowing", "half"),
    "starter": ("knowing", "starter"),
    "otherwise": ("graded", "unknowing"),
}
"""Which replies are held against which; of the graded ones the consistent ones."""
_RANKED: dict[str, Container[str]] = {
    "artless": _MADE, "misleading": ("graded",), "read": ("read",),
    "all": (*_MADE, "graded", "read"),
}  # fmt: skip
"""Which replies are ranked together."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What was measured of one reply.

    Attributes:
        by: ``graded``, ``read`` or one of ``_MADE``.
        grade: 5 to 1.
        rated: By the name of a score, higher is better.
    """

    scene: str
    kind: str
    by: str
    grade: float
    rated: dict[str, float]


def main(json: bool = False, cache: Path | None = None) -> None:
    """Measure and print, with a bar on standard error."""
    from rpterm.bench.opening import models
    from rpterm.bench.printing import with_bar

    with models(cache) as (encode, likelihood):
        signals = signals_for(Fit(encode), likelihood)
        with_bar(lambda step: report(measure(signals, step)), json)


def measure(
    signals: Sequence[Signal],
    step: Step = lambda done, total: None,
    table: Sequence[dict[str, Any]] | None = None,
) -> list[Reply]:
    """Every reply of every scene.

    Args:
        table: Scenes as in the two files, instead of theirs.
    """
    table = table if table is not None else [*scenes("rated.toml"), *scenes("rated_read.toml")]
    found = []
    for at, written in enumerate(table):
        scene = _scene(written)
        words = likeness(scene, written["kind"])
        for by, grade, text in _replies(written):
            readings = {each.name: each.measure(text, scene) for each in signals}
            rated = {**scored(readings), "tfidf": words(text)}
            found.append(Reply(str(at), written["kind"], by, grade, rated))
        step(at + 1, len(table))
    return found


def scenes(name: str) -> list[dict[str, Any]]:
    """Those of a file of this package."""
    found: list[dict[str, Any]] = read_table(name)["scene"]
    return found


def _scene(written: dict[str, Any]) -> Scene:
    facts = (Fact(f"card.attributes:{at}", text) for at, text in enumerate(written["facts"]))
    talk = tuple((who == "char", text) for who, text in written["talk"])
    return Scene(char=written["char"], user="You", facts=tuple(facts), history=talk)


def _replies(written: dict[str, Any]) -> Iterable[tuple[str, float, str]]:
    if "replies" in written:
        yield from (("read", (one + two) / 2, text) for one, two, _, text in written["replies"])
        return
    yield from (("graded", grade, text) for grade, text in written["graded"])
    for by, (one, two) in zip(_MADE, written["grades"], strict=True):
        yield by, (one + two) / 2, written[by]


def scored(readings: dict[str, Reading]) -> dict[str, float]:
    """What the scores say of a reply, by their names, as log-odds."""
    table = frozen()
    return {
        "score": log_odds(readings, table.slow),
        "score_no_lm": log_odds(readings, table.fast),
        "drawn": log_odds(readings, table.drawn_slow),
    }


def likeness(scene: Scene, kind: str) -> Callable[[str], float]:
    """How alike the words of a reply are to the whole card (attribute) or talk (memory), TF-IDF."""
    facts, turns = [fact.text for fact in scene.facts], [text for _, text in scene.history]
    rarity = Rarity([*facts, *turns])
    known = rarity.vector(" ".join(facts if kind == "attribute" else turns))
    return lambda text: dot(rarity.vector(text), known)


def report(replies: Sequence[Reply]) -> dict[str, Any]:
    """Shares of pairs and correlations with their 95 % intervals, which draw whole scenes."""
    figures: dict[str, Any] = {"scenes": len({each.scene for each in replies})}
    for kind in KINDS:
        mine = [each for each in replies if each.kind == kind]
        for score in mine[0].rated if mine else ():
            for pairs, (good, other) in _PAIRS.items():
                won, groups = _won(mine, score, good, other)
                figures |= mean_figures(f"{kind} {pairs} {score}", won, groups)
            for name, by in _RANKED.items():
                figures |= _ranks(mine, by, f"{kind} {name} {score}", partial(_agree, score=score))
        for name, by in _RANKED.items():
            figures |= _ranks(mine, by, f"{kind} {name} rise", _rise)
    return figures


def _ranks(
    replies: Sequence[Reply],
    by: Container[str],
    name: str,
    figure: Callable[[Sequence[Reply]], float],
) -> dict[str, Any]:
    """A figure of those replies and its interval; nothing of no replies."""
    mine = [each for each in replies if each.by in by]
    if not mine:
        return {}
    parts = [list(scene) for _, scene in groupby(mine, lambda each: each.scene)]
    return {
        name: round(figure(mine), 4),
        f"{name}_interval": redrawn(parts, figure, random.Random(3), _TIMES),
    }


def _won(
    replies: Sequence[Reply], score: str, good: str, other: str
) -> tuple[list[float], list[str]]:
    """Whether each good reply is above the other one of its scene; and the scenes."""
    against = {each.scene: each.rated[score] for each in replies if each.by == other}
    mine = [each for each in replies if each.by == good and each.grade >= _GOOD]
    won = [above(each.rated[score], [against[each.scene]]) for each in mine]
    return won, [each.scene for each in mine]


def _agree(replies: Sequence[Reply], score: str) -> float:
    """The correlation of ranks of a score and the grades."""
    rated = np.array([each.rated[score] for each in replies])
    return spearman(rated, np.array([float(each.grade) for each in replies]))


def _rise(replies: Sequence[Reply]) -> float:
    return _agree(replies, "score") - _agree(replies, "tfidf")
