"""``contradiction``: a sentence of the reply contradicts a line of the card or of the chat.

- Measures: claims of the reply against the card's facts, the character's earlier turns and what the
  user said of themselves.
- Value: 0.8 if a rule finds a contradiction or the reply names another value of a kind than the
  known one, 0.96 for both, else 0. With an NLI model the larger of that and the highest
  probability of contradiction from 0.5 up. Confidence: 0.5 for rules, 0.9 with the NLI model. Cost:
  words; the NLI model is asked only by ``measure_until``, when idle.
- Method, rules: two sentences that share most of their content words and differ in a negation or in
  one word of a pair of antonyms.
- Method, frames: ``rpterm.scoring.frames`` compares people, tastes, abilities, trades, places and
  ages, which sentences phrase differently, and values of a kind (colours, animals, weekdays,
  numbers, …), the latter also in Chinese. A reply contradicts what was said if it asks for what
  the user told, offers what they do not take, asks after somebody they lost, has forgotten, or
  meets them for the first time in the middle of a chat (``acquaintance``, ``refusals``), or if it
  delights in what the character dislikes (``delights``).
- Method, Chinese: what the card denies and the reply affirms, by characters, and the reverse for
  people.
- Each rule was left out once: most that alone found next to none of 1,500 wrong replies by several
  authors are gone. Plain cases stay ("I'm not a pilot", "Who is Bo?"), rare as they are.
- Method, NLI: a cross-encoder reads each claim (hypothesis) with the lines most similar in meaning
  (premises). Its probabilities are used unchanged. No such model comes with rpterm.
- Accuracy (``bench planted``), with ``relations``: 0.93 of the card's own lines when negated; of
  contradictions in the character's own words 0.21 of 100 about shipped cards (0.05 without frames)
  and, where one point is swapped, 0.45 of 86 that were not looked at while the rules were written
  (0.07 without frames; 0.73 of the 86 that were). Of 120 by an author who knew no rule, 0.05 before
  any was looked at, and 0.20 after. False alarms: none on as many of the others, 2 on 320 true
  replies by that author, and 0.5 % on 1,500 replies of ConvAI2 (0.4 % without the kinds).
- Blind spots: contradictions by paraphrase. Without an NLI model nothing that was tried helps:
  pairing lines by embeddings instead of words (recall 0.25, false alarms 0.21), the likelihood of
  the reply under the line and under its negation (a contradiction is more likely under the
  negation than a true line in 0.60 of pairs), asking the starter model outright (0.44). Of the
  packages on PyPI one contains an NLI model (DeBERTa-v3-xsmall, 8 bits, two classes, trained for
  policies): recall 0.54 on those 100, false alarms 0.43. A larger one, trained on NLI, was not
  available here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from rpterm.scoring.frames.acquaintance import greets_anew
from rpterm.scoring.frames.compare import claims_in, clashes
from rpterm.scoring.frames.delights import delights_in_disliked
from rpterm.scoring.frames.denials import affirms_denied
from rpterm.scoring.frames.kinds import other_values
from rpterm.scoring.frames.known import LONGEST_CLAIM, Known, Line, without_particles
from rpterm.scoring.frames.refusals import offers_refused
from rpterm.scoring.frames.tastes import TASTES
from rpterm.scoring.nli import NliModel, nearest_pairs, nli_reading
from rpterm.scoring.scene import Fact, ReplyScene
from rpterm.scoring.signal import NO_DATA, Cost, Dimension, Evidence, Reading
from rpterm.scoring.similarity import Encode
from rpterm.scoring.texts import content_stems, words
from rpterm.text.sentences import with_offsets
from rpterm.text.unspaced import UNSPACED

_BY_RULE = 0.8
_NOT = frozenset(["not", "never", "no", "cannot", "without", "neither", "nor", "none", "nobody"])
_ZERO = re.compile(r"(?<![\w.,-])(?:zero|0) (?!to\b)", re.IGNORECASE)
""" "Zero sugar", unlike "bearing two-two-zero"."""
_ANTONYM_TEXT = (
    "always/never like/hate love/hate alive/dead married/single young/old rich/poor big/small "
    "tall/short brother/sister mother/father son/daughter wife/husband friend/enemy "
    "north/south east/west black/white hot/cold first/last before/after "
    "open/closed likes/hates loves/hates trusts/distrusts king/queen tells/hides true/false "
    "vegetarian/meat"
)
_ANTONYMS = [frozenset(pair.split("/")) for pair in _ANTONYM_TEXT.split()]
_CLAUSE = re.compile(
    r"\s*(?:[,;–—]|(?<!never)(?<!cannot)(?<!can't):)\s*|\s+(?:but|so|because|when|while|"
    r"and(?=\s+(?:I|he|she|it|we|they|never|not|cannot|\w+n['’]t)\b))\s+",
    re.IGNORECASE,
)
_PRONOUNS = frozenset(["i", "you", "he", "she", "it", "we", "they"])
_CONTRARY = "says the contrary"
_STATING_TEXT = "is are was were has have had will can s re ve ll"
_STATING = frozenset(_STATING_TEXT.split())
_LEAST_SHARED = 2
"""Content words that two sentences must share."""
_LEAST_OF_LINE = 0.6
"""The share of the line's content words that must be among them."""
_LEAST_OF_CLAIM = 0.5
"""The share of the claim's own content words that must be among them, for a negation: a "not"
somewhere in a long sentence negates something else."""


