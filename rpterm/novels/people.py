"""Finds the people of a book who speak: their names, other names of the same person, gender. Pure.

Names are found where the book itself names a speaker ("said Mr. Darcy") or where somebody is
addressed ("Watson, come here"), so a town or a month is hardly ever taken for a person. A
first-person narrator is a person too, under the name that the others use and the narration never
does.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from rpterm.novels import gender, names
from rpterm.novels.quotations import Paragraph
from rpterm.novels.speech_tags import NAME, NO_NAMES, TITLE, WORD, SpeechTag, noun_gender

_MIN_NAMED = 2
"""Times a book must name somebody as a speaker, or have them addressed."""
_MIN_TITLED = 5
"""Times a name with a title must occur to belong to the same name without one."""
_MIN_MENTIONS = 4
"""Times somebody must occur who is never named as a speaker."""
_MIN_NOUN_TAGS = 6
"""Times "the stranger" must speak to count as a person."""
_GENERIC_NOUNS_TEXT = (
    "man woman girl boy gentleman lady child fellow person people lad youth mother father"
)
_GENERIC_NOUNS = frozenset(_GENERIC_NOUNS_TEXT.split())
_TITLED = re.compile(rf"{TITLE}\s+{WORD}")
_MID_SENTENCE = re.compile(rf"(?<=[a-z,;] ){NAME}")
_ADDRESSED = re.compile(
    rf"(?:^|[,.!?;:—-]\s*|\b(?:[Mm]y\s+)?(?:[Dd]ear(?:est)?|[Oo]ld|[Oo]h|O|"
    rf"[Pp]oor)\s+)({NAME})(?=\s*(?:[,.!?;:—-]|$))"
)
_PAIR = re.compile(rf"({TITLE}\s+{WORD}|{WORD})\s+and\s+({TITLE}\s+{WORD}|{WORD})(?!\s+[A-Z])")
_NOT_PEOPLE_TEXT = (
    "God Lord Heaven Heavens Sir Madam Ma'am Ma’am Miss Mr Mrs Mlle Mme Dr Dear Good Mamma Papa "
    "Come Look Yes No Well Why Oh Monsieur Madame Mademoiselle Sahib Christ Jesus "
    "Providence Nonsense"
)
_NOT_PEOPLE = frozenset(_NOT_PEOPLE_TEXT.split())
_YOUNGER = re.compile(rf"\b(?:[Yy]oung\s+(?:Mr\.?\s+)?({WORD})|Mrs\.?\s+({WORD})\s+{WORD})")
"""How a son or younger brother is told from the head of the family: "young Tom", and his wife as
"Mrs. Tom Orme"."""
_MIN_YOUNGER = 3
"""Times a book must say so."""
_FIRST_PERSON = re.compile(r"\b(?:I|me|my|myself)\b")
_OWN_NAME = re.compile(rf"\b(?:[Mm]y name (?:is|was)|[Cc]all me|I am called)\s+({NAME})")
_MIN_FIRST_PERSON = 0.25
"""Share of paragraphs without dialogue that say "I" if the narrator is one of the people."""
_MAX_SELF_NAMED = 0.25
"""How often the narration may use the narrator's own name, relative to others addressing them."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who speaks.

    Attributes:
        name: The name used most.
        names: All names, that one included.
        female: ``None`` if the book does not tell.
        narrator: Whether this is the book's "I".
    """

    name: str
    names: frozenset[str]
    female: bool | None = None
    narrator: bool = False


class People:
    """Everybody whom a book names as a speaker, and whom each name means."""

    def __init__(self, persons: Sequence[Person]) -> None:
        self.persons = tuple(persons)
        self._by_name = {name: each for each in persons for name in each.names}
        self._by_name |= {
            f"The{name[3:]}": each for name, each in self._by_name.items() if name[:4] == "the "
        }
        names = "|".join(map(re.escape, sorted(self._by_name, key=len, reverse=True)))
        self._pattern = re.compile(rf"(?<![\w’'])(?=[A-Zt])(?:{names or '(?!)'})(?!\w)")
        self.narrator = next((each for each in persons if each.narrator), None)

    def named(self, name: str) -> Person | None:
        """The person with this name."""
        return self._by_name.get(name)

    def with_names_merged(self, owners: Mapping[str, str]) -> People:
        """The people after some turned out to be others.

        Args:
            owners: For each such person, by name, whom they turned out to be.
        """
        extra: dict[str, set[str]] = {}
        for name, owner in owners.items():
            person = self._by_name[name]
            extra.setdefault(owner, set()).update(person.names)
        return People(
            [
                replace(each, names=each.names | extra.get(each.name, set()))
                for each in self.persons
                if each.name not in owners
            ]
        )

    def addressed_in(self, speech: str) -> list[Person]:
        """Everybody whom a speech addresses by name, in order."""
        return [each for name in addressed_names(speech) if (each := self.named(name))]

    def mentions(self, text: str) -> list[tuple[int, Person]]:
        """Everybody a text names, with the positions, in order."""
        return [(m.start(), self._by_name[m.group()]) for m in self._pattern.finditer(text)]


def find_people(
    paragraphs: Sequence[Paragraph], tags: Sequence[SpeechTag | None], same: Collection[str] = ()
) -> People:
    """Everybody who is named as a speaker at least twice, or who is addressed and mentioned.

    Args:
        tags: The speech tag of each paragraph.
        same: Names known to be one person's, such as a nickname and a name.
    """
    tagged = Counter(tag.text for tag in tags if tag and tag.kind == "name")
    addressed = Counter(name for p in paragraphs if p.quotes for name in addressed_names(p.speech))
    narrated = Counter(name for p in paragraphs for name in _names_in(p.narration))
    spoken = Counter(name for p in paragraphs for name in _names_in(p.speech))
    counts = _name_counts(tagged, addressed, narrated + spoken)
    genders = _genders(paragraphs, counts)
    apart, younger = distinct_pairs(paragraphs, tags), _younger_names(paragraphs)
    evidence = names.NameEvidence(counts, genders, apart, younger)
    groups = names.merge_groups(names.group_names(evidence), same)
    titles = Counter(" ".join(name.split()) for p in paragraphs for name in _TITLED.findall(p.text))
    names.add_titled(groups, [name for name, count in titles.items() if count >= _MIN_TITLED])
    names.add_rank_nouns(groups, counts)
    persons = [_person(group, evidence) for group in groups if group]
    taken = {name for person in persons for name in person.names}
    nouns = sorted(_speaking_nouns(filter(None, tags)) - taken)
    noun_genders = _genders(paragraphs, [*counts, *nouns]) if nouns else {}
    persons += [Person(noun, frozenset((noun,)), noun_genders.get(noun)) for noun in nouns]
    if _has_narrator(paragraphs, tags):
        own_name = _own_name(paragraphs, tags)
        persons = _with_narrator(persons, own_name, addressed, narrated, tagged)
    return People(persons)


def addressed_names(speech: str) -> list[str]:
    """Names set off by punctuation, as those of people who are addressed."""
    found = (" ".join(name.split()) for name in _ADDRESSED.findall(speech))
    return [name for name in found if not {name, name.split()[0]} & (NO_NAMES | _NOT_PEOPLE)]


def _names_in(text: str) -> list[str]:
    """Names inside a sentence, where a capital letter means something."""
    found = (" ".join(name.split()) for name in _MID_SENTENCE.findall(text))
    plain = (name.removesuffix("'s").removesuffix("’s") for name in found)
    return [name for name in plain if name.split()[0] not in NO_NAMES]


def _name_counts(
    tagged: Mapping[str, int], addressed: Mapping[str, int], mentioned: Mapping[str, int]
) -> dict[str, int]:
    """The names that belong to people, and how often each occurs in the book."""
    known = {name for name, count in tagged.items() if count >= _MIN_NAMED or mentioned.get(name)}
    known |= {
        name
        for name, count in mentioned.items()
        if count >= _MIN_MENTIONS
        and name not in _NOT_PEOPLE
        and (addressed.get(name, 0) >= _MIN_NAMED or tagged.get(name) or _TITLED.match(name))
    }
    words = {name.split()[-1] for name in known} | {name.split()[0] for name in known}
    known |= {
        name
        for name, count in mentioned.items()
        if count >= _MIN_NAMED
        and not name.startswith("the ")
        and 2 <= len(name.split()) <= 3
        and {name.split()[0], name.split()[-1]} & words
    }
    return {name: mentioned.get(name, 0) + 2 * tagged.get(name, 0) for name in known}


def _person(group: set[str], evidence: names.NameEvidence) -> Person:
    usual = max(group, key=lambda name: (evidence.counts.get(name, 0), len(name), name))
    female = gender.by_title(group)
    if female is None:
        votes: Counter[bool] = Counter()
        for name in group & evidence.female.keys():
            votes[evidence.female[name]] += evidence.counts.get(name, 0) + 1
        female = votes.most_common(1)[0][0] if votes else None
    return Person(usual, frozenset(group), female)


def _genders(paragraphs: Sequence[Paragraph], known: Collection[str]) -> dict[str, bool]:
    """The gender of each name for which it can be told."""
    people = People([Person(name, frozenset((name,))) for name in known])
    mentions = {
        each.index: [(at, person.name) for at, person in people.mentions(each.narration)]
        for each in paragraphs
    }
    by_noun = {name: noun_gender(name) for name in known if name.startswith("the ")}
    found = gender.of_names(known, paragraphs, mentions)
    return found | {name: sex for name, sex in by_noun.items() if sex is not None}


def distinct_pairs(
    paragraphs: Sequence[Paragraph], tags: Sequence[SpeechTag | None]
) -> set[frozenset[str]]:
    """Names of two people: they speak by turns, or one addresses the other, more than once."""
    pairs: Counter[frozenset[str]] = Counter()
    last: str | None = None
    for paragraph, tag in zip(paragraphs, tags, strict=True):
        name = tag.text if tag is not None and tag.kind == "name" else None
        if name:
            addressed = addressed_names(paragraph.speech)
            others = {each for each in addressed if not _share_word(each, name)}
            if last and not _share_word(last, name):
                others.add(last)
            pairs.update(frozenset((name, other)) for other in others)
        last = name
        together = _PAIR.findall(paragraph.narration) * _MIN_NAMED
        pairs.update(frozenset(pair) for pair in together if not _share_word(*pair))
    return {pair for pair, count in pairs.items() if count >= _MIN_NAMED}


def _younger_names(paragraphs: Sequence[Paragraph]) -> set[str]:
    """First names by which the book tells somebody from the head of the family."""
    counts = Counter(a or b for p in paragraphs for a, b in _YOUNGER.findall(p.text))
    return {name for name, count in counts.items() if count >= _MIN_YOUNGER}


def _share_word(one: str, other: str) -> bool:
    return bool(set(one.split()) & set(other.split()) - {"the"})


def _speaking_nouns(tags: Iterable[SpeechTag]) -> set[str]:
    """The nouns of speakers who have no name: "the stranger"."""
    counts = Counter(tag.text for tag in tags if tag.kind == "noun")
    return {
        noun
        for noun, count in counts.items()
        if count >= _MIN_NOUN_TAGS and noun[:4] == "the " and noun.split()[-1] not in _GENERIC_NOUNS
    }


# The narrator --------------------------------------------------------------------------------
def _has_narrator(paragraphs: Sequence[Paragraph], tags: Sequence[SpeechTag | None]) -> bool:
    narration = [each.text for each in paragraphs if not each.quotes]
    first_person = sum(bool(_FIRST_PERSON.search(text)) for text in narration)
    lines = sum(tag is not None and tag.kind == "narrator" for tag in tags)
    return lines >= _MIN_NAMED and first_person > _MIN_FIRST_PERSON * len(narration)


def _own_name(paragraphs: Sequence[Paragraph], tags: Sequence[SpeechTag | None]) -> str:
    """The name that the narrator gives: "My name is Ann Wade"; "" if none."""
    told = (
        f"{each.narration} {each.speech}" if tag and tag.kind == "narrator" else each.narration
        for each, tag in zip(paragraphs, tags, strict=True)
    )
    counts = Counter(name for text in told for name in _OWN_NAME.findall(text))
    return counts.most_common(1)[0][0] if counts else ""


def _with_narrator(
    persons: list[Person],
    own_name: str,
    addressed: Mapping[str, int],
    narrated: Mapping[str, int],
    tagged: Mapping[str, int],
) -> list[Person]:
    """Mark the narrator: who gives this name, or whom others address and the narration hardly
    mentions."""

    def total(person: Person, counts: Mapping[str, int]) -> int:
        return sum(counts.get(name, 0) for name in person.names)

    def is_never_told(person: Person) -> bool:
        called = total(person, addressed)
        told = total(person, narrated) + total(person, tagged)
        return called >= _MIN_NAMED and told <= _MAX_SELF_NAMED * called

    candidates = [each for each in persons if own_name in each.names or is_never_told(each)]
    if not candidates:
        name = own_name or "the narrator"
        return [*persons, Person(name, frozenset((name,)), gender.by_name(name), True)]
    best = max(candidates, key=lambda each: (own_name in each.names, total(each, addressed)))
    return [replace(each, narrator=True) if each is best else each for each in persons]
