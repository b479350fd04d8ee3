"""``recital``: the reply tells the card again, though nobody asked.

- Measures: clauses that say, in other words or the same, what a line of the card says. A weak model
  answers "My socks are wet" with its own description. One such line may be to the point, and a
  question to the character asks for one more; who asks "Who are you?" gets a free hand.
- Value: the share of the reply's characters in such clauses, 0 to 1; 0 below a third, or if they
  repeat no more lines than were asked for. Confidence: 1; 0 without facts. Cost: words.
- Method: a clause repeats a line if the line contains three fifths of its content words, weighted
  by rarity, with at least three of them; the speakers' names do not count. What is recited does not
  count as fit (``without_recital``).
- Accuracy (``bench planted``): 0.93 of 120 recitals by an author who knew no rule, and none of 320
  other replies by them; 19 of 3,906 right replies of ConvAI2, whose speakers sometimes recite, too.
  Without this signal such a reply scored 0.999 (the mean of the log-odds was 7, now -4).
- Blind spots: a recital in quite other words; open questions in other languages than English and
  Chinese.
"""

from __future__ import annotations

import math
import re
from functools import lru_cache

from rpterm.scoring.scene import Fact, ReplyScene
from rpterm.scoring.signal import NO_DATA, Cost, Dimension, Evidence, Reading
from rpterm.scoring.texts import content_stems, phrase_pattern, stems_of_line
from rpterm.scoring.word_frequency import rarity
from rpterm.text.sentences import sentences, with_offsets

_LEAST_SHARE = 0.6
_LEAST_SHARES = {0: math.inf, 1: math.inf, 2: 1.0}
"""Instead, of the rarity of so few content words."""
_LEAST_RECITED = 0.5
"""A smaller share of the reply is no recital."""
_CLAUSE = re.compile(r"[^,;:]+?(?:[,;:]|,? (?:and|but|so) (?=(?:I|my|he|she|it|we)\b)|$)")
_OPEN = phrase_pattern(
    ["who\\b[^.?!]{0,30} (?:you|u)", "who(?:['’]s| is) (?:the|this|that|there)",
     "what (?:are you|you are)",
     "who am i (?:talking|speaking) (?:to|with)",
     "(?:about|introduce|describe) (?:you|yourself)", "what do you do",
     "(?:tell|know|hear|learn|talk) .{0,30}your?(?:self)?",
     "your?.{0,12} (?:family|life|past|story|work|job)"]
)  # fmt: skip
_OPEN_CHINESE = re.compile("你是谁|您是谁|介绍|你是什么|[说讲聊]{1,2}.{0,4}[你您]自己")
_YOU = re.compile(r"\b(?:you|your|yours|yourself|u|ur)\b|[你您]", re.IGNORECASE)
Recited = tuple[int, int, Fact]
"""The span of a clause and the line it repeats."""


class Recital:
    """See the module."""

    name = "recital"
    dimension: Dimension = "conversation"
    cost: Cost = "words"

    def measure(self, reply: str, scene: ReplyScene) -> Reading:
        if not scene.facts or not reply.strip():
            return NO_DATA
        found = recited(reply, scene)
        evidence = (
            Evidence(start, end, "nobody asked", fact.source, fact.text)
            for start, end, fact in found
        )
        return Reading(_share_of(reply, found), 1.0, tuple(evidence))


def is_open(message: str) -> bool:
    """Whether a message asks the character who they are or what their life is."""
    return bool(_OPEN.search(message) or _OPEN_CHINESE.search(message))


def recited(reply: str, scene: ReplyScene) -> tuple[Recited, ...]:
    """The clauses that tell the card again; none if that is no more than was asked for."""
    if not scene.facts or not reply.strip():
        return ()
    if is_open(scene.asked):
        return ()
    names = frozenset(content_stems(f"{scene.char} {scene.user}"))
    found = _repeated(reply, scene.facts, names)
    asked = sum("?" in each and bool(_YOU.search(each)) for each in sentences(scene.asked))
    enough = len({fact for _, _, fact in found}) > 1 + asked
    return found if enough and _share_of(reply, found) >= _LEAST_RECITED else ()


def without_recital(reply: str, scene: ReplyScene) -> str:
    """A reply without what it recites: that proves neither knowledge nor memory."""
    kept = reply
    for start, end, _ in reversed(recited(reply, scene)):
        kept = kept[:start] + kept[end:]
    return kept


def _share_of(reply: str, clauses: tuple[Recited, ...]) -> float:
    """The share of a reply's characters in these clauses."""
    return min(1.0, sum(end - start for start, end, _ in clauses) / len(reply.strip()))


@lru_cache(maxsize=16)
def _repeated(reply: str, facts: tuple[Fact, ...], names: frozenset[str]) -> tuple[Recited, ...]:
    """The clauses that repeat a line; cached, because several signals ask."""
    found = []
    for at, sentence in with_offsets(reply):
        for match in _CLAUSE.finditer(sentence):
            stems = frozenset(content_stems(match[0])) - names
            weights = {stem: rarity(stem) for stem in stems}
            share, fact = max(
                ((_share(weights, stems_of_line(fact.text)), fact) for fact in facts),
                key=lambda each: each[0],
            )
            if share >= _LEAST_SHARES.get(len(stems), _LEAST_SHARE):
                found.append((at + match.start(), at + match.end(), fact))
    return tuple(found)


def _share(weights: dict[str, float], line: tuple[str, ...]) -> float:
    """The share of some words' rarity that is in a line."""
    known = sum(weights[stem] for stem in weights.keys() & set(line))
    return known / (sum(weights.values()) or 1.0)
