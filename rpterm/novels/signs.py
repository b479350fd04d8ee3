"""What speaks for each person as the speaker of a line, apart from whose turn it is. Pure.

Every sign adds to a person's score; the scores are natural logarithms of odds, set by hand in whole
and half numbers. They were chosen while looking at the 14 development novels of PDNC, so the
figures of those novels are a little better than those of others will be.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from rpterm.novels.people import People, Person, called_in
from rpterm.novels.speech import Paragraph
from rpterm.novels.tags import Tag
from rpterm.novels.tags import female as noun_female
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
_FADED = 8
"""Paragraphs after which a mention is as far away as any."""
_NARRATOR = 4
"""How far away the one who tells the story always is: never named, never gone."""
_BEGINS = re.compile(r"^\W*(?:and\s+|then\s+|but\s+)?(He|She|he|she|I)\b")
_ACTS = re.compile(r"(?:^|[.!?]\W*|^\W*(?:and|but|then|as)\s+|^\W*\w+ly,?\s+)$")

Links = Mapping[str, Mapping[str, float]]
"""For a noun ("the old lady") how likely it is whom."""


class Signs:
    """Reads the signs of one book.

    Args:
        tags: What the book says of the speaker, for each paragraph.
        links: Whom nouns mean, from a first reading; ``None`` in that one.
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
        self.told = [people.mentions(each.narration) for each in paragraphs]
        self.spoken = [{p.name for _, p in people.mentions(each.speech)} for each in paragraphs]
        self.called = [
            {person.name for name in called_in(each.speech) if (person := people.named(name))}
            if each.said
            else set()
            for each in paragraphs
        ]
        self.tagged = [self._whom(tag) for tag in tags]
        counts = Counter(person.name for person in self.tagged if person)
        most = max(counts.values(), default=1)
        self.often = {
            each.name: math.log((counts[each.name] + 1) / (most + 1)) for each in people.persons
        }

    def _whom(self, tag: Tag | None) -> Person | None:
        if tag is None or tag.kind == "pronoun":
            return None
        return self.people.narrator if tag.kind == "narrator" else self.people.named(tag.text)

    def present(self, first: int, last: int, before: int) -> Counter[str]:
        """Who is named between two paragraphs, or a little before: the name and how often."""
        found: Counter[str] = Counter()
        for at in range(max(0, first - before), last + 1):
            found.update(list(dict.fromkeys(person.name for _, person in self.told[at])))
            if first <= at:
                found.update(sorted(self.called[at]))
                if (person := self.tagged[at]) is not None:
                    found[person.name] += 3
        if self.people.narrator is not None:
            found[self.people.narrator.name] += 5
        return found

    def scores(self, at: int, able: Sequence[Person | None], asked: int | None) -> list[float]:
        """For each person, and ``None`` for somebody else, what speaks for them.

        Args:
            asked: The paragraph of the line before in the same conversation.
        """
        last = self._last_seen(at)
        acting = self.acting(at)
        meant = self._meant(at)
        return [self._score(person, at, asked, last, acting, meant) for person in able]

    def _score(
        self,
        person: Person | None,
        at: int,
        asked: int | None,
        last: Mapping[str, int],
        acting: Iterable[str],
        meant: str | None,
    ) -> float:
        w, tag = WEIGHTS, self.tags[at]
        if person is None:
            alone = 0.0 if self.paragraphs[at].goes_on else w["nobody"]
            if tag is None or self.tagged[at] is not None:
                return alone
            return alone + w["unnamed"] * (tag.kind == "name") + w["a_noun"] * (tag.kind == "noun")
        name = person.name
        score = self._by_tag(person, at, meant)
        if self.paragraphs[at].goes_on:
            return score
        if self.links is None and name[:4] == "the " and all(n[:4] == "the " for n in person.names):
            return score + w["fades"] * 4 + w["often"] * self.often[name]
        score += w["acts"] * (name in acting)
        score += w["told"] * any(p.name == name for _, p in self.told[at])
        score += w["called"] * (name in self.called[at])
        score += w["spoken_of"] * (name in self.spoken[at] and name not in self.called[at])
        if asked is not None:
            score += w["answers_call"] * (name in self.called[asked])
        after = at + 1
        if after < len(self.paragraphs) and self.paragraphs[after].said:
            score += w["is_answered"] * (name in self.called[after])
        distance = min(_FADED, at - last[name]) if name in last else _FADED
        score += w["fades"] * distance + w["often"] * self.often[name]
        return score

    def _by_tag(self, person: Person, at: int, meant: str | None) -> float:
        w, tag = WEIGHTS, self.tags[at]
        if tag is None:
            begins = self._begins(at)
            if begins is None:
                return 0.0
            if begins == "i" or person.narrator:
                return w["acts"] if begins == "i" and person.narrator else w["begins_sex"]
            if person.female is None:
                return 0.0
            return w["begins_sex"] if person.female != (begins == "she") else w["begins_same"]
        if tag.kind == "pronoun":
            score = w["she_last"] * (person.name == meant)
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

    def _by_noun(self, person: Person, noun: str) -> float:
        w, sex = WEIGHTS, noun_female(noun)
        link = (self.links or {}).get(noun, {}).get(person.name, 0.0)
        score = w["noun"] * link
        if person.narrator:
            return w["he_narrates"]
        if sex is not None and person.female is not None and sex != person.female:
            score += w["noun_sex"]
        return score

    def _begins(self, at: int) -> str | None:
        """The pronoun that a piece of narration begins with: ``he``, ``she`` or ``i``."""
        for told in self.paragraphs[at].told:
            if (found := _BEGINS.match(told)) is not None:
                return found[1].lower()
        return None

    def acting(self, at: int) -> set[str]:
        """Who begins the sentence right before or after a quotation: "Anna rose." """
        found = set()
        told = self.paragraphs[at].told
        for place, piece in enumerate(told):
            ends = spans(piece) if piece else []
            near = [ends[0]] * (place > 0) + [ends[-1]] * (place < len(told) - 1) if ends else []
            for start, end in near:
                sentence = piece[start:end]
                named = self.people.mentions(sentence)[:1]
                found |= {p.name for at, p in named if _ACTS.search(sentence[:at])}
        return found

    def _last_seen(self, at: int) -> dict[str, int]:
        """For each person named in the last paragraphs, where last."""
        found: dict[str, int] = {}
        if self.people.narrator is not None:
            found[self.people.narrator.name] = at - _NARRATOR
        for near in range(max(0, at - _FADED), at + 1):
            found.update((person.name, near) for _, person in self.told[near])
            found.update(dict.fromkeys(self.called[near], near))
            if near < at and (person := self.tagged[near]) is not None:
                found[person.name] = near
        return found

    def _meant(self, at: int) -> str | None:
        """Whom "he" or "she" means by the narration alone: of that sex, the one named last."""
        tag = self.tags[at]
        if tag is None or tag.kind != "pronoun":
            return None
        for near in (at, at - 1, at - 2):
            if near < 0:
                return None
            fits = [p.name for _, p in self.told[near] if p.female is (tag.text == "she")]
            if fits:
                return fits[0] if near == at else fits[-1]
        return None
