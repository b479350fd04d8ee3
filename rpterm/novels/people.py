"""The people of a book who speak: their names, other names of the same person, he or she. Pure.

Names are found where the book itself names a speaker ("said Mr. Darcy"), so a town or a month is
never a person. Two names are one person's where one is the other's short form and could be nobody
else's. Nicknames that share no word ("Lizzy") are not known to be the same; the reader may say so.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from rpterm.novels.speech import Paragraph

_SAID = (
    "said says cried cries replied asked answered exclaimed observed remarked returned continued "
    "added whispered murmured muttered repeated began resumed rejoined shouted called declared "
    "demanded inquired enquired interrupted responded retorted suggested sighed growled screamed "
    "roared gasped thought went sobbed faltered laughed explained agreed announced protested "
    "pleaded persisted concluded ejaculated snapped stammered admitted insisted commented"
)
SAID = frozenset(_SAID.split())
_HE_TEXT = "mr sir lord captain colonel uncle father king prince duke count monsieur"
_SHE_TEXT = "mrs miss ms lady madam madame aunt mother queen princess mademoiselle"
HE, SHE = frozenset(_HE_TEXT.split()), frozenset(_SHE_TEXT.split())
TITLES = HE | SHE | {"dr", "doctor", "inspector", "professor", "general", "major", "st"}
_WORD = r"[A-Z][\w’'-]*[\w]"
_NO_TEXT = "I He She They It We You The A An His Her And But Then There This That So"
_NO_NAMES = frozenset(_NO_TEXT.split())
_TITLE = r"(?:" + "|".join(sorted({t.capitalize() for t in TITLES})) + r")\b\.?"
NAME = rf"(?:the\s+)?(?:{_TITLE}\s+)?(?:{_WORD})(?:\s+(?:(?:de|van|von|le|la)\s+)?{_WORD}){{0,3}}"
_VERB = rf"(?:{'|'.join(sorted(SAID))})"
_AFTER = re.compile(rf"^\W*{_VERB}\s+(?:(?:poor|old|little|young)\s+)?({NAME})")
_BEFORE = re.compile(rf"^\W*({NAME})\s+(?:\w+ly\s+)?{_VERB}\b")
_LEAST = 2
"""Times a book must name somebody as a speaker."""
_TITLED = re.compile(rf"{_TITLE}\s+{_WORD}")
_OFTEN = 5
"""Times a name with a title must stand in the text to belong to the one without."""
_CLAUSE = 60
"""Characters after a name in which "he" or "she" still means that person."""
_NEAR = re.compile(r"\b(she|he|herself|himself)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who speaks.

    Attributes:
        name: The name used most.
        names: All names, that one included.
        female: ``None`` where the book does not tell.
    """

    name: str
    names: frozenset[str]
    female: bool | None = None


class People:
    """Everybody whom a book names as a speaker, and whom a name means."""

    def __init__(self, persons: Sequence[Person]) -> None:
        self.persons = tuple(persons)
        self._by_name = {name: each for each in persons for name in each.names}
        names = "|".join(map(re.escape, sorted(self._by_name, key=len, reverse=True)))
        self._pattern = re.compile(rf"(?<![\w’'])(?:{names or '(?!)'})(?!\w)")

    def named(self, name: str) -> Person | None:
        """Whom a name means."""
        return self._by_name.get(name)

    def mentions(self, text: str) -> list[tuple[int, Person]]:
        """Everybody a text names, with the places, in order."""
        return [(m.start(), self._by_name[m.group()]) for m in self._pattern.finditer(text)]


def find(paragraphs: Sequence[Paragraph], same: Collection[str] = ()) -> People:
    """Everybody who is named as a speaker at least twice.

    Args:
        same: Names that are known to be one person's, such as a nickname and a name.
    """
    counts: Counter[str] = Counter()
    for paragraph in paragraphs:
        counts.update(filter(None, map(speaker_named, paragraph.told if paragraph.said else ())))
    groups = _together({name: count for name, count in counts.items() if count >= _LEAST})
    groups = _united(groups, same)
    told = Counter(" ".join(name.split()) for p in paragraphs for name in _TITLED.findall(p.text))
    _add_titled(groups, [name for name, count in told.items() if count >= _OFTEN])
    first = People([Person(_usual(names, counts), frozenset(names)) for names in groups])
    votes = _pronouns(paragraphs, first)
    return People([_known(each, votes.get(each.name, 0)) for each in first.persons])


