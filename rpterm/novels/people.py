"""The people of a book who speak: their names, other names of the same person, he or she. Pure.

Names are found where the book itself names a speaker ("said Mr. Darcy"), or calls somebody in talk
("Watson, come here"), so a town or a month is hardly ever a person. Whoever tells the story as "I"
is a person, too, under the name that the others call and the narration never uses.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from rpterm.novels import gender
from rpterm.novels import names as naming
from rpterm.novels.speech import Paragraph
from rpterm.novels.tags import NAME, NO_NAMES, TITLE, WORD, Tag
from rpterm.novels.tags import female as noun_female

_LEAST = 2
"""Times a book must name somebody as a speaker, or call them."""
_OFTEN = 5
"""Times a name with a title must stand in the text to belong to the one without."""
_MENTIONED = 4
"""Times somebody must stand in the text who is never named as a speaker."""
_NOUN_TAGS = 6
"""Times "the stranger" must speak to be a person."""
_ANYBODY_TEXT = (
    "man woman girl boy gentleman lady child fellow person people lad youth mother father"
)
_ANYBODY = frozenset(_ANYBODY_TEXT.split())
_TITLED = re.compile(rf"{TITLE}\s+{WORD}")
_FREE = re.compile(rf"(?<=[a-z,;] ){NAME}")
_CALLED = re.compile(
    rf"(?:^|[,.!?;:—-]\s*|\b(?:[Mm]y\s+)?(?:[Dd]ear(?:est)?|[Oo]ld|[Oo]h|O|"
    rf"[Pp]oor)\s+)({NAME})(?=\s*(?:[,.!?;:—-]|$))"
)
_AND = re.compile(rf"({TITLE}\s+{WORD}|{WORD})\s+and\s+({TITLE}\s+{WORD}|{WORD})(?!\s+[A-Z])")
_NOBODY_TEXT = (
    "God Lord Heaven Heavens Sir Madam Ma'am Ma’am Miss Mr Mrs Dear Good Mamma Papa Come Look Yes "
    "No Well Why Oh Monsieur Madame Mademoiselle Sahib Christ Jesus Providence Nonsense"
)
_NOBODY = frozenset(_NOBODY_TEXT.split())
_TELLS = re.compile(r"\b(?:I|me|my|myself)\b")
_I_TELLS = 0.25
"""Share of paragraphs without talk that say "I" where the narrator is one of the people."""
_UNSAID = 0.25
"""How often the narration may use the narrator's own name, to one time it is called."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who speaks.

    Attributes:
        name: The name used most.
        names: All names, that one included.
        female: ``None`` where the book does not tell.
        narrator: Whether it is the book's "I".
    """

    name: str
    names: frozenset[str]
    female: bool | None = None
    narrator: bool = False


class People:
    """Everybody whom a book names as a speaker, and whom a name means."""

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
        """Whom a name means."""
        return self._by_name.get(name)

    def renamed(self, owners: Mapping[str, str]) -> People:
        """The people anew, where some turned out to be others: their names by whose they are."""
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

    def mentions(self, text: str) -> list[tuple[int, Person]]:
        """Everybody a text names, with the places, in order."""
        return [(m.start(), self._by_name[m.group()]) for m in self._pattern.finditer(text)]


def find(
    paragraphs: Sequence[Paragraph], tags: Sequence[Tag | None], same: Collection[str] = ()
) -> People:
    """Everybody who is named as a speaker at least twice, or called by others and told of.

    Args:
        tags: What the book says of the speaker, for each paragraph.
        same: Names that are known to be one person's, such as a nickname and a name.
    """
    tagged = Counter(tag.text for tag in tags if tag and tag.kind == "name")
    called = Counter(name for p in paragraphs if p.said for name in called_in(p.speech))
    told = Counter(name for p in paragraphs for name in _free(p.narration))
    counts = _counts(tagged, called, told + Counter(n for p in paragraphs for n in _free(p.speech)))
    female = _sexes(paragraphs, counts)
    known = naming.Known(counts, female, _apart(paragraphs, tags))
    groups = naming.united(naming.together(known), same)
    titles = Counter(" ".join(name.split()) for p in paragraphs for name in _TITLED.findall(p.text))
    naming.add_titled(groups, [name for name, count in titles.items() if count >= _OFTEN])
    persons = [_person(group, known) for group in groups if group]
    persons += _nouns(filter(None, tags))
    if _has_narrator(paragraphs, tags):
        persons = _with_narrator(persons, called, told, tagged)
    return People(persons)


def called_in(speech: str) -> list[str]:
    """Names that stand between marks, as somebody's who is spoken to do."""
    found = (" ".join(name.split()) for name in _CALLED.findall(speech))
    return [name for name in found if not {name, name.split()[0]} & (NO_NAMES | _NOBODY)]


