"""How much more likely the card and the conversation make a reply, by the fixed language model.

With n the tokens of the reply r (its end token included), F the card's facts, H the last turns and
0 neither::

    persona_lift  = [ln p(r | F, H) - ln p(r | H)] / n
    persona_peak  = mean over the 0.15 n tokens with the greatest d_i of min(d_i, 2), where
                    d_i = ln p(r_i | F, H, r_<i) - ln p(r_i | H, r_<i)
    context_lift  = [ln p(r | H) - (ln p(r | 0) + mean over T of ln p(r | T)) / 2] / n

T are two short everyday dialogues (``everyday.toml``) in the orthography of H. All three are built
on pointwise mutual information per token, which Holtzman et al. (2021, "Surface form competition")
use to choose among answers. Confidence is 1, and 0 without facts (or without history, for
context_lift). Cost: likelihood. Blind spot: the reason why a fact makes a reply more likely; a
contradiction may be more likely, too. Plain likelihood says how ordinary a reply is, not whose it
is, and is not used.

**Format.** The model was trained on chats, so the prompts are chats: the user as the user, the
character as the assistant. On 379 questions of ConvAI2 whose right reply is among the seven best by
meaning, cross-validated, the lift over nothing raises hits@1 from 0.75 to 0.81; as plain text
("Ann: …") only from 0.75 to 0.78 (326 questions); divided by sqrt(n) instead of n, to 0.80.

**Contrast of context_lift.** A reply that suits any conversation is more likely after H than after
nothing; the everyday dialogues cancel that. They raise hits@1 from 0.72 to 0.75 (615 questions,
among all twenty candidates) and the mean log-probability of the right reply by 0.08 nats (140
questions). In standard orthography, while H is in lower case, by only 0.02; with eight dialogues by
0.10; mixing plays with plain dialogue loses half of it. Of four example lines of a shipped card it
finds the right one in 0.52 of 50 cases instead of 0.46.

**persona_peak against persona_lift.** Anybody could say most of a reply; a card shows in few of its
words, and persona_peak looks only at those. Their number is a share of the tokens, or every long
reply would have some; 2 nats is the limit, or one strange token would decide. Added to context_lift
and the facts, persona_peak raises cross-validated hits@1 on 600 questions from 0.718 to 0.732 and
the mean log-probability of the right reply by 0.028 nats; persona_lift, to 0.723 and by 0.009. Next
to persona_peak, persona_lift adds nothing: it has no weight and is reported as the measure that
papers use. Alone, persona_peak and persona_lift rank the right reply above the hard negatives in
0.655 and 0.631 of pairs. Share and limit were chosen on these questions; shares from 0.15 to 0.5
and limits from 2 up do about as well. The reverse direction (the likelihood of the last turn, or of
each fact, after the reply) adds nothing (153 questions), nor does averaging with plain text or with
the roles swapped, the character as the user (96 questions).

**Perplexity.** dPPL = exp(-ln p(r|H)/n) - exp(-ln p(r|F,H)/n) is a function of the same numbers and
is given as evidence.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence

from rpterm.engine.protocol import Piece
from rpterm.scoring.likelihood import Text
from rpterm.scoring.scene import ReplyScene
from rpterm.scoring.signal import NO_DATA, Dimension, Evidence, Reading
from rpterm.scoring.signals.likelihood_signal import LikelihoodSignal
from rpterm.scoring.texts import content_stems, everyday_dialogues
from rpterm.scoring.word_frequency import without_name
from rpterm.text.unspaced import UNSPACED

_PEAK_SHARE = 0.15
_MOST_GAIN = 2.0
"""Nats."""
_LETTERS = re.compile(r"\w(?:[\w'’-]*\w)?")
_NAMED = 3
_NOTABLE_GAIN, _MOST_NAMED = math.log(3), math.log(1000)
"""Nats: words that gain less are not named; beyond the second, no number is exact."""
_TURNS = 7
_FACTS = 30
_WORDS = 40
_FACT_WORDS = 25
"""Facts and turns together must fit into the context window the scorer was trained for."""
END = Piece("<|im_end|>", special=True)
"""Of the chat format of the starter model, which is always the scorer."""


class _CardLift(LikelihoodSignal):
    """A signal on what the card does to the log-probability of each token."""

    dimension: Dimension = "persona"

    def measure_until(self, reply: str, scene: ReplyScene, stopped: Callable[[], bool]) -> Reading:
        if not scene.facts or not reply.strip():
            return NO_DATA
        prompts = [prompt(scene, facts=True), prompt(scene, facts=False)]
        # A card raises the likelihood of its character's name more than any fact does.
        unnamed = reply_pieces(without_name(reply, scene.char))
        with_facts, without = self._likelihood.logprobs(unnamed, prompts, stopped)
        gains = [known - unknown for known, unknown in zip(with_facts, without, strict=True)]
        return self._reading(unnamed, gains, without)

    def _reading(self, reply: Text, gains: Sequence[float], without: Sequence[float]) -> Reading:
        """Args:
        reply: What was evaluated.
        gains: What the card adds to the log-probability of each of its tokens.
        without: These log-probabilities without the card.
        """
        raise NotImplementedError


class PersonaLift(_CardLift):
    """``persona_lift``, in nats per token; 0 is neutral. See the module."""

    name = "persona_lift"

    def _reading(self, reply: Text, gains: Sequence[float], without: Sequence[float]) -> Reading:
        lift, before = sum(gains) / len(gains), -sum(without) / len(gains)
        delta = math.exp(before) - math.exp(before - lift)
        note = f"the card lowers the perplexity of this by {delta:.1f}"
        return Reading(lift, 1.0, (Evidence(0, 0, note, "card"),))


class PersonaPeak(_CardLift):
    """``persona_peak``, in nats, at most 2. See the module."""

    name = "persona_peak"

    def _reading(self, reply: Text, gains: Sequence[float], without: Sequence[float]) -> Reading:
        bounded = sorted(min(gain, _MOST_GAIN) for gain in gains)
        peak = bounded[-math.ceil(_PEAK_SHARE * len(bounded)) :]
        value = sum(peak) / len(peak)
        words = word_gains(self._likelihood.token_texts(reply), gains)
        note = _name_words(words) or f"some of its words {math.exp(value):.1f} times likelier"
        return Reading(value, 1.0, (Evidence(0, 0, f"the card makes {note}", "card"),))


class ContextLift(LikelihoodSignal):
    """``context_lift``, in nats per token; 0 is neutral. See the module."""

    name = "context_lift"
    dimension: Dimension = "conversation"

    def measure_until(self, reply: str, scene: ReplyScene, stopped: Callable[[], bool]) -> Reading:
        if not scene.history or not reply.strip():
            return NO_DATA
        scenes = (scene, ReplyScene(), *_everyday_scenes(scene))
        prompts = [prompt(each, facts=False) for each in scenes]
        logprobs = self._likelihood.logprobs(reply_pieces(reply), prompts, stopped)
        here, nowhere, *elsewhere = [sum(each) / len(each) for each in logprobs]
        anywhere = (nowhere + sum(elsewhere) / len(elsewhere)) / 2
        evidence = Evidence(0, 0, "follows from the conversation", "turn:-1")
        return Reading(here - anywhere, 1.0, (evidence,))


def word_gains(tokens: Sequence[str], gains: Sequence[float]) -> list[tuple[str, float]]:
    """The words of a reply with the sum of their tokens' gains, the greatest gain first.

    Args:
        tokens: The text of each token; a word begins where one begins with a space.
        gains: What something adds to the log-probability of each token, in nats.
    """
    words: list[tuple[str, float]] = []
    for token, gain in zip(tokens, gains, strict=False):
        if words and not token[:1].isspace():
            word, before = words.pop()
            words.append((word + token, before + gain))
        else:
            words.append((token, gain))
    named = [(found[0], gain) for word, gain in words if (found := _LETTERS.search(word))]
    return sorted(named, key=lambda each: -each[1])


def _name_words(words: Sequence[tuple[str, float]]) -> str:
    """What the card does to the words it changes most, such as "“pipe” 9 times likelier"."""
    content = [each for each in words if content_stems(each[0]) and not UNSPACED.search(each[0])]
    raised = {word: gain for word, gain in content[:_NAMED] if gain >= _NOTABLE_GAIN}
    lowered = {word: -gain for word, gain in content[-1:] if gain <= -_NOTABLE_GAIN}
    parts = [
        f"{_join_words(each)} times {how}"
        for each, how in ((raised, "likelier"), (lowered, "less likely"))
        if each
    ]
    return ", ".join(parts)


def _join_words(gains: Mapping[str, float]) -> str:
    *first, last = [f"“{word}” {_factor(gain)}" for word, gain in gains.items()]
    return f"{', '.join(first)} and {last}" if first else last


def _factor(gain: float) -> str:
    return f"{math.exp(gain):,.0f}" if gain < _MOST_NAMED else f"{math.exp(_MOST_NAMED):,.0f}+"


def _everyday_scenes(scene: ReplyScene) -> list[ReplyScene]:
    """Everyday dialogues, written like the scene's; the user has the last word."""
    like = " ".join(text for _, text in scene.history[-_TURNS:])
    return [
        ReplyScene(history=tuple((at % 2 == 1, text) for at, text in enumerate(dialogue)))
        for dialogue in everyday_dialogues(like)
    ]


def prompt(scene: ReplyScene, *, facts: bool) -> tuple[Piece, ...]:
    """What precedes a reply: the facts, the last turns, and the opening of the character's turn."""
    known = [_cut(fact.text, _FACT_WORDS) for fact in scene.facts[:_FACTS]] if facts else []
    turns = [
        piece
        for own, text in scene.history[-_TURNS:]
        for piece in _turn("assistant" if own else "user", _cut(text))
    ]
    system = _turn("system", f"You are {scene.char}. {' '.join(known)}") if known else []
    return (*system, *turns, _opening("assistant"))


def reply_pieces(reply: str) -> Text:
    """The reply as it follows a prompt, with its end token unless it is cut."""
    text = Piece(_cut(reply, 2 * _WORDS))
    return (text, END) if len(reply.split()) <= 2 * _WORDS else (text,)


def _turn(role: str, text: str) -> list[Piece]:
    return [_opening(role), Piece(text), Piece(f"{END.text}\n", special=True)]


def _opening(role: str) -> Piece:
    return Piece(f"<|im_start|>{role}\n", special=True)


def _cut(text: str, most: int = _WORDS) -> str:
    return " ".join(text.split()[:most])