def speaker_named(told: str) -> str | None:
    """The name in "said Mr. Darcy" or "Mr. Darcy replied", where a piece of narration begins so."""
    found = _AFTER.match(told) or _BEFORE.match(told)
    if found is None:
        return None
    name = " ".join(found[1].split()).removesuffix("'s").removesuffix("’s")
    return None if name.split()[0] in _NO_NAMES else name


def _together(counts: Mapping[str, int]) -> list[set[str]]:
    """Names in groups: a short form joins the group that it can belong to, of several the one named
    most; a last name alone is never a married woman's."""
    groups: list[set[str]] = []
    for name in sorted(counts, key=lambda each: (-len(each.split()), -counts[each], each)):
        fitting = [group for group in groups if any(_short_for(name, long) for long in group)]
        if fitting:
            max(fitting, key=lambda group: sum(counts[each] for each in group)).add(name)
        else:
            groups.append({name})
    return groups


def _united(groups: Sequence[set[str]], same: Collection[str]) -> list[set[str]]:
    """The groups of these names as one; a name that nobody has is one more of theirs."""
    wanted = {name.casefold() for name in same}
    mine = [group for group in groups if any(name.casefold() in wanted for name in group)]
    known = {name.casefold() for group in mine for name in group}
    one = {name for name in same if name.casefold() not in known}.union(*mine)
    return [*([one] if one else []), *(group for group in groups if group not in mine)]


def _add_titled(groups: Sequence[set[str]], names: Iterable[str]) -> None:
    """ "Mr. Darcy" is Darcy, too, unless he is somebody by himself or Darcy has another title."""
    taken = set().union(*groups)
    for name in names:
        title, plain = _titled(name)
        fitting = [group for group in groups if any(_titled(each)[1] == plain for each in group)]
        if name in taken or len(fitting) != 1 or title in ("mrs", "miss"):
            continue
        if {_titled(each)[0] for each in fitting[0]} <= {"", title}:
            fitting[0].add(name)


def _short_for(short: str, long: str) -> bool:
    """Whether one name is another one cut down: without a title, or a first or last name alone."""
    title, plain = _titled(short)
    other, whole = _titled(long)
    if title and other and title != other:
        return False
    if not plain or not whole or (other == "mrs" and not title):
        return False
    if plain == whole:
        return True
    return len(plain) == 1 and plain[0] in (whole[0], whole[-1]) and not (title and not other)


def _titled(name: str) -> tuple[str, list[str]]:
    words = [word for word in name.split() if word != "the"]
    if words and words[0].rstrip(".").lower() in TITLES:
        return words[0].rstrip(".").lower(), words[1:]
    return "", words


def _usual(names: Iterable[str], counts: Mapping[str, int]) -> str:
    return max(names, key=lambda name: (counts[name], len(name), name))


def _pronouns(paragraphs: Iterable[Paragraph], people: People) -> dict[str, int]:
    """More "she" than "he" right after a person's name: above 0; the other way round: below."""
    votes: dict[str, int] = {}
    for paragraph in paragraphs:
        named = people.mentions(paragraph.narration)
        if len({person.name for _, person in named}) != 1:
            continue
        at, person = named[0]
        if (found := _NEAR.search(paragraph.narration, at, at + _CLAUSE)) is not None:
            female = found[1].lower() in ("she", "herself")
            votes[person.name] = votes.get(person.name, 0) + (1 if female else -1)
    return votes


def _known(person: Person, vote: int) -> Person:
    titles = {_titled(name)[0] for name in person.names}
    if titles & HE or titles & SHE:
        return replace(person, female=bool(titles & SHE))
    return replace(person, female=vote > 0 if vote else None)
