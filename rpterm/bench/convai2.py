"""Reads ConvAI2 dialogues with candidate replies; knows nothing of scoring.

A line is ``n user<TAB>gold<TAB><TAB>twenty candidates separated by |``; persona lines come first.
The gold reply is always the last candidate of the file, so the candidates are shuffled here.
"""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass
from pathlib import Path

from rpterm.marks import why
from rpterm.types import RptermError

_PERSONA = "your persona: "
_SEED = 20251


@dataclass(frozen=True, slots=True)
class Question:
    """One reply to find among candidates.

    Attributes:
        persona: The card: one fact a line.
        history: Texts of both sides in turn; the last one is the other side's.
        candidates: Shuffled; the right one is ``candidates[gold]``.
    """

    persona: tuple[str, ...]
    history: tuple[str, ...]
    candidates: tuple[str, ...]
    gold: int

    @property
    def key(self) -> str:
        """Names the persona, whatever the order of its lines; halves are split by it."""
        return persona_key(self.persona)


def persona_key(persona: tuple[str, ...]) -> str:
    """A short hash of a persona."""
    return hashlib.sha256("\n".join(sorted(persona)).encode()).hexdigest()[:8]


def read(path: Path) -> list[Question]:
    """Every question of a file, in its order.

    Raises:
        RptermError: The file is missing or is not ConvAI2 with candidates.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RptermError(f"{path} cannot be read: {why(error)}.") from error
    questions: list[Question] = []
    persona: list[str] = []
    history: list[str] = []
    for number, line in enumerate(text.splitlines(), 1):
        turn, _, rest = line.partition(" ")
        if turn == "1":
            persona, history = [], []
        if rest.startswith(_PERSONA):
            persona.append(rest.removeprefix(_PERSONA))
            continue
        fields = rest.split("\t")
        if len(fields) < 4 or "|" not in fields[3]:
            raise RptermError(f"{path}, line {number}: no candidates; is this ConvAI2?")
        history.append(fields[0])
        questions.append(_question(tuple(persona), tuple(history), fields[3].split("|"), number))
        history.append(fields[1])
    if not questions:
        raise RptermError(f"{path} holds no question; is this ConvAI2?")
    return questions


def _question(
    persona: tuple[str, ...], history: tuple[str, ...], options: list[str], number: int
) -> Question:
    order = list(range(len(options)))
    random.Random(_SEED + number).shuffle(order)
    gold = order.index(len(options) - 1)
    return Question(persona, history, tuple(options[at] for at in order), gold)


def draw(questions: list[Question], limit: int, without: frozenset[str]) -> list[Question]:
    """At most ``limit`` questions of personas that are not among ``without``; 0 is all.

    A fixed seed draws them, one of each persona first, so that few examples say as much as can be.
    """
    open_ones = [question for question in questions if question.key not in without]
    random.Random(_SEED).shuffle(open_ones)
    seen: dict[str, int] = {}
    ranked = []
    for place, question in enumerate(open_ones):
        seen[question.key] = seen.get(question.key, 0) + 1
        ranked.append((seen[question.key], place))
    chosen = [open_ones[place] for _, place in sorted(ranked)]
    return chosen[:limit] if limit else chosen
