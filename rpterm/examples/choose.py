"""Chooses examples for one turn: relevant to it, in the character's voice, and diverse.

Pure. Examples that would give the answer away are left out first: the exchange being answered,
anything of this chat, near copies of it, and the same question asked elsewhere. Then maximal
marginal relevance (Carbonell & Goldstein 1998) takes one after the other::

    argmax  BALANCE · worth(e) − (1 − BALANCE) · max similarity(e, taken)

Similarity in meaning comes from the caller (by embeddings), or from shared rare words.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from rpterm.examples.records import Exemplar, Ranked
from rpterm.scoring.texts import cosine_similarity, everyday_tfidf, ngrams, words

RELEVANCE_WEIGHT = 0.7
MEANING, VOICE, QUALITY = 0.75, 0.2, 0.05
MIN_MEANING = 0.08
"""Below this an example has nothing to do with the turn."""
COPY_OVERLAP = 0.5
"""Share of three-word sequences from which two texts count as copies."""
SAME_QUESTION_OVERLAP = 0.8

Similarity = Callable[[Exemplar], float | None]
"""How similar an exemplar's question is to what was said, 0 to 1; ``None`` if unknown."""


@dataclass(frozen=True, slots=True)
class Situation:
    """The turn to answer.

    Attributes:
        asked: What the user just said.
        path: The texts of this branch by turn id.
        own_lines: Lines of the card that show the voice.
        present: Answers that the prompt contains already.
    """

    asked: str
    path: Mapping[int, str] = field(default_factory=dict)
    own_lines: Sequence[str] = ()
    present: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Choice:
    """The examples taken, best first, and the others with the reason why not."""

    taken: tuple[Ranked, ...] = ()
    passed: tuple[tuple[Ranked, str], ...] = ()


def choose(
    pool: Sequence[Exemplar],
    situation: Situation,
    *,
    k: int,
    room: int,
    cost: Callable[[Exemplar], int],
    similarity: Similarity | None = None,
    excluded: Collection[str] = (),
) -> Choice:
    """Take at most ``k`` of the pool, of at most ``room`` tokens together.

    Args:
        cost: Tokens of an exemplar as it would stand in the prompt.
        similarity: Compares by embeddings; ``None`` compares words.
        excluded: Keys of examples that the user does not want.
    """
    ranked = rank(pool, situation, similarity)
    chat, prompt = KnownTexts(situation.path.values()), KnownTexts(situation.present)
    passed: list[tuple[Ranked, str]] = []
    candidates: list[Ranked] = []
    for each in ranked:
        why = "you excluded it"
        if each.exemplar.key not in excluded:
            why = _leak_reason(each.exemplar, situation, chat, prompt)
        if not why and each.meaning < MIN_MEANING:
            why = "nothing in common with what was said"
        if why:
            passed.append((each, why))
        else:
            candidates.append(each)
    taken = _diverse(candidates, k, room, cost, passed)
    return Choice(tuple(taken), tuple(passed))


def rank(
    pool: Iterable[Exemplar], situation: Situation, similarity: Similarity | None = None
) -> list[Ranked]:
    """The complete pool, best first; ties are ordered by key."""
    asked = _vector(situation.asked)
    voice = Voice(situation.own_lines)
    ranked = []
    for exemplar in pool:
        by_words = max(
            cosine_similarity(asked, _vector(exemplar.question)),
            0.6 * cosine_similarity(asked, _vector(f"{exemplar.question} {exemplar.reply}")),
        )
        by_embedding = similarity(exemplar) if similarity else None
        meaning = by_words
        if by_embedding is not None:
            meaning = 0.7 * max(0.0, by_embedding) + 0.3 * by_words
        voice_score = 1.0 if exemplar.source == "card" else voice(exemplar.reply)
        worth = MEANING * meaning + VOICE * voice_score + QUALITY * exemplar.quality
        ranked.append(Ranked(exemplar, min(1.0, meaning), voice_score, worth))
    return sorted(ranked, key=lambda each: (-each.worth, each.exemplar.key))


def _leak_reason(
    exemplar: Exemplar, situation: Situation, chat: KnownTexts, prompt: KnownTexts
) -> str:
    """Why an example would give the answer away or repeat something; "" if it would not."""
    if any(turn in situation.path for turn in exemplar.turns):
        return "it is part of this chat"
    if chat.have_copy_of(exemplar.reply):
        return "this chat says nearly the same"
    if prompt.have_copy_of(exemplar.reply):
        return "the prompt contains it already"
    if exemplar.source != "card" and _same_question(exemplar.question, situation.asked):
        return "the same question: its answer would be copied"
    return ""


