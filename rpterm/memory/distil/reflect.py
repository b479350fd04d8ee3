"""Thoughts over recent facts, after Generative Agents (Park and others 2023): questions first, then
thoughts that cite what they rest on.

A thought must cite two facts or more and be borne out by them; else it is dropped. Their code took
the oldest memory for the most recent; here facts come newest last, by real time.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rpterm.memory.distil import grammar
from rpterm.memory.distil.ask import Ask, Message
from rpterm.memory.distil.borne import borne_out

ENOUGH = 5.0
"""Importance of new facts, summed, that is worth a thought."""
MOST = 16
SHARE = 0.6
_TOKENS = 110
_LINE = re.compile(r"^- (?P<text>.+?) \((?P<cited>\d+(?:, \d+)*)\)$")
_SYSTEM = "You know a person from these facts.\n{facts}"
_ASK = "Which questions about {who} could these facts answer together?"
_THINK = (
    "Answer in at most three lines what follows about {who} from two or more facts, and name their "
    "numbers: - thought (1, 2)\n{questions}"
)


@dataclass(frozen=True, slots=True)
class Thought:
    """A thought, and the places of the facts it cites."""

    text: str
    cites: tuple[int, ...]


def think(facts: Sequence[str], who: str, ask: Ask) -> list[Thought] | None:
    """Thoughts about somebody; ``None`` when interrupted.

    Raises:
        EngineError: The engine failed.
    """
    numbered = "\n".join(f"{number}. {fact}" for number, fact in enumerate(facts, 1))
    system: Message = ("system", _SYSTEM.format(facts=numbered))
    asked = ask((system, ("user", _ASK.format(who=who))), grammar.QUESTIONS, _TOKENS)
    if asked is None:
        return None
    request = _THINK.format(who=who, questions=asked.strip())
    answer = ask((system, ("user", request)), grammar.cited(len(facts)), _TOKENS)
    return None if answer is None else checked(answer, facts)


def checked(answer: str, facts: Sequence[str]) -> list[Thought]:
    """The thoughts that what they cite bears out, and that do not only repeat one fact."""
    found: list[Thought] = []
    for line in answer.splitlines():
        match = _LINE.match(line.strip())
        if match is None:
            continue
        numbers = dict.fromkeys(int(number) for number in match["cited"].split(", "))
        cites = tuple(number - 1 for number in numbers if 0 < number <= len(facts))
        cited = [facts[place] for place in cites]
        alone = any(borne_out(match["text"], [fact], 1.0) for fact in cited)
        if len(cites) >= 2 and not alone and borne_out(match["text"], cited, SHARE):
            found.append(Thought(match["text"], cites))
    return found
