"""``proactivity``: the reply moves the story on: it asks, proposes, or lets something happen.

- Measures: three kinds of moves: a question to the user, a proposal or request, an event in the
  scene.
- Value: 1 - 0.4^n, with n the number of kinds found: 0, 0.6, 0.84 or 0.94.
- Confidence: 0.5. Cost: words.
- Method: patterns written for rpterm (``moves.toml``); not calibrated against human judgements,
  hence no part of the probability of being in character.
- Blind spots: whether the move is a good one; languages other than English.
"""

from __future__ import annotations

import re
from functools import lru_cache

from rpterm.scoring.resources import load_toml
from rpterm.scoring.scene import ReplyScene
from rpterm.scoring.signal import NO_DATA, Cost, Dimension, Evidence, Reading
from rpterm.scoring.texts import phrase_pattern, words
from rpterm.text.sentences import with_offsets

_FIRST_MOVE = 0.6
_LEAST_QUESTION_WORDS = 3
_BEFORE_COMMAND = (
    r"^[\"“'*\s]*(?:(?:then|now|so|but|and|please|quick|quickly|first|here)[,:]?\s+)?"
    r"(?:(?:do not|don't|never|just)\s+)?"
)
_AFTER_COMMAND = r"\b(?!\s+(?:is|was|are|were)\b)"


class Proactivity:
    """See the module."""

    name = "proactivity"
    dimension: Dimension = "attractiveness"
    cost: Cost = "words"

    def measure(self, reply: str, scene: ReplyScene) -> Reading:
        if not reply.strip():
            return NO_DATA
        moves: dict[str, Evidence] = {}
        for start, sentence in with_offsets(reply.replace("’", "'")):
            for move in _moves(sentence):
                moves.setdefault(move, Evidence(start, start + len(sentence), move))
        return Reading(1 - (1 - _FIRST_MOVE) ** len(moves), 0.5, tuple(moves.values()))


def _moves(sentence: str) -> list[str]:
    """The moves that a sentence makes."""
    is_question = sentence.rstrip("\"”'*) ").endswith("?")
    moves = []
    if is_question and _wants_answer(sentence):
        moves.append("asks")
    elif not is_question and (_matches("proposes", sentence) or _commands().search(sentence)):
        moves.append("proposes")
    if _matches("happens", sentence):
        moves.append("lets something happen")
    return moves


def _wants_answer(question: str) -> bool:
    """Whether a question is more than an echo or a tag question."""
    said = words(question)
    is_tag = _pattern("tags", "$").search(" ".join(said))
    return len(said) >= _LEAST_QUESTION_WORDS and not is_tag


def _matches(name: str, sentence: str) -> bool:
    return _pattern(name).search(sentence) is not None


@lru_cache(maxsize=8)
def _pattern(name: str, after: str = r"\b") -> re.Pattern[str]:
    return phrase_pattern(load_toml("moves.toml")[name], after=after)


@lru_cache(maxsize=1)
def _commands() -> re.Pattern[str]:
    return phrase_pattern(load_toml("moves.toml")["commands"], _BEFORE_COMMAND, _AFTER_COMMAND)