def _free(text: str) -> list[str]:
    """Names within a sentence, where a capital tells something."""
    found = (" ".join(name.split()) for name in _FREE.findall(text))
    plain = (name.removesuffix("'s").removesuffix("’s") for name in found)
    return [name for name in plain if name.split()[0] not in NO_NAMES]


def _counts(
    tagged: Mapping[str, int], called: Mapping[str, int], told: Mapping[str, int]
) -> dict[str, int]:
    """The names that are people's, and how often each stands in the book."""
    known = {name for name, count in tagged.items() if count >= _LEAST or told.get(name)}
    known |= {
        name
        for name, count in told.items()
        if count >= _MENTIONED
        and name not in _NOBODY
        and (called.get(name, 0) >= _LEAST or tagged.get(name) or _TITLED.match(name))
    }
    words = {name.split()[-1] for name in known} | {name.split()[0] for name in known}
    known |= {
        name
        for name, count in told.items()
        if count >= _LEAST
        and not name.startswith("the ")
        and 2 <= len(name.split()) <= 3
        and {name.split()[0], name.split()[-1]} & words
    }
    return {name: told.get(name, 0) + 2 * tagged.get(name, 0) for name in known}


def _person(names: Iterable[str], known: naming.Known) -> Person:
    group = frozenset(names)
    usual = max(group, key=lambda name: (known.counts.get(name, 0), len(name), name))
    by_title = gender.by_title(group)
    votes: Counter[bool] = Counter()
    for name in group & known.female.keys():
        votes[known.female[name]] += known.counts.get(name, 0) + 1
    told = votes.most_common(1)[0][0] if votes else None
    return Person(usual, group, by_title if by_title is not None else told)


def _sexes(paragraphs: Sequence[Paragraph], names: Collection[str]) -> dict[str, bool]:
    """The sex of each name that tells it."""
    single = People([Person(name, frozenset((name,))) for name in names])
    mentions = {
        each.at: [(at, person.name) for at, person in single.mentions(each.narration)]
        for each in paragraphs
    }
    return gender.of_names(names, paragraphs, mentions)


def _apart(paragraphs: Sequence[Paragraph], tags: Sequence[Tag | None]) -> set[frozenset[str]]:
    """Names of two people: they speak by turns, or one calls the other, more than once."""
    pairs: Counter[frozenset[str]] = Counter()
    last: str | None = None
    for paragraph, tag in zip(paragraphs, tags, strict=True):
        name = tag.text if tag is not None and tag.kind == "name" else None
        if name:
            called = {each for each in called_in(paragraph.speech) if not _share(each, name)}
            if last and not _share(last, name):
                called.add(last)
            pairs.update(frozenset((name, other)) for other in called)
        last = name
        beside = (_AND.findall(paragraph.narration)) * _LEAST
        pairs.update(frozenset(pair) for pair in beside if not _share(*pair))
    return {pair for pair, count in pairs.items() if count >= _LEAST}


def _share(one: str, other: str) -> bool:
    return bool(set(one.split()) & set(other.split()))


def _nouns(tags: Iterable[Tag]) -> list[Person]:
    """Speakers who have no name but a noun of their own: "the stranger"."""
    counts = Counter(tag.text for tag in tags if tag.kind == "noun")
    return [
        Person(noun, frozenset((noun,)), noun_female(noun))
        for noun, count in counts.items()
        if count >= _NOUN_TAGS and noun[:4] == "the " and noun.split()[-1] not in _ANYBODY
    ]


# The narrator --------------------------------------------------------------------------------
def _has_narrator(paragraphs: Sequence[Paragraph], tags: Sequence[Tag | None]) -> bool:
    told = [each.text for each in paragraphs if not each.said]
    by_i = sum(bool(_TELLS.search(text)) for text in told)
    speaks = sum(tag is not None and tag.kind == "narrator" for tag in tags)
    return speaks >= _LEAST and by_i > _I_TELLS * len(told)


def _with_narrator(
    persons: list[Person],
    called: Mapping[str, int],
    told: Mapping[str, int],
    tagged: Mapping[str, int],
) -> list[Person]:
    """The narrator among them: the one whom they call and of whom the narration never tells."""

    def sums(person: Person, counts: Mapping[str, int]) -> int:
        return sum(counts.get(name, 0) for name in person.names)

    able = [
        each
        for each in persons
        if sums(each, called) >= _LEAST
        and sums(each, told) + sums(each, tagged) <= _UNSAID * sums(each, called)
    ]
    if not able:
        return [*persons, Person("the narrator", frozenset(("the narrator",)), None, True)]
    best = max(able, key=lambda each: sums(each, called))
    return [replace(each, narrator=True) if each is best else each for each in persons]
