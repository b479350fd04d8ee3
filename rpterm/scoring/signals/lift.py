"""How much likelier the card and the talk make a reply, by the fixed language model.

With n the tokens of the reply r, F the card's facts, H the last turns and 0 neither::

    persona_lift  = [ln p(r | F, H) - ln p(r | H)] / n
    context_lift  = [ln p(r | H)    - ln p(r | 0)] / n

Both are pointwise mutual information, which Holtzman et al. (2021, "Surface form competition")
use to choose among answers, by token. On 408 questions of ConvAI2, cross-validated, context_lift
raises hits@1 from 0.69 to 0.73 beside the signals of meaning (divided by the root of n 0.71, by
nothing 0.69); persona_lift adds nothing beside it and the facts (106 questions), so it is shown
and not summed up. Plain likelihood says how ordinary a reply is, not whose it is, and is not used.
The difference in perplexity, dPPL = exp(-ln p(r|H)/n) - exp(-ln p(r|F,H)/n), is a function of the
same numbers and is given as evidence. It does not know why a fact makes a reply likelier; a
contradiction may, too.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from rpterm.scoring.records import NOTHING, Dimension, Evidence, Reading, Scene
from rpterm.scoring.signals.patient import ByLikelihood

_TURNS = 5
_FACTS = 30
_WORDS = 40
_FACT_WORDS = 25
"""Facts and turns together must leave room in the window the scorer was trained for."""


class PersonaLift(ByLikelihood):
    """See the module."""

    name = "persona_lift"
    dimension: Dimension = "persona"

    def measure_until(self, reply: str, scene: Scene, stopped: Callable[[], bool]) -> Reading:
        if not scene.facts or not reply.strip():
            return NOTHING
        prompts = [prompt(scene, facts=True), prompt(scene, facts=False)]
        with_facts, without = self._likelihood.logprobs(said(reply), prompts, stopped)
        count = len(with_facts)
        if not count:
            return NOTHING
        delta = math.exp(-sum(without) / count) - math.exp(-sum(with_facts) / count)
        note = f"the card lowers the perplexity of this by {delta:.1f}"
        return Reading(_lift(with_facts, without), 1.0, (Evidence(0, 0, note, "card"),))


class ContextLift(ByLikelihood):
    """See the module."""

    name = "context_lift"
    dimension: Dimension = "conversation"

    def measure_until(self, reply: str, scene: Scene, stopped: Callable[[], bool]) -> Reading:
        if not scene.history or not reply.strip():
            return NOTHING
        prompts = [prompt(scene, facts=False), f"{_label(scene)}:"]
        with_talk, without = self._likelihood.logprobs(said(reply), prompts, stopped)
        if not with_talk:
            return NOTHING
        evidence = Evidence(0, 0, "follows from the talk", "turn:-1")
        return Reading(_lift(with_talk, without), 1.0, (evidence,))


def _lift(known: Sequence[float], without: Sequence[float]) -> float:
    """How much likelier the reply is with what is known; log-probabilities by token."""
    return (sum(known) - sum(without)) / len(known)


def prompt(scene: Scene, *, facts: bool) -> str:
    """The text that a reply follows: what is known, the last turns, and whose turn it is."""
    known = (
        "".join(f"- {_cut(fact.text, _FACT_WORDS)}\n" for fact in scene.facts[:_FACTS])
        if facts
        else ""
    )
    head = f"About {scene.char}:\n{known}\n" if known else ""
    talk = "".join(
        f"{_label(scene) if own else scene.user}: {_cut(text)}\n"
        for own, text in scene.history[-_TURNS:]
    )
    return f"{head}{talk}{_label(scene)}:"


def said(reply: str) -> str:
    """The reply as it follows a prompt, closed by the end of its line."""
    return f" {_cut(reply, 2 * _WORDS)}\n"


def _label(scene: Scene) -> str:
    return scene.char[:1].upper() + scene.char[1:]


def _cut(text: str, most: int = _WORDS) -> str:
    words: Sequence[str] = text.split()
    return " ".join(words[:most])
