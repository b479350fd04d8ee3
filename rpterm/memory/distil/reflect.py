"""Reflections on recent facts, after Generative Agents (Park et al. 2023): the model first asks
questions, then writes thoughts that cite the facts they rest on.

A thought must cite at least two facts and be grounded in them; otherwise it is dropped. The
original code took the oldest memory for the most recent; here facts are ordered by real time,
newest last.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rpterm.memory.distil import grammar
from rpterm.memory.distil.grounding import is_grounded

if TYPE_CHECKING:
    from rpterm.prompt.oneshot import Ask, Message

MIN_IMPORTANCE = 5.0
"""Sum of the importance of new facts that is worth reflecting on."""
MAX_FACTS = 16
MIN_GROUNDED = 0.6
_MAX_ANSWER = 110
_LINE = re.compile(r"^- (?P<text>.+?) \((?P<cited>\d+(?:, \d+)*)\)$")
_SYSTEM = "You know a person from these facts.\n{facts}"
_QUESTION_PROMPT = "Which questions about {who} could these facts answer together?"
_THOUGHT_PROMPT = (
    "Answer in at most three lines what follows about {who} from two or more facts, and name their "
    "numbers: - thought (1, 2)\n{questions}"
)


@dataclass(frozen=True, slots=True)
class Reflection:
    """A thought and the indices of the facts it cites."""

    text: str
    cites: tuple[int, ...]


def think(facts: Sequence[str], who: str, ask: Ask) -> list[Reflection] | None:
    """Thoughts about somebody; ``None`` if interrupted.

    Raises:
        EngineError: The engine failed.
    """
    numbered = "\n".join(f"{number}. {fact}" for number, fact in enumerate(facts, 1))
    system: Message = ("system", _SYSTEM.format(facts=numbered))
    prompt = _QUESTION_PROMPT.format(who=who)
    questions = ask((system, ("user", prompt)), grammar.QUESTIONS, _MAX_ANSWER)
    if questions is None:
        return None
    request = _THOUGHT_PROMPT.format(who=who, questions=questions.strip())
    answer = ask((system, ("user", request)), grammar.cited(len(facts)), _MAX_ANSWER)
    return None if answer is None else check_thoughts(answer, facts)


def check_thoughts(answer: str, facts: Sequence[str]) -> list[Reflection]:
    """The thoughts that are grounded in the facts they cite and do more than repeat one fact."""
    thoughts: list[Reflection] = []
    for line in answer.splitlines():
        match = _LINE.match(line.strip())
        if match is None:
            continue
        numbers = dict.fromkeys(int(number) for number in match["cited"].split(", "))
        cites = tuple(number - 1 for number in numbers if 0 < number <= len(facts))
        cited = [facts[index] for index in cites]
        repeats_one = any(is_grounded(match["text"], [fact], 1.0) for fact in cited)
        if len(cites) >= 2 and not repeats_one and is_grounded(match["text"], cited, MIN_GROUNDED):
            thoughts.append(Reflection(match["text"], cites))
    return thoughts
