"""Scores each person as the speaker of a line by the cues around it, apart from turn-taking. Pure.

Every cue adds to a person's score. The weights are natural log-odds, set by hand in whole and half
numbers. They were chosen while looking at the 14 development novels of PDNC, so the figures for
those novels are a little better than those for others will be.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from rpterm.novels.people import People, Person, addressed_names
from rpterm.novels.quotations import Paragraph
from rpterm.novels.speech_tags import Tag, noun_gender
from rpterm.sentences import spans

WEIGHTS: dict[str, float] = {
    "named": 9.0,
    "unnamed": 5.0,
    "a_noun": 2.0,
    "sex": -6.0,
    "sex_unknown": -0.5,
    "she_last": 1.5,
    "he_narrates": -6.0,
    "noun": 3.0,
    "noun_own": 0.0,
    "noun_sex": -4.0,
    "acts": 2.5,
    "told": 0.5,
    "begins_sex": -1.5,
    "begins_same": 0.5,
    "called": -4.0,
    "spoken_of": -2.5,
    "answers_call": 1.5,
    "is_answered": 0.5,
    "led": 2.0,
    "near": 1.5,
    "fades": -0.35,
    "often": 0.4,
    "nobody": -5.0,
}
_MAX_DISTANCE = 8
"""Paragraphs after which a mention counts as equally far away."""
_NARRATOR_DISTANCE = 4
"""Distance of a first-person narrator, who is never named but never absent."""
_LEADING_PRONOUN = re.compile(r"^\W*(?:and\s+|then\s+|but\s+)?(He|She|he|she|I)\b")
_CLAUSE_START = re.compile(r"(?:^|[.!?]\W*|^\W*(?:and|but|then|as)\s+|^\W*\w+ly,?\s+)$")

Links = Mapping[str, Mapping[str, float]]
"""For a noun ("the old lady"), the probability that it means each person."""


class SpeakerCues:
    """The cues of one book.

    Args:
        tags: The speech tag of each paragraph.
        links: Whom nouns mean, from a first pass; ``None`` in that pass.
    """

    def __init__(
        self,
        paragraphs: Sequence[Paragraph],
        tags: Sequence[Tag | None],
        people: People,
        links: Links | None = None,
    ) -> None:
        self.paragraphs, self.tags, self.people = paragraphs, tags, people
        self.links = links
        self.narrated = [people.mentions(each.narration) for each in paragraphs]
        self.mentioned = [{p.name for _, p in people.mentions(each.speech)} for each in paragraphs]
        self.addressed = [
            {person.name for name in addressed_names(each.speech) if (person := people.named(name))}
            if each.said
            else set()
            for each in paragraphs
        ]
        self.tagged = [self._tagged_person(tag) for tag in tags]
        counts = Counter(person.name for person in self.tagged if person)
        most = max(counts.values(), default=1)
        self.log_frequency = {
            each.name: math.log((counts[each.name] + 1) / (most + 1)) for each in people.persons
        }

    def _tagged_person(self, tag: Tag | None) -> Person | None:
        if tag is None or tag.kind == "pronoun":
            return None
        return self.people.narrator if tag.kind == "narrator" else self.people.named(tag.text)

    def present(self, first: int, last: int, before: int) -> Counter[str]:
        """The people named between two paragraphs, or a little before, and how often."""
        found: Counter[str] = Counter()
        for at in range(max(0, first - before), last + 1):
            found.update(list(dict.fromkeys(person.name for _, person in self.narrated[at])))
            if first <= at:
                found.update(sorted(self.addressed[at]))
                if (person := self.tagged[at]) is not None:
                    found[person.name] += 3
        if self.people.narrator is not None:
            found[self.people.narrator.name] += 5
        return found

    def scores(
        self, at: int, candidates: Sequence[Person | None], asked: int | None
    ) -> list[float]:
        """The score of each person, and of ``None`` for somebody else.

        Args:
            asked: The paragraph of the previous line in the same conversation.
        """
        last = self._last_seen(at)
        acting = self.acting(at)
        antecedent = self._pronoun_antecedent(at)
        return [self._score(person, at, asked, last, acting, antecedent) for person in candidates]

    def _score(
        self,
        person: Person | None,
        at: int,
        asked: int | None,
        last: Mapping[str, int],
        acting: Iterable[str],
        antecedent: str | None,
    ) -> float:
        w, tag = WEIGHTS, self.tags[at]
        if person is None:
            score = 0.0 if self.paragraphs[at].goes_on else w["nobody"]
            if tag is None or self.tagged[at] is not None:
                return score
            return score + w["unnamed"] * (tag.kind == "name") + w["a_noun"] * (tag.kind == "noun")
        name = person.name
        score = self._by_tag(person, at, antecedent)
        if self.paragraphs[at].goes_on:
            return score
        if self.links is None and name[:4] == "the " and all(n[:4] == "the " for n in person.names):
            return score + w["fades"] * 4 + w["often"] * self.log_frequency[name]
        score += w["acts"] * (name in acting)
        score += w["told"] * any(p.name == name for _, p in self.narrated[at])
        score += w["called"] * (name in self.addressed[at])
        score += w["spoken_of"] * (name in self.mentioned[at] and name not in self.addressed[at])
        if asked is not None:
            score += w["answers_call"] * (name in self.addressed[asked])
        after = at + 1
        if after < len(self.paragraphs) and self.paragraphs[after].said:
            score += w["is_answered"] * (name in self.addressed[after])
        distance = min(_MAX_DISTANCE, at - last[name]) if name in last else _MAX_DISTANCE
        score += w["fades"] * distance + w["often"] * self.log_frequency[name]
        return score

    def _by_tag(self, person: Person, at: int, antecedent: str | None) -> float:
        w, tag = WEIGHTS, self.tags[at]
        if tag is None:
            return self._by_leading_pronoun(person, self._leading_pronoun(at))
        if tag.kind == "pronoun":
            score = w["she_last"] * (person.name == antecedent)
            if person.narrator:
                return w["he_narrates"]
            if person.female is None:
                return score + w["sex_unknown"]
            return score + (w["sex"] if person.female != (tag.text == "she") else 0.0)
        owner = self.tagged[at]
        if tag.text[:4] == "the " and (self.links is None or owner is None):
            return self._by_noun(person, tag.text) + w["noun_own"] * (owner == person)
        if tag.kind == "noun" and owner is None:
            return self._by_noun(person, tag.text)
        return w["named"] * (owner == person)

    def _by_leading_pronoun(self, person: Person, pronoun: str | None) -> float:
        w = WEIGHTS
        if pronoun is None:
            return 0.0
        if pronoun == "i" or person.narrator:
            return w["acts"] if pronoun == "i" and person.narrator else w["begins_sex"]
        if person.female is None:
            return 0.0
        return w["begins_sex"] if person.female != (pronoun == "she") else w["begins_same"]

    def _by_noun(self, person: Person, noun: str) -> float:
        w, sex = WEIGHTS, noun_gender(noun)
        link = (self.links or {}).get(noun, {}).get(person.name, 0.0)
        score = w["noun"] * link
        if person.narrator:
            return w["he_narrates"]
        if sex is not None and person.female is not None and sex != person.female:
            score += w["noun_sex"]
        return score

    def _leading_pronoun(self, at: int) -> str | None:
        """The pronoun that a piece of narration begins with: ``he``, ``she`` or ``i``."""
        for piece in self.paragraphs[at].told:
            if (found := _LEADING_PRONOUN.match(piece)) is not None:
                return found[1].lower()
        return None

    def acting(self, at: int) -> set[str]:
        """Who is the subject of a sentence right before or after a quotation: "Anna rose." """
        found = set()
        pieces = self.paragraphs[at].told
        for place, piece in enumerate(pieces):
            ends = spans(piece) if piece else []
            near = [ends[0]] * (place > 0) + [ends[-1]] * (place < len(pieces) - 1) if ends else []
            for start, end in near:
                sentence = piece[start:end]
                named = self.people.mentions(sentence)[:1]
                found |= {p.name for at, p in named if _CLAUSE_START.search(sentence[:at])}
        return found

    def _last_seen(self, at: int) -> dict[str, int]:
        """For each person named in the last paragraphs, the latest paragraph."""
        found: dict[str, int] = {}
        if self.people.narrator is not None:
            found[self.people.narrator.name] = at - _NARRATOR_DISTANCE
        for near in range(max(0, at - _MAX_DISTANCE), at + 1):
            found.update((person.name, near) for _, person in self.narrated[near])
            found.update(dict.fromkeys(self.addressed[near], near))
            if near < at and (person := self.tagged[near]) is not None:
                found[person.name] = near
        return found

    def _pronoun_antecedent(self, at: int) -> str | None:
        """Whom "he" or "she" means by the narration alone: the person of that gender named last."""
        tag = self.tags[at]
        if tag is None or tag.kind != "pronoun":
            return None
        for near in (at, at - 1, at - 2):
            if near < 0:
                return None
            female = tag.text == "she"
            names = [p.name for _, p in self.narrated[near] if p.female is female]
            if names:
                return names[0] if near == at else names[-1]
        return None
