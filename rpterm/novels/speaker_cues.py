"""Scores each person as the speaker of a line by the cues around it, apart from turn-taking. Pure.

Every cue adds to a person's score. The weights are natural log-odds. Together with those of turn-
taking they were fitted (L-BFGS) to the highest expected number of right lines in the 14 development
novels of PDNC (``tests/bench/fit_speakers.py``), and scaled by 0.6, so that the lines it attributes
are as often right as with the weights set by hand before; ``pronoun_acts_nearby`` is newer and set
by hand. Fitted to seven of these novels, they are right about 1 % fewer lines of the other seven.
Probabilities of 0.9 and more are right in 93 % of cases.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from rpterm.novels import gender
from rpterm.novels.people import People, Person
from rpterm.novels.pronoun_subjects import CLAUSE_START, PRONOUN_SUBJECT, acting_pronouns
from rpterm.novels.quotations import Paragraph
from rpterm.novels.speech_tags import SpeechTag, noun_gender
from rpterm.novels.voices import Voices
from rpterm.text.sentences import spans

WEIGHTS: dict[str, float] = {
    "named_by_tag": 6.9,
    "pronoun_conflicts": -5.2,
    "pronoun_antecedent": 1.9,
    "narrator_in_third_person": -2.7,
    "noun_link": 1.9,
    "noun_conflicts": -3.5,
    "acts_nearby": 1.9,
    "pronoun_acts_nearby": 1.3,
    "acts_before": 1.4,
    "acts_after": -2.1,
    "named_in_narration": 2.1,
    "named_before": 1.5,
    "presence": 0.6,
    "leading_pronoun_conflicts": -1.3,
    "addressed_in_line": -2.7,
    "mentioned_in_line": -3.3,
    "addressed_before": 1.2,
    "addressed_after": 1.3,
    "honorific_before": 1.5,
    "voice": 0.5,
    "distance": -0.1,
    "log_frequency": 0.3,
    "somebody_else": -2.2,
}
"""Log-odds of each cue; ``distance`` counts per paragraph."""
_MAX_DISTANCE = 8
"""Paragraphs after which a mention counts as equally far away."""
_NARRATOR_DISTANCE = 4
"""Distance of a first-person narrator, who is never named but never absent."""
_PARAGRAPHS_BACK = 30
"""Paragraphs before a conversation in which "she" may have been named for the last time."""
_LEADING_PRONOUN = re.compile(r"^\W*(?:and\s+|then\s+|but\s+)?(He|She|he|she|I)\b")

Cue = tuple[str, float]
"""The name of a cue, a key of ``WEIGHTS``, and how often it counts."""
Links = Mapping[str, Mapping[str, float]]
"""For a noun ("the old lady"), the probability that it means each person."""


@dataclass(frozen=True, slots=True)
class _Around:
    """What surrounds a line.

    Attributes:
        last_seen: For each person named in the last paragraphs, the latest paragraph.
        people: Cue → everybody for whom it counts.
        antecedent: Whom the pronoun of the tag means by the narration alone.
        sounds_like: How much the line sounds like each person.
    """

    last_seen: Mapping[str, int]
    people: Mapping[str, Collection[str]]
    antecedent: str | None
    sounds_like: Mapping[str, float]


class SpeakerCues:
    """The cues of one book.

    Args:
        tags: The speech tag of each paragraph.
        links: Whom nouns mean, from a first pass; ``None`` in that pass.
        voices: The words of each person, from a first pass.
    """

    def __init__(
        self,
        paragraphs: Sequence[Paragraph],
        tags: Sequence[SpeechTag | None],
        people: People,
        links: Links | None = None,
        voices: Voices | None = None,
    ) -> None:
        self.paragraphs, self.tags, self.people = paragraphs, tags, people
        self.links, self.voices = links, voices
        self.narrated = [people.mentions(each.narration) for each in paragraphs]
        self.mentioned = [{p.name for _, p in people.mentions(each.speech)} for each in paragraphs]
        self.addressed = [
            {person.name for person in people.addressed_in(each.speech)} for each in paragraphs
        ]
        self.objects = [self._objects_of_pronoun(each) for each in paragraphs]
        self.listener_sex = [gender.of_listener(each.speech) for each in paragraphs]
        self.tagged = [self._tagged_person(tag) for tag in tags]
        self.acting_pronouns = acting_pronouns(paragraphs, people, self.tagged)
        counts = Counter(person.name for person in self.tagged if person)
        most = max(counts.values(), default=1)
        self.log_frequency = {
            each.name: math.log((counts[each.name] + 1) / (most + 1)) for each in people.persons
        }

    def _tagged_person(self, tag: SpeechTag | None) -> Person | None:
        if tag is None or tag.kind == "pronoun":
            return None
        return self.people.narrator if tag.kind == "narrator" else self.people.named(tag.text)

    def present(self, first: int, last: int, before: int) -> Counter[str]:
        """The people named between two paragraphs, or a little before, and how often.

        If these are all men, or all women, whoever was the last of the others is present, too.
        """
        found: Counter[str] = Counter()
        for at in range(max(0, first - before), last + 1):
            found.update(list(dict.fromkeys(person.name for _, person in self.narrated[at])))
            if first <= at:
                found.update(sorted(self.addressed[at]))
                if (person := self.tagged[at]) is not None:
                    found[person.name] += 3
        for female in (False, True):
            if not any((each := self.people.named(n)) and each.female is female for n in found):
                found.update(self._last_of_sex(female, first - before))
        if self.people.narrator is not None:
            found[self.people.narrator.name] += 5
        return found

    def _last_of_sex(self, female: bool, before: int) -> list[str]:
        """The last woman, or man, whom the narration names before a paragraph."""
        for at in range(before - 1, max(0, before - _PARAGRAPHS_BACK) - 1, -1):
            named = [person.name for _, person in self.narrated[at] if person.female is female]
            if named:
                return named[-1:]
        return []

    def scores(
        self,
        at: int,
        candidates: Sequence[Person | None],
        present: Mapping[str, int],
        asked: int | None,
    ) -> list[float]:
        """The score of each person, and of ``None`` for somebody else.

        Args:
            present: How often each person is named in the conversation; see ``present``.
            asked: The paragraph of the previous line in the same conversation.
        """
        return [
            sum(WEIGHTS[cue] * value for cue, value in cues)
            for cues in self.cues(at, candidates, present, asked)
        ]

    def cues(
        self,
        at: int,
        candidates: Sequence[Person | None],
        present: Mapping[str, int],
        asked: int | None,
    ) -> Iterator[Iterator[Cue]]:
        """The cues for each person, and for ``None``; see ``scores``."""
        around = self._around(at, asked, [person.name for person in candidates if person])
        for person in candidates:
            if person is None:
                yield self._cues_for_nobody(at)
            else:
                yield self._cues_for(person, at, asked, around, present)

    def _around(self, at: int, asked: int | None, names: Collection[str]) -> _Around:
        acting, addressed = self.acting(at), self.addressed[at]
        people: dict[str, Collection[str]] = {
            "acts_nearby": acting,
            "pronoun_acts_nearby": self.acting_pronouns[at] - acting,
            "acts_before": self._acting_in_narration(at - 1, -1),
            "acts_after": self._acting_in_narration(at + 1, 0),
            "named_before": self._named_in_narration(at - 1),
            "named_in_narration": {person.name for _, person in self.narrated[at]},
            "addressed_in_line": addressed,
            "mentioned_in_line": self.mentioned[at] - addressed,
            "addressed_before": self.addressed[asked] if asked is not None else (),
            "addressed_after": self.addressed[at + 1] if at + 1 < len(self.addressed) else (),
        }
        return _Around(
            last_seen=self._last_seen(at),
            people=people,
            antecedent=self._pronoun_antecedent(at),
            sounds_like=self._sounds_like(at, names),
        )

    def _cues_for_nobody(self, at: int) -> Iterator[Cue]:
        """The cues for somebody who is not among the people of the book."""
        if not self.paragraphs[at].continues_speech:
            yield "somebody_else", 1

    def _cues_for(
        self,
        person: Person,
        at: int,
        asked: int | None,
        around: _Around,
        present: Mapping[str, int],
    ) -> Iterator[Cue]:
        name = person.name
        yield from self._by_tag(person, at, around.antecedent)
        yield "voice", around.sounds_like.get(name, 0.0)
        if self.paragraphs[at].continues_speech:
            return
        if self.links is None and name[:4] == "the " and all(n[:4] == "the " for n in person.names):
            yield "distance", 4
            yield "log_frequency", self.log_frequency[name]
            return
        yield from ((cue, name in people) for cue, people in around.people.items())
        yield "presence", math.log1p(present[name])
        if asked is not None:
            yield "honorific_before", self._fits_honorific(person, asked)
        last = around.last_seen.get(name, at - _MAX_DISTANCE)
        yield "distance", min(_MAX_DISTANCE, at - last)
        yield "log_frequency", self.log_frequency[name]

    def _sounds_like(self, at: int, names: Collection[str]) -> Mapping[str, float]:
        """For each of these people, how much a line that names nobody sounds like them."""
        if self.voices is None or self.tagged[at] is not None:
            return {}
        return self.voices.log_ratios(at, self.paragraphs[at].speech, names)

    def _fits_honorific(self, person: Person, at: int) -> int:
        """1 if a line calls its listener what this person may be called ("sir"), -1 if not."""
        sex = self.listener_sex[at]
        return 0 if sex is None or person.female is None else 1 if sex == person.female else -1

    def _by_tag(self, person: Person, at: int, antecedent: str | None) -> Iterator[Cue]:
        tag = self.tags[at]
        if tag is None:
            yield from self._by_leading_pronoun(person, self._leading_pronoun(at))
        elif tag.kind == "pronoun":
            if person.narrator:
                yield "narrator_in_third_person", 1
                return
            yield "pronoun_antecedent", person.name == antecedent
            if person.female is not None:
                yield "pronoun_conflicts", person.female != (tag.text == "she")
        elif self._is_unnamed(at):
            yield from self._by_noun(person, tag.text)
        else:
            yield "named_by_tag", self.tagged[at] == person

    def _is_unnamed(self, at: int) -> bool:
        """Whether a line's tag is a noun that may be anybody's."""
        tag, owner = self.tags[at], self.tagged[at]
        if tag is None or (self.links is not None and owner is not None):
            return False
        return tag.text[:4] == "the " or (tag.kind == "noun" and owner is None)

    def _by_leading_pronoun(self, person: Person, pronoun: str | None) -> Iterator[Cue]:
        if pronoun is None:
            return
        if pronoun == "i" or person.narrator:
            is_narrator = pronoun == "i" and person.narrator
            yield ("acts_nearby" if is_narrator else "leading_pronoun_conflicts"), 1
        elif person.female is not None:
            yield "leading_pronoun_conflicts", person.female != (pronoun == "she")

    def _by_noun(self, person: Person, noun: str) -> Iterator[Cue]:
        if person.narrator:
            yield "narrator_in_third_person", 1
            return
        yield "noun_link", (self.links or {}).get(noun, {}).get(person.name, 0.0)
        sex = noun_gender(noun)
        if sex is not None and person.female is not None:
            yield "noun_conflicts", sex != person.female

    def _leading_pronoun(self, at: int) -> str | None:
        """The pronoun that a piece of narration begins with: ``he``, ``she`` or ``i``."""
        for piece in self.paragraphs[at].narration_parts:
            if (found := _LEADING_PRONOUN.match(piece)) is not None:
                return found[1].lower()
        return None

    def _objects_of_pronoun(self, paragraph: Paragraph) -> set[str]:
        """Everybody named after "he" in a sentence beside a line: he is none of them.

        In "he said, looking at Ann's hat" nobody named after the pronoun can be meant by it
        (Chomsky 1981, principle C).
        """
        found: set[str] = set()
        for piece in filter(None, paragraph.narration_parts if paragraph.quotes else ()):
            sentence = piece[slice(*spans(piece)[0])]
            if (subject := PRONOUN_SUBJECT.match(sentence)) is not None:
                named = self.people.mentions(sentence)
                found |= {person.name for begins, person in named if begins >= subject.end()}
        return found

    def acting(self, at: int) -> set[str]:
        """Who is the subject of a sentence right before or after a quotation: "Anna rose." """
        found = set()
        pieces = self.paragraphs[at].narration_parts
        for place, piece in enumerate(pieces):
            ends = spans(piece) if piece else []
            near = [ends[0]] * (place > 0) + [ends[-1]] * (place < len(pieces) - 1) if ends else []
            for start, end in near:
                found |= self._subject(piece[start:end])
        return found

    def _acting_in_narration(self, at: int, sentence: Literal[0, -1]) -> set[str]:
        """The subject of the first or last sentence of a paragraph in which nobody speaks."""
        if not self._is_narration(at):
            return set()
        start, end = spans(self.paragraphs[at].text)[sentence]
        return self._subject(self.paragraphs[at].text[start:end])

    def _named_in_narration(self, at: int) -> set[str]:
        """Everybody named in a paragraph in which nobody speaks."""
        return {p.name for _, p in self.narrated[at]} if self._is_narration(at) else set()

    def _is_narration(self, at: int) -> bool:
        return 0 <= at < len(self.paragraphs) and not self.paragraphs[at].quotes

    def _subject(self, sentence: str) -> set[str]:
        """The person a sentence or clause begins with, if any."""
        named = self.people.mentions(sentence)[:1]
        return {person.name for at, person in named if CLAUSE_START.search(sentence[:at])}

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
            if near == at:
                names = [name for name in names if name not in self.objects[at]]
            if names:
                return names[0] if near == at else names[-1]
        return None
