"""What recall finds and how long it takes: ``rpterm bench recall [--locomo FILE]``.

With a file, the share of evidence found in long chats, which embeds with the starter model and
takes minutes on a small machine. Every conversation becomes an index as the app builds it, each
session a chat of its own; every question is asked as a user's line would be. The figure is the
mean share of a question's evidence turns among the first 5, 10 and 25 rows. No language model
takes part.

Without a file, the time that recall takes; see ``recall_speed``. Nothing is downloaded.
"""

from __future__ import annotations

import json as json_module
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import TextIO

import numpy as np
from numpy.typing import NDArray

from rpterm.bench import locomo, recall_speed
from rpterm.bench.locomo import Conversation
from rpterm.memory import dates
from rpterm.memory.bm25 import query_terms
from rpterm.memory.index import Entry, MemoryIndex
from rpterm.memory.meaning import VectorIndex, top
from rpterm.memory.recall import Parts, Query, Weights, parts, recall
from rpterm.memory.words import terms, with_speaker

DEPTHS = (5, 10, 25)
Embed = Callable[[Sequence[str]], NDArray[np.float32]]
"""Texts to unit vectors, one row each."""

ABLATIONS: dict[str, Weights] = {
    "all": Weights(),
    "without neighbours": Weights(neighbours=False),
    "without meaning": Weights(meaning=0),
    "without words": Weights(words=0, sitting=0),
    "without sittings": Weights(sitting=0),
    "without times": Weights(time=0),
    "without recency": Weights(recency=0),
    "without near-duplicate removal": Weights(alike=2),
    "words alone": Weights(meaning=0, sitting=0, time=0, neighbours=False, alike=2),
    "meaning alone": Weights(words=0, sitting=0, time=0, neighbours=False, alike=2),
    "words and meaning alone": Weights(sitting=0, time=0, neighbours=False, alike=2),
}


@dataclass(frozen=True, slots=True)
class _Case:
    query: Query
    evidence: frozenset[int]
    category: str


@dataclass(frozen=True, slots=True)
class _Prepared:
    name: str
    index: MemoryIndex
    cases: tuple[_Case, ...]


def main(
    json: bool = False,
    locomo: Path | None = None,
    memories: int | None = None,
    out: TextIO | None = None,
) -> None:
    """Measure and report, as JSON or as lines for people.

    Args:
        memories: Time recall among so many alone.

    Raises:
        RptermError: The file is not LoCoMo, or the embedder cannot be used.
    """
    if locomo is None:
        recall_speed.main(json, [memories] if memories else recall_speed.SIZES, out)
        return
    from rpterm.memory.embed import STARTER, WorkerEmbedder
    from rpterm.models.starter import embedder_folder

    embedder = WorkerEmbedder(embedder_folder, STARTER)
    try:
        report = locomo_report(locomo, embedder.encode)
    finally:
        embedder.close()
    out = out or sys.stdout
    text = json_module.dumps(report, indent=2) if json else "\n".join(lines(report))
    out.write(text + "\n")


def locomo_report(path: Path, embed: Embed) -> dict[str, object]:
    """Measure recall on a LoCoMo file.

    Returns:
        ``r@5``, ``r@10``, ``r@25``, ``questions``, and the same keys under each name of
        ``categories``, ``conversations``, ``ablation`` and ``leave_one_out``.

    Raises:
        RptermError: The file is not LoCoMo.
    """
    prepared = [_prepare(talk, embed, speaker=True) for talk in locomo.read(path)]
    shares = [_shares(item, Weights()) for item in prepared]
    everything = np.concatenate(shares)
    kinds = np.array([case.category for item in prepared for case in item.cases])
    ablation = {
        name: _figures(np.concatenate([_shares(item, weights) for item in prepared]))
        for name, weights in ABLATIONS.items()
    }
    mute = [_prepare(talk, embed, speaker=False) for talk in locomo.read(path)]
    ablation["without speakers"] = _figures(np.concatenate([_shares(m, Weights()) for m in mute]))
    return {
        **_figures(everything),
        "questions": len(everything),
        "categories": {str(k): _figures(everything[kinds == k]) for k in np.unique(kinds)},
        "conversations": {i.name: _figures(s) for i, s in zip(prepared, shares, strict=True)},
        "ablation": ablation,
        "leave_one_out": _leave_one_out(prepared),
    }


