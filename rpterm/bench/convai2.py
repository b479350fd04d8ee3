"""Reads the ConvAI2 dataset: dialogues with candidate replies. Knows nothing of scoring.

A line is ``n user<TAB>gold<TAB><TAB>twenty candidates separated by |``; the persona lines come
first. The gold reply is always the last candidate in the file, so the candidates are shuffled here.
"""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass
from pathlib import Path

from rpterm.errors import RptermError
from rpterm.paths import read_text

_PERSONA = "your persona: "
_SEED = 20251


@dataclass(frozen=True, slots=True)
class Question:
    """A reply to find among candidates.

    Attributes:
        persona: The card: one fact per line.
        history: The turns of both speakers; the last one is the partner's.
        candidates: Shuffled; the right one is ``candidates[gold]``.
    """

    persona: tuple[str, ...]
    history: tuple[str, ...]
    candidates: tuple[str, ...]
    gold: int

    @property
    def key(self) -> str:
        """Identifies the persona, whatever the order of its lines; folds are split by it."""
        return hashlib.sha256("\n".join(sorted(self.persona)).encode()).hexdigest()[:8]


def read(path: Path) -> list[Question]:
    """All questions of a file, in order.

    Raises:
        RptermError: The file is missing or is not ConvAI2 with candidates.
    """
    text = read_text(path)
    questions: list[Question] = []
    persona: list[str] = []
    history: list[str] = []
    for number, line in enumerate(text.splitlines(), 1):
        turn, _, content = line.partition(" ")
        if turn == "1":
            persona, history = [], []
        if content.startswith(_PERSONA):
            persona.append(content.removeprefix(_PERSONA))
            continue
        fields = content.split("\t")
        if len(fields) < 4 or "|" not in fields[3]:
            raise RptermError(f"{path}, line {number}: no candidates. Is this ConvAI2?")
        partner, gold, _, candidates, *_ = fields
        history.append(partner)
        questions.append(_question(tuple(persona), tuple(history), candidates.split("|"), number))
        history.append(gold)
    if not questions:
        raise RptermError(f"{path} contains no dialogue. Is this ConvAI2?")
    return questions


def _question(
    persona: tuple[str, ...], history: tuple[str, ...], candidates: list[str], number: int
) -> Question:
    order = list(range(len(candidates)))
    random.Random(_SEED + number).shuffle(order)
    gold = order.index(len(candidates) - 1)
    return Question(persona, history, tuple(candidates[at] for at in order), gold)


def draw(questions: list[Question], limit: int, without: frozenset[str]) -> list[Question]:
    """A random sample with a fixed seed.

    One question of each persona comes first, so that few examples are as informative as possible.

    Args:
        limit: At most so many; 0 is all.
        without: Keys of personas to leave out.
    """
    shuffled = [question for question in questions if question.key not in without]
    random.Random(_SEED).shuffle(shuffled)
    count: dict[str, int] = {}
    ranked = []
    for place, question in enumerate(shuffled):
        count[question.key] = count.get(question.key, 0) + 1
        ranked.append((count[question.key], place))
    sample = [shuffled[place] for _, place in sorted(ranked)]
    return sample[:limit] if limit else sample
