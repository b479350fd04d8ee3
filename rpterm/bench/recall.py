"""Accuracy and latency of memory recall: ``rpterm bench recall [--locomo FILE]``.

With a file, accuracy on the long chats of LoCoMo:

- Protocol: each conversation becomes an index as the app builds it, each session a chat of its
  own; each question is the query, as a user's line would be. Embeds with the starter embedder,
  which takes minutes on a small machine; no language model is involved.
- Metric: ``r@5``, ``r@10``, ``r@25``, the mean share of a question's evidence turns among the first
  5, 10 and 25 results.
- Baselines: ``ablation``, with parts of the ranking left out or used alone; ``leave_one_out``, with
  the weights for each conversation chosen on the others.

Without a file, latency; see ``recall_speed``. Nothing is downloaded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rpterm.bench import locomo, recall_speed
from rpterm.bench.locomo import Conversation
from rpterm.memory.indexing.bm25 import query_terms
from rpterm.memory.indexing.index import MemoryIndex
from rpterm.memory.indexing.vector_index import VectorIndex, top
from rpterm.memory.indexing.words import terms, with_speaker
from rpterm.memory.search import dates
from rpterm.memory.search.recall import RecallQuery, RecallWeights, ScoreParts, recall, score_parts
from rpterm.store.memory.records import Memory

DEPTHS = (5, 10, 25)
Embed = Callable[[Sequence[str]], NDArray[np.float32]]
"""Maps texts to unit vectors, one row each."""

ABLATIONS: dict[str, RecallWeights] = {
    "all": RecallWeights(),
    "without neighbours": RecallWeights(neighbours=False),
    "without questions": RecallWeights(questions=False),
    "without meaning": RecallWeights(meaning=0),
    "without words": RecallWeights(words=0, sitting=0),
    "without sittings": RecallWeights(sitting=0),
    "without times": RecallWeights(time=0),
    "without recency": RecallWeights(recency=0),
    "without near-duplicate removal": RecallWeights(alike=2),
    "words alone": RecallWeights(
        meaning=0, sitting=0, time=0, neighbours=False, questions=False, alike=2
    ),
    "meaning alone": RecallWeights(
        words=0, sitting=0, time=0, neighbours=False, questions=False, alike=2
    ),
    "words and meaning alone": RecallWeights(
        sitting=0, time=0, neighbours=False, questions=False, alike=2
    ),
}


@dataclass(frozen=True, slots=True)
class _Case:
    query: RecallQuery
    evidence: frozenset[int]
    category: str


@dataclass(frozen=True, slots=True)
class _Indexed:
    """A conversation with its index and the questions about it."""

    name: str
    index: MemoryIndex
    cases: tuple[_Case, ...]


def run(locomo: Path | None = None, memories: int | None = None) -> Any:
    """Measure accuracy with LoCoMo, or else latency, also with so many memories only.

    Raises:
        RptermError: The file is not LoCoMo, or the embedder cannot be used.
    """
    if locomo is None:
        sizes = [memories] if memories else recall_speed.SIZES
        return [recall_speed.measure(size) for size in sizes]
    from rpterm.memory.embedding.embed import STARTER, WorkerEmbedder
    from rpterm.models.starter import embedder_folder

    embedder = WorkerEmbedder(embedder_folder, STARTER)
    try:
        return locomo_report(locomo, embedder.encode)
    finally:
        embedder.close()


def lines(report: Any) -> Iterator[str]:
    """The figures: one line for each number of memories, or a table."""
    if isinstance(report, Mapping):
        return _table_lines(report)
    return ("  ".join(f"{name} {value:,}" for name, value in row.items()) for row in report)


def locomo_report(path: Path, embed: Embed) -> dict[str, object]:
    """Measure recall on a LoCoMo file.

    Returns:
        ``r@5``, ``r@10``, ``r@25``, ``questions``, and the same keys under each name of
        ``categories``, ``conversations``, ``ablation`` and ``leave_one_out``.

    Raises:
        RptermError: The file is not LoCoMo.
    """
    conversations = locomo.read(path)
    indexed = [_index(each, embed, with_name=True) for each in conversations]
    recalls = [_recalls(item, RecallWeights()) for item in indexed]
    everything = np.concatenate(recalls)
    kinds = np.array([case.category for item in indexed for case in item.cases])
    ablation = {
        name: _figures(np.concatenate([_recalls(item, weights) for item in indexed]))
        for name, weights in ABLATIONS.items()
    }
    anonymous = [_index(each, embed, with_name=False) for each in conversations]
    ablation["without speakers"] = _figures(
        np.concatenate([_recalls(item, RecallWeights()) for item in anonymous])
    )
    return {
        **_figures(everything),
        "questions": len(everything),
        "categories": {str(k): _figures(everything[kinds == k]) for k in np.unique(kinds)},
        "conversations": {i.name: _figures(r) for i, r in zip(indexed, recalls, strict=True)},
        "ablation": ablation,
        "leave_one_out": _leave_one_out(indexed),
    }


def _table_lines(report: Mapping[str, object]) -> Iterator[str]:
    yield f"{'':<32}" + "".join(f"{f'R@{depth}':>8}" for depth in DEPTHS)
    yield _line("all", report)
    for title in ("categories", "conversations", "ablation"):
        table = report[title]
        if isinstance(table, Mapping):
            yield title
            yield from (_line(f"  {name}", figures) for name, figures in table.items())
    held_out = report["leave_one_out"]
    if isinstance(held_out, Mapping) and held_out:
        yield _line("weights chosen on other chats", held_out)


def _line(name: str, figures: Mapping[str, object]) -> str:
    return f"{name:<32}" + "".join(f"{figures[f'r@{depth}']:>8.3f}" for depth in DEPTHS)


def _index(talk: Conversation, embed: Embed, *, with_name: bool) -> _Indexed:
    texts = [with_speaker(turn.speaker if with_name else "", turn.text) for turn in talk.turns]
    vectors = embed(texts)
    index = MemoryIndex(VectorIndex(vectors.shape[1]))
    for place, (turn, text) in enumerate(zip(talk.turns, texts, strict=True)):
        memory = Memory(
            "turn", "", turn.text, place + 1, turn.session, place + 1, created_at=turn.when
        )
        index.add(memory, terms(text))
    index.vectors.put_many(np.arange(len(texts)), vectors)
    for session in {turn.session for turn in talk.turns}:
        index.show(session, [i for i, t in enumerate(talk.turns, 1) if t.session == session])
    now = talk.turns[-1].when + dates.DAY
    asked = embed([question.text for question in talk.questions])
    cases = [
        _Case(_query(question.text, vector, now), question.evidence, question.category)
        for question, vector in zip(talk.questions, asked, strict=True)
    ]
    return _Indexed(talk.name, index, tuple(cases))


def _query(text: str, vector: NDArray[np.float32], now: float) -> RecallQuery:
    weighted = query_terms([(terms(text), 1.0)])
    return RecallQuery(weighted, vector, tuple(dates.spans(text, now)), now)


def _recalls(item: _Indexed, weights: RecallWeights) -> NDArray[np.float64]:
    """One row per question: the share of its evidence found at each depth."""
    found = []
    for case in item.cases:
        rows = [hit.row for hit in recall(item.index, case.query, max(DEPTHS), weights)]
        found.append(_recall_at_depths(rows, case.evidence))
    return np.array(found, np.float64).reshape(-1, len(DEPTHS))


def _recall_at_depths(rows: Sequence[int], evidence: frozenset[int]) -> list[float]:
    return [len(evidence & set(rows[:depth])) / len(evidence) for depth in DEPTHS]


def _figures(recalls: NDArray[np.float64]) -> dict[str, float]:
    means = recalls.mean(axis=0) if len(recalls) else np.zeros(len(DEPTHS))
    return {f"r@{depth}": round(float(m), 4) for depth, m in zip(DEPTHS, means, strict=True)}


def _grid() -> Iterator[RecallWeights]:
    """RecallWeights around those in use, to see what choosing them on other chats would cost."""
    for meaning, sitting, time in product((1.0, 2.0, 3.0), (0.2, 0.4, 0.7), (0.3, 0.6, 0.9)):
        yield replace(RecallWeights(), meaning=meaning, sitting=sitting, time=time)


def _leave_one_out(indexed: Sequence[_Indexed]) -> dict[str, float]:
    """The figures with the weights for each conversation chosen on all other conversations."""
    if len(indexed) < 2:
        return {}
    scored = [[_case_parts(item, case) for case in item.cases] for item in indexed]
    by_weights = [[_quick_recalls(cases, weights) for cases in scored] for weights in _grid()]
    held_out: list[NDArray[np.float64]] = []
    for out in range(len(indexed)):
        means = [
            np.concatenate([r for i, r in enumerate(recalls) if i != out])[:, :2].mean()
            for recalls in by_weights
        ]
        held_out.append(by_weights[int(np.argmax(means))][out])
    return _figures(np.concatenate(held_out))


def _case_parts(item: _Indexed, case: _Case) -> tuple[ScoreParts, frozenset[int]]:
    return score_parts(item.index, case.query, item.index.shown, RecallWeights()), case.evidence


def _quick_recalls(
    cases: Sequence[tuple[ScoreParts, frozenset[int]]], weights: RecallWeights
) -> NDArray[np.float64]:
    """``_recalls`` from precomputed parts, without near-duplicate removal."""
    recalls = [
        _recall_at_depths(found.rows[top(found.total(weights), max(DEPTHS))].tolist(), evidence)
        for found, evidence in cases
    ]
    return np.array(recalls, np.float64).reshape(-1, len(DEPTHS))