class Contradiction:
    """See the module.

    Args:
        infer: The NLI model; ``None`` uses rules only. See ``nli``.
        encode: Embeds lines to find the premises for ``infer``.
    """

    name = "contradiction"
    dimension: Dimension = "persona"
    cost: Cost = "words"

    def __init__(self, infer: NliModel | None = None, encode: Encode | None = None) -> None:
        self._infer, self._encode = infer, encode

    def measure(self, reply: str, scene: ReplyScene) -> Reading:
        own_claims, user_claims = _own_claims(scene), _user_claims(scene)
        if not (own_claims or user_claims) or not reply.strip():
            return NO_DATA
        claims = _claims(reply)
        evidence = [
            Evidence(start, start + len(claim), why, fact.source, line)
            for start, claim in claims
            for fact, line in own_claims
            if (why := _contradiction(claim, line, fact))
        ]
        evidence += [
            Evidence(start, start + len(claim), why, fact.source, line)
            for start, claim in claims
            for part in _parts(claim)
            for fact, line in user_claims
            if _parse(part).subject == "you" and (why := _difference(part, line))
        ]
        evidence += _frame_clashes(reply, scene, own_claims)
        for find in (greets_anew, offers_refused, affirms_denied, delights_in_disliked):
            evidence += find(reply, scene)
        others = [*other_values(reply, scene)]
        doubt = (1 - _BY_RULE) ** (bool(evidence) + bool(others))
        return Reading(1 - doubt, 0.5, _one_per_span([*evidence, *others]))

    def measure_until(self, reply: str, scene: ReplyScene, stopped: Callable[[], bool]) -> Reading:
        """As ``measure``, plus the NLI model's verdict if there is a model."""
        by_rules = self.measure(reply, scene)
        if self._infer is None or self._encode is None or by_rules.confidence <= 0:
            return by_rules
        pairs = nearest_pairs(_claims(reply), _own_claims(scene), self._encode)
        by_model = nli_reading(pairs, self._infer, stopped)
        if by_model is None:
            return by_rules
        value = max(by_rules.value, by_model.value)
        return Reading(value, by_model.confidence, (*by_rules.evidence, *by_model.evidence))


def _frame_clashes(
    reply: str, scene: ReplyScene, own_claims: Sequence[tuple[Fact, str]]
) -> Iterator[Evidence]:
    """What contradicts the character, or what the user said of themselves, by ``frames``."""
    people = [
        Known(
            tuple(Line(fact, text, fact.source.startswith("card.")) for fact, text in lines),
            who,
        )
        for lines, who in ((own_claims, "i"), (_said_by_user(scene), "you"))
        if lines
    ]
    for start, end, claim in claims_in(reply, scene.last, scene.user):
        for known in people:
            for why, line in clashes(claim, known):
                yield Evidence(start, end, why, line.fact.source, line.text)


def _one_per_span(evidence: Sequence[Evidence]) -> tuple[Evidence, ...]:
    """One piece of evidence per sentence of the reply and line."""
    return tuple({(each.start, each.source): each for each in reversed(evidence)}.values())[::-1]


