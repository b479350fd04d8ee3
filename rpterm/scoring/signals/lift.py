"""How much likelier the card and the talk make a reply, by the fixed language model.

With n the tokens of the reply r, its end among them, F the card's facts, H the last turns and 0
neither::

    persona_lift  = [ln p(r | F, H) - ln p(r | H)] / n
    persona_peak  = mean over the 0.15 n tokens with the greatest d_i of min(d_i, 2), where
                    d_i = ln p(r_i | F, H, r_<i) - ln p(r_i | H, r_<i)
    context_lift  = [ln p(r | H)    - (ln p(r | 0) + mean over T of ln p(r | T)) / 2] / n

where T are two short talks of anybody (``everyday.toml``), written as H is. All are made of
pointwise mutual information, which Holtzman et al. (2021, "Surface form competition") use to choose
among answers, by token. A reply that suits any talk is likelier after H than after nothing: the
talks take that away. The model was taught to talk, so it is asked as in a talk: the other side as
the user, the character as the assistant. On 379 questions of ConvAI2 whose right reply is among the
seven best by meaning, cross-validated, the lift over nothing alone raises hits@1 from 0.75 to 0.81
(written as plain text, "Ann: …", only from 0.75 to 0.78, 326 questions; divided by the root of n
0.80). The talks raise it from 0.72 to 0.75 (615 questions, of all twenty) and the mean
log-probability of the right one by 0.08 nats (140 questions; written as in print, while H is all
small letters, by 0.02; eight talks 0.10; plays beside plain talk take half of it away). Of four
example lines of one shipped card it finds the right one in 0.52 of 50, not 0.46.

Most of a reply anybody could say; a card shows in few of its words. So persona_peak looks at those
alone: as a share of the tokens, or every long reply would have some, and none above two nats, or
one strange token would decide. Beside context_lift and the facts it raises hits@1 of 600 questions,
crossed, from 0.718 to 0.732 and the mean log-probability of the right one by 0.028 nats,
persona_lift from 0.718 to 0.723 and by 0.009; beside persona_peak it adds nothing, so that it has
no weight and is told as the measure that papers give. By themselves they put the right reply before
others to the likest turns in 0.655 and 0.631 of pairs. The share and the bound were chosen on these
questions, where shares from 0.15 to 0.5 and bounds from 2 up do about as well. The way back, the
likelihood of the last turn or of each fact after the reply, tells nothing more (153 questions), nor
does the mean with plain text or with the sides changed, the character as the user (96 questions).

Plain likelihood says how ordinary a reply is, not whose it is, and is not used. The difference in
perplexity, dPPL = exp(-ln p(r|H)/n) - exp(-ln p(r|F,H)/n), is a function of the same numbers and is
given as evidence. It does not know why a fact makes a reply likelier; a contradiction may, too.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from rpterm.engine.protocol import Piece
from rpterm.scoring.frequency import nameless
from rpterm.scoring.likelihood import Text
from rpterm.scoring.records import NOTHING, Dimension, Evidence, Reading, Scene
from rpterm.scoring.signals.patient import ByLikelihood
from rpterm.scoring.texts import everyday_talks

_PEAK = 0.15
_MOST_GAIN = 2.0
"""Nats; one strange token must not decide."""
_TURNS = 7
_FACTS = 30
_WORDS = 40
_FACT_WORDS = 25
"""Facts and turns together must leave room in the window the scorer was trained for."""
END = Piece("<|im_end|>", special=True)
"""The starter model's own format, which is always the scorer."""


class _ByCard(ByLikelihood):
    """What the card does to the likelihood of each token."""

    dimension: Dimension = "persona"

    def measure_until(self, reply: str, scene: Scene, stopped: Callable[[], bool]) -> Reading:
        if not scene.facts or not reply.strip():
            return NOTHING
        prompts = [prompt(scene, facts=True), prompt(scene, facts=False)]
        told = said(nameless(reply, scene.char))  # The card makes a name likelier than any fact.
        return self._read(*self._likelihood.logprobs(told, prompts, stopped))

    def _read(self, known: Sequence[float], without: Sequence[float]) -> Reading:
        raise NotImplementedError


class PersonaLift(_ByCard):
    """See the module."""

    name = "persona_lift"

    def _read(self, known: Sequence[float], without: Sequence[float]) -> Reading:
        count = len(known)
        delta = math.exp(-sum(without) / count) - math.exp(-sum(known) / count)
        note = f"the card lowers the perplexity of this by {delta:.1f}"
        return Reading((sum(known) - sum(without)) / count, 1.0, (Evidence(0, 0, note, "card"),))


class PersonaPeak(_ByCard):
    """See the module."""

    name = "persona_peak"

    def _read(self, known: Sequence[float], without: Sequence[float]) -> Reading:
        gains = sorted(min(a - b, _MOST_GAIN) for a, b in zip(known, without, strict=True))
        peak = gains[-math.ceil(_PEAK * len(gains)) :]
        value = sum(peak) / len(peak)
        note = f"the card makes some of its words {math.exp(value):.1f} times likelier"
        return Reading(value, 1.0, (Evidence(0, 0, note, "card"),))


class ContextLift(ByLikelihood):
    """See the module."""

    name = "context_lift"
    dimension: Dimension = "conversation"

    def measure_until(self, reply: str, scene: Scene, stopped: Callable[[], bool]) -> Reading:
        if not scene.history or not reply.strip():
            return NOTHING
        prompts = [prompt(each, facts=False) for each in (scene, Scene(), *_talks(scene))]
        found = self._likelihood.logprobs(said(reply), prompts, stopped)
        here, nowhere, *elsewhere = [sum(each) / len(each) for each in found]
        anywhere = (nowhere + sum(elsewhere) / len(elsewhere)) / 2
        evidence = Evidence(0, 0, "follows from the talk", "turn:-1")
        return Reading(here - anywhere, 1.0, (evidence,))


def _talks(scene: Scene) -> list[Scene]:
    """Talks of anybody; the last word is the other side's."""
    like = " ".join(text for _, text in scene.history[-_TURNS:])
    return [
        Scene(history=tuple((at % 2 == 1, text) for at, text in enumerate(talk)))
        for talk in everyday_talks(like)
    ]


def prompt(scene: Scene, *, facts: bool) -> tuple[Piece, ...]:
    """What a reply follows: what is known, the last turns, and that it is the character's turn."""
    known = [_cut(fact.text, _FACT_WORDS) for fact in scene.facts[:_FACTS]] if facts else []
    talk = [
        piece
        for own, text in scene.history[-_TURNS:]
        for piece in _turn("assistant" if own else "user", _cut(text))
    ]
    head = _turn("system", f"You are {scene.char}. {' '.join(known)}") if known else []
    return (*head, *talk, _opened("assistant"))


def said(reply: str) -> Text:
    """The reply as it follows a prompt; one that is cut has no end."""
    text = Piece(_cut(reply, 2 * _WORDS))
    return (text, END) if len(reply.split()) <= 2 * _WORDS else (text,)


def _turn(role: str, text: str) -> list[Piece]:
    return [_opened(role), Piece(text), Piece(f"{END.text}\n", special=True)]


def _opened(role: str) -> Piece:
    return Piece(f"<|im_start|>{role}\n", special=True)


def _cut(text: str, most: int = _WORDS) -> str:
    words: Sequence[str] = text.split()
    return " ".join(words[:most])
