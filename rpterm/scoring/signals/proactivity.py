"""Whether a reply brings the talk on: asks, proposes, or lets something happen.

Three kinds of moves are looked for by patterns (``moves.toml``): a question to the other side, a
proposal or a request, and something that happens in the scene. Value: 0.6 for one kind, 0.84 for
two, 0.94 for three. Whether the move is a good one nobody here knows; English only. It is not
calibrated against people's judgements: it has no part in the probability of being in character.
"""

from __future__ import annotations

import re
from functools import lru_cache

from rpterm.scoring.phrases import any_of, table
from rpterm.scoring.records import NOTHING, Cost, Dimension, Evidence, Reading, Scene
from rpterm.scoring.texts import words
from rpterm.sentences import placed

_MOVE = 0.6
_LEAST_ASKED = 3
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

    def measure(self, reply: str, scene: Scene) -> Reading:
        if not reply.strip():
            return NOTHING
        found: dict[str, Evidence] = {}
        for start, sentence in placed(reply.replace("’", "'")):
            for note in _moves(sentence):
                found.setdefault(note, Evidence(start, start + len(sentence), note))
        return Reading(1 - (1 - _MOVE) ** len(found), 0.5, tuple(found.values()))


def _moves(sentence: str) -> list[str]:
    """What a sentence does to bring the talk on."""
    asked = sentence.rstrip("\"”'*) ").endswith("?")
    moves = []
    if asked and _wants_answer(sentence):
        moves.append("asks")
    elif not asked and (_found("proposes", sentence) or _commands().search(sentence)):
        moves.append("proposes")
    if _found("happens", sentence):
        moves.append("lets something happen")
    return moves


def _wants_answer(question: str) -> bool:
    """Whether a question is more than an echo or a tag."""
    said = words(question)
    return len(said) >= _LEAST_ASKED and not _patterns("tags", "$").search(" ".join(said))


def _found(name: str, sentence: str) -> bool:
    return _patterns(name).search(sentence) is not None


@lru_cache(maxsize=8)
def _patterns(name: str, after: str = r"\b") -> re.Pattern[str]:
    return any_of(table("moves.toml")[name], after=after)


@lru_cache(maxsize=1)
def _commands() -> re.Pattern[str]:
    return any_of(table("moves.toml")["commands"], _BEFORE_COMMAND, _AFTER_COMMAND)