def lines(report: Mapping[str, object]) -> Iterator[str]:
    """The report for people."""
    yield f"{'':<32}" + "".join(f"{f'R@{depth}':>8}" for depth in DEPTHS)
    yield _line("all", report)
    for title in ("categories", "conversations", "ablation"):
        table = report[title]
        if isinstance(table, Mapping):
            yield title
            yield from (_line(f"  {name}", figures) for name, figures in table.items())
    left = report["leave_one_out"]
    if isinstance(left, Mapping) and left:
        yield _line("weights chosen on other chats", left)


def _line(name: str, figures: Mapping[str, object]) -> str:
    return f"{name:<32}" + "".join(f"{figures[f'r@{depth}']:>8.3f}" for depth in DEPTHS)


def _prepare(talk: Conversation, embed: Embed, *, speaker: bool) -> _Prepared:
    texts = [with_speaker(turn.speaker if speaker else "", turn.text) for turn in talk.turns]
    vectors = embed(texts)
    index = MemoryIndex(VectorIndex(vectors.shape[1]))
    for place, (turn, text) in enumerate(zip(talk.turns, texts, strict=True)):
        entry = Entry(place + 1, chat=turn.session, turn=place + 1, created=turn.when)
        index.add(entry, terms(text))
    index.vectors.put_many(np.arange(len(texts)), vectors)
    for session in {turn.session for turn in talk.turns}:
        index.show(session, [i for i, t in enumerate(talk.turns, 1) if t.session == session])
    now = talk.turns[-1].when + dates.DAY
    asked = embed([question.text for question in talk.questions])
    cases = [
        _Case(_query(question.text, vector, now), question.evidence, question.category)
        for question, vector in zip(talk.questions, asked, strict=True)
    ]
    return _Prepared(talk.name, index, tuple(cases))


def _query(text: str, vector: NDArray[np.float32], now: float) -> Query:
    weighted = query_terms([(terms(text), 1.0)])
    return Query(weighted, vector, tuple(dates.spans(text, now)), now)


def _shares(item: _Prepared, weights: Weights) -> NDArray[np.float64]:
    """One line for each question: share of its evidence found at each depth."""
    lines = []
    for case in item.cases:
        rows = [hit.row for hit in recall(item.index, case.query, max(DEPTHS), weights)]
        lines.append([len(case.evidence & set(rows[:d])) / len(case.evidence) for d in DEPTHS])
    return np.array(lines, np.float64).reshape(-1, len(DEPTHS))


def _figures(shares: NDArray[np.float64]) -> dict[str, float]:
    means = shares.mean(axis=0) if len(shares) else np.zeros(len(DEPTHS))
    return {f"r@{depth}": round(float(m), 4) for depth, m in zip(DEPTHS, means, strict=True)}


def _grid() -> Iterator[Weights]:
    """Weights around the ones in use, to see what choosing them on other chats would cost."""
    for meaning, sitting, time in product((1.0, 2.0, 3.0), (0.2, 0.4, 0.7), (0.3, 0.6, 0.9)):
        yield replace(Weights(), meaning=meaning, sitting=sitting, time=time)


def _leave_one_out(prepared: Sequence[_Prepared]) -> dict[str, float]:
    """Figures when the weights for each chat are chosen on all the other chats alone."""
    if len(prepared) < 2:
        return {}
    scored = [[_case_parts(item, case) for case in item.cases] for item in prepared]
    table = [[_quick_shares(cases, weights) for cases in scored] for weights in _grid()]
    left: list[NDArray[np.float64]] = []
    for out in range(len(prepared)):
        others = [
            np.concatenate([s for i, s in enumerate(line) if i != out])[:, :2].mean()
            for line in table
        ]
        left.append(table[int(np.argmax(others))][out])
    return _figures(np.concatenate(left))


def _case_parts(item: _Prepared, case: _Case) -> tuple[Parts, frozenset[int]]:
    return parts(item.index, case.query, item.index.shown, Weights()), case.evidence


def _quick_shares(
    cases: Sequence[tuple[Parts, frozenset[int]]], weights: Weights
) -> NDArray[np.float64]:
    """``_shares`` from parts at hand, without near-duplicate removal."""
    lines = []
    for found, evidence in cases:
        rows = found.rows[top(found.total(weights), max(DEPTHS))].tolist()
        lines.append([len(evidence & set(rows[:depth])) / len(evidence) for depth in DEPTHS])
    return np.array(lines, np.float64).reshape(-1, len(DEPTHS))
