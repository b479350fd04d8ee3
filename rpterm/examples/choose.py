"""Choose examples for one turn: like it in meaning, in the character's voice, unlike each other.

Pure. What would give the answer away is left out first: the exchange being answered, anything of
this chat, near copies of it, and the same question asked elsewhere. Then maximal marginal
relevance (Carbonell & Goldstein 1998) takes one after the other::

    argmax  BALANCE · worth(e) − (1 − BALANCE) · max likeness(e, taken)

Likeness in meaning is told by whoever calls (by vectors), or by shared rare words.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from rpterm.examples.records import Exemplar, Ranked
from rpterm.scoring.texts import cosine_similarity, everyday_tfidf, ngrams, words

BALANCE = 0.7
MEANING, VOICE, QUALITY = 0.75, 0.2, 0.05
LEAST_MEANING = 0.08
"""Below this an example has nothing to do with the turn."""
COPY = 0.5
"""Share of three-word runs from which on two texts are copies of each other."""
SAME_QUESTION = 0.8

Likeness = Callable[[Exemplar], float | None]
"""How much an exemplar's question is like what was said, 0 to 1; ``None``: nobody knows."""


@dataclass(frozen=True, slots=True)
class Situation:
    """The turn to answer.

    Attributes:
        asked: What the user just said.
        path: Text by number of the turns of this branch.
        own_lines: Lines of the card that show the voice.
        present: Answers that stand in the prompt already.
    """

    asked: str
    path: Mapping[int, str] = field(default_factory=dict)
    own_lines: Sequence[str] = ()
    present: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Choice:
    """What was taken, best first, and why others were not."""

    taken: tuple[Ranked, ...] = ()
    passed: tuple[tuple[Ranked, str], ...] = ()


def choose(
    pool: Sequence[Exemplar],
    situation: Situation,
    *,
    k: int,
    room: int,
    cost: Callable[[Exemplar], int],
    likeness: Likeness | None = None,
    excluded: Collection[str] = (),
) -> Choice:
    """Take at most ``k`` of the pool, of at most ``room`` tokens together.

    Args:
        cost: Tokens of an exemplar as it would stand in the prompt.
        likeness: By vectors; ``None`` is by words.
        excluded: Keys that the user does not want.
    """
    ranked = rank(pool, situation, likeness)
    passed: list[tuple[Ranked, str]] = []
    fit: list[Ranked] = []
    for each in ranked:
        why = "you excluded it" if each.exemplar.key in excluded else leak(each, situation)
        if not why and each.meaning < LEAST_MEANING:
            why = "nothing in common with what was said"
        passed.append((each, why)) if why else fit.append(each)
    taken = _diverse(fit, k, room, cost, passed)
    return Choice(tuple(taken), tuple(passed))


def rank(
    pool: Iterable[Exemplar], situation: Situation, likeness: Likeness | None = None
) -> list[Ranked]:
    """All of the pool, best first; equal ones by their key."""
    every = list(pool)
    rarity = everyday_tfidf()  # a small pool could not tell how rare words are
    asked = rarity.vector(situation.asked)
    voice = Voice(situation.own_lines)
    found = []
    for exemplar in every:
        by_words = max(
            cosine_similarity(asked, rarity.vector(exemplar.asked)),
            0.6 * cosine_similarity(asked, rarity.vector(f"{exemplar.asked} {exemplar.said}")),
        )
        near = likeness(exemplar) if likeness else None
        meaning = by_words if near is None else 0.7 * max(0.0, near) + 0.3 * by_words
        heard = 1.0 if exemplar.source == "card" else voice(exemplar.said)
        worth = MEANING * meaning + VOICE * heard + QUALITY * exemplar.quality
        found.append(Ranked(exemplar, min(1.0, meaning), heard, worth))
    return sorted(found, key=lambda each: (-each.worth, each.exemplar.key))


def leak(each: Ranked, situation: Situation) -> str:
    """Why this one would give the answer away or say a thing twice; "" when it would not."""
    exemplar = each.exemplar
    if any(turn in situation.path for turn in exemplar.turns):
        return "it is part of this chat"
    if any(alike(exemplar.said, text) >= COPY for text in situation.path.values()):
        return "this chat says nearly the same"
    if any(alike(exemplar.said, text) >= COPY for text in situation.present):
        return "it stands in the prompt already"
    if exemplar.source != "card" and _same_question(exemplar.asked, situation.asked):
        return "the same question: its answer would be copied"
    return ""


def alike(left: str, right: str) -> float:
    """How much of the shorter text's three-word runs the other has; 0 to 1."""
    one, other = set(ngrams(words(left), 3)), set(ngrams(words(right), 3))
    least = min(len(one), len(other))
    if not least:
        return float(words(left) == words(right) and bool(words(left)))
    return len(one & other) / least


class Voice:
    """How much a line sounds like others: cosine of counts of three letters; 0 to 1."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._known: Counter[str] = Counter()
        for line in lines:
            self._known.update(_letters(line))
        self._length = _norm(self._known)

    def __call__(self, line: str) -> float:
        counts = _letters(line)
        length = _norm(counts) * self._length
        if not length:
            return 0.0
        shared = sum(count * self._known[gram] for gram, count in counts.items())
        return min(1.0, shared / length)


def _diverse(
    fit: list[Ranked],
    k: int,
    room: int,
    cost: Callable[[Exemplar], int],
    passed: list[tuple[Ranked, str]],
) -> list[Ranked]:
    taken: list[Ranked] = []
    waiting = list(fit)
    while waiting and len(taken) < k:
        best = max(waiting, key=lambda each: _marginal(each, taken))
        waiting.remove(best)
        tokens = cost(best.exemplar)
        if any(alike(best.exemplar.said, each.exemplar.said) >= COPY for each in taken):
            passed.append((best, "another one says nearly the same"))
        elif tokens > room:
            passed.append((best, f"{tokens} tokens; {room} were left"))
        else:
            room -= tokens
            taken.append(best)
    passed += [(each, f"{k} are taken for a turn" if k else "none is taken") for each in waiting]
    return taken


def _marginal(each: Ranked, taken: Sequence[Ranked]) -> float:
    like = max((_overlap(each.exemplar, other.exemplar) for other in taken), default=0.0)
    return BALANCE * each.worth - (1 - BALANCE) * like


def _overlap(left: Exemplar, right: Exemplar) -> float:
    one = set(words(f"{left.asked} {left.said}"))
    other = set(words(f"{right.asked} {right.said}"))
    return len(one & other) / max(1, len(one | other))


def _same_question(left: str, right: str) -> bool:
    one, other = set(words(left)), set(words(right))
    return bool(one) and len(one & other) / len(one | other) >= SAME_QUESTION


def _letters(text: str) -> Counter[str]:
    flat = f" {' '.join(words(text))} "
    return Counter(flat[at : at + 3] for at in range(len(flat) - 2))


def _norm(counts: Counter[str]) -> float:
    return math.sqrt(sum(count * count for count in counts.values()))