class KnownTexts:
    """Texts by their three-word sequences: comparing every example with every turn took a second.

    Two texts are copies if the one contains ``COPY_OVERLAP`` of the sequences of the shorter one.
    """

    def __init__(self, texts: Iterable[str] = ()) -> None:
        self._whole: set[tuple[str, ...]] = set()
        self._sizes: list[int] = []
        self._texts_with: dict[tuple[str, ...], list[int]] = {}
        for text in texts:
            self.add(text)

    def add(self, text: str) -> None:
        """Add one text."""
        text_words = tuple(words(text))
        grams = set(ngrams(text_words, 3))
        self._whole.add(text_words)
        for gram in grams:
            self._texts_with.setdefault(gram, []).append(len(self._sizes))
        self._sizes.append(len(grams))

    def have_copy_of(self, text: str) -> bool:
        """Whether a text and one of these are copies."""
        text_words = tuple(words(text))
        grams = set(ngrams(text_words, 3))
        shared = Counter(number for gram in grams for number in self._texts_with.get(gram, ()))
        return (bool(text_words) and text_words in self._whole) or any(
            count >= COPY_OVERLAP * min(len(grams), self._sizes[number])
            for number, count in shared.items()
        )


class Voice:
    """How much a line sounds like others, 0 to 1: the cosine similarity of letter-trigram
    counts."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._counts: Counter[str] = Counter()
        for line in lines:
            self._counts.update(_trigrams(line))
        self._norm_of_counts = _norm(self._counts)

    def __call__(self, line: str) -> float:
        counts = _trigrams(line)
        length = _norm(counts) * self._norm_of_counts
        if not length:
            return 0.0
        shared = sum(count * self._counts[gram] for gram, count in counts.items())
        return min(1.0, shared / length)


def _diverse(
    candidates: list[Ranked],
    k: int,
    room: int,
    cost: Callable[[Exemplar], int],
    passed: list[tuple[Ranked, str]],
) -> list[Ranked]:
    taken: list[Ranked] = []
    said = KnownTexts()
    waiting = list(candidates)
    while waiting and len(taken) < k:
        best = max(waiting, key=lambda each: _marginal(each, taken))
        waiting.remove(best)
        tokens = cost(best.exemplar)
        if said.have_copy_of(best.exemplar.reply):
            passed.append((best, "another one says nearly the same"))
        elif tokens > room:
            passed.append((best, f"it takes {tokens} tokens; {room} were left"))
        else:
            room -= tokens
            taken.append(best)
            said.add(best.exemplar.reply)
    reason = f"the limit of {k} for a turn is reached" if k else "none are taken for a turn"
    passed += [(each, reason) for each in waiting]
    return taken


def _marginal(each: Ranked, taken: Sequence[Ranked]) -> float:
    redundancy = max((_overlap(each.exemplar, other.exemplar) for other in taken), default=0.0)
    return RELEVANCE_WEIGHT * each.worth - (1 - RELEVANCE_WEIGHT) * redundancy


def _overlap(left: Exemplar, right: Exemplar) -> float:
    one = _word_set(f"{left.question} {left.reply}")
    other = _word_set(f"{right.question} {right.reply}")
    return len(one & other) / max(1, len(one | other))


def _same_question(left: str, right: str) -> bool:
    one, other = _word_set(left), _word_set(right)
    return bool(one) and len(one & other) / len(one | other) >= SAME_QUESTION_OVERLAP


# Cached, because the same examples are compared with every turn.
@lru_cache(maxsize=1024)
def _vector(text: str) -> dict[str, float]:
    """TF-IDF among everyday lines: a small pool could not tell how rare words are."""
    return everyday_tfidf().vector(text)


@lru_cache(maxsize=1024)
def _word_set(text: str) -> frozenset[str]:
    return frozenset(words(text))


@lru_cache(maxsize=1024)
def _trigrams(text: str) -> Counter[str]:
    flat = f" {' '.join(words(text))} "
    return Counter(flat[at : at + 3] for at in range(len(flat) - 2))


def _norm(counts: Counter[str]) -> float:
    return math.sqrt(sum(count * count for count in counts.values()))