def _own_claims(scene: ReplyScene) -> list[tuple[Fact, str]]:
    """Claims of the card, then of the character's turns, the latest first; with their source."""
    own_turns = (turn for own, turn in reversed(scene.turns) if own)
    facts = (*scene.facts, *own_turns)
    return [(fact, sentence) for fact in facts for _, sentence in _claims(fact.text)]


def _user_claims(scene: ReplyScene) -> list[tuple[Fact, str]]:
    """What the user said of themselves, the latest first, also by clauses; with the source."""
    return [
        (fact, part)
        for fact, sentence in _said_by_user(scene)
        for part in _parts(sentence)
        if _parse(part).subject == "i"
    ]


def _parts(sentence: str) -> list[str]:
    """A sentence, and its clauses if there are several."""
    clauses = [part.strip() for part in _CLAUSE.split(sentence) if part.strip()]
    return [sentence, *clauses] if len(clauses) > 1 else [sentence]


def _said_by_user(scene: ReplyScene) -> list[tuple[Fact, str]]:
    """What the user claimed, the latest first; with the source."""
    turns = (turn for own, turn in reversed(scene.turns) if not own)
    return [(turn, sentence) for turn in turns for _, sentence in _claims(turn.text)]


def _claims(text: str) -> list[tuple[int, str]]:
    """The sentences that claim something, with their offsets: a question contradicts nothing."""
    return [
        (start, sentence)
        for start, sentence in with_offsets(text)
        if len(sentence) <= LONGEST_CLAIM and not sentence.rstrip('"”*').endswith("?")
    ]


@dataclass(frozen=True, slots=True)
class _Sentence:
    """The parts of a sentence that are compared.

    Attributes:
        content: Stems that two sentences must share to be about the same thing.
        subject: The pronoun the sentence begins with, or "".
        states: Whether it has a pronoun for a subject or a common verb of statements.
    """

    words: frozenset[str]
    content: frozenset[str]
    negated: bool
    subject: str
    states: bool


@lru_cache(maxsize=4096)
def _parse(text: str) -> _Sentence:
    """Cached, because every claim of a reply meets every line of card and chat, each turn anew."""
    text = without_particles(text)
    in_order = words(text)
    said = frozenset(in_order)
    first = next(iter(in_order), "").split("'")[0]
    return _Sentence(
        words=said,
        content=frozenset(x for x in content_stems(text) if not x.isdigit()) - _NOT,
        negated=(
            bool(said & _NOT or _ZERO.search(text)) or any(word.endswith("n't") for word in said)
        ),
        subject=first if first in _PRONOUNS else "",
        states=(
            first in _PRONOUNS
            or any(word.split("'")[-1] in _STATING for word in in_order)
            or bool(UNSPACED.search(text))
        ),
    )


def _contradiction(claim: str, line: str, fact: Fact) -> str:
    """How a claim contradicts a line, or ""."""
    said, known = _parse(claim), _parse(line)
    if said.subject and known.subject and said.subject != known.subject:
        return ""  # They are about different people.
    why = _difference(claim, line)
    states = said.states and (known.states or fact.source.startswith("card."))
    # "Don't give up!" and "Keep going!" state nothing.
    return "" if why == _CONTRARY and not states else why


def _difference(claim: str, line: str) -> str:
    """How a claim contradicts a line about the same subject, or ""."""
    said, known = _parse(claim), _parse(line)
    both = said.content & known.content
    if len(both) < _LEAST_SHARED or len(both) < _LEAST_OF_LINE * len(known.content):
        return ""
    if (
        _negates(claim, both) != _negates(line, both)
        and len(both) >= _LEAST_OF_CLAIM * len(said.content)
        and not TASTES.match(line)
    ):
        return _CONTRARY
    for pair in _ANTONYMS:
        here, there = pair & said.words, pair & known.words
        if len(here) == 1 and len(there) == 1 and here != there:
            return "the opposite word"
    return ""


def _negates(text: str, content: frozenset[str]) -> bool:
    """Whether a clause with some of these stems is negated, and not just another clause."""
    return any(clause.negated and clause.content & content for clause in _clauses(text))


@lru_cache(maxsize=4096)
def _clauses(text: str) -> tuple[_Sentence, ...]:
    return tuple(map(_parse, _parts(text)[1:] or [text]))
