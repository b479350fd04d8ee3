"""Whose brother, wife, friend or master somebody is, by the book's own words. Pure.

"Her sister Jane", "Jane, Elizabeth's sister", "Mr. and Mrs. Orme", "my friend Watson": each place
adds to what it says of two people; a pronoun adds less than a name. What is said oftenest counts.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rpterm.novels.lasting import KIN_TEXT
from rpterm.novels.people import People, Person
from rpterm.novels.reading import Sentence, name_at

_MORE = (
    "schoolfellow housemate fellow-lodger roommate pupil landlady landlord employer housekeeper "
    "secretary assistant clerk apprentice butler valet maid nephew stepson stepdaughter "
    "step-daughter grandson granddaughter great-aunt great-uncle fiance fiancee betrothed heir "
    "patroness patron benefactor protector foster-mother foster-father nurse tutor grandmamma papa "
    "mamma"
)
_VAGUE = {"lover", "neighbour", "companion", "guest", "rival", "enemy", "teacher"}
_WORDS = "|".join(
    sorted({*KIN_TEXT.split(), *_MORE.split()} - _VAGUE, key=lambda word: (-len(word), word))
)
_KIN = rf"(?P<kin>(?:[a-z]+,?\s){{0,2}}(?:half-|step-)?(?:{_WORDS})(?:-in-law)?)"
_TELLING = frozenset(
    [
        "late",
        "former",
        "first",
        "second",
        "old",
        "elder",
        "eldest",
        "younger",
        "youngest",
        "only",
        "twin",
        "bosom",
        "intimate",
        "best",
    ]
)
"""Words before kin that tell more than a manner of speaking."""
_SHE_TEXT = (
    "mother sister daughter wife aunt niece governess widow grandmother stepmother landlady "
    "housekeeper maid patroness stepdaughter granddaughter great-aunt fiancee grandmamma mamma"
)
_HE_TEXT = (
    "father brother son husband uncle nephew master widower grandfather stepfather landlord butler "
    "valet stepson grandson great-uncle papa"
)
_SEX: dict[str, bool] = {
    **dict.fromkeys(_SHE_TEXT.split(), True),
    **dict.fromkeys(_HE_TEXT.split(), False),
}
_BEFORE = re.compile(rf"\b(?P<whose>[Hh]is|[Hh]er|[Mm]y|[Yy]our|[’']s)\s{_KIN}(?P<mark>,?)\s$")
_AFTER = re.compile(
    rf"^(?:,\s|\s(?:was|is)\s|\s(?:was|is)\s(?:also|now)\s)(?P<whose>his|her|my|"
    rf"your)\s{_KIN}\b(?![-’'])"
)
_AFTER_NAME = re.compile(rf"^[’']s?\s{_KIN}\b(?![-’'])")
_OF = re.compile(rf"^(?:,\s(?:the|an?)|\s(?:was|is)\s(?:the|an?))\s{_KIN}\s(?:of|to)\s$")
_VOCATIVE = re.compile(
    r"(?:^|[,.!?;—-]\s*)(?:(?:[Mm]y|[Oo]h|[Dd]ear|[Pp]oor|[Ww]ell),?\s){0,3}(papa|father|dad|"
    r"mamma|mother|mama|aunt|uncle|"
    r"sister|brother|cousin|son|daughter|wife|husband|niece|nephew|grandmamma|grandmother|"
    r"grandfather|"
    r"grandpapa)(?=\s*[,.!?;—-])",
    re.IGNORECASE,
)
"""What somebody calls the one they speak to."""
_SPELT = {"papa": "father", "dad": "father", "mamma": "mother", "mama": "mother",
          "grandmamma": "grandmother", "grandpapa": "grandfather"}  # fmt: skip
_COUPLE = re.compile(r"\bMr\. and Mrs\. ([A-Z][\w’'-]*)\b")
_NAMED, _MINE, _PRONOUN, _YOURS, _PAIR, _CALLED = 1.0, 1.0, 0.7, 0.4, 0.6, 0.2
_ENOUGH = 0.6
"""What must speak for a tie before it is told."""


@dataclass(frozen=True, slots=True)
class Tie:
    """``other`` is ``kin`` of ``person``: "Jane" is the "sister" of "Elizabeth"."""

    person: str
    other: str
    kin: str
    evidence: str
    weight: float

    @property
    def text(self) -> str:
        """The tie as a sentence."""
        own = f"{self.person}’" if self.person.endswith("s") else f"{self.person}’s"
        return f"{self.other} is {own} {self.kin}."


def ties(sentences: Iterable[Sentence], people: People) -> list[Tie]:
    """All ties that a book tells of clearly enough, the best attested first."""
    weights: dict[tuple[str, str], dict[str, float]] = defaultdict(lambda: defaultdict(float))
    said: dict[tuple[str, str, str], str] = {}
    for sentence in sentences:
        for person, other, kin, weight in [*_told(sentence, people), *_couples(sentence, people)]:
            *before, bare = kin.split()
            word = " ".join([*(each for each in before if each in _TELLING), bare])
            if (
                person == other
                or other.name.lower() in _SPELT
                or _SEX.get(_bare(word), other.female) != other.female
            ):
                continue
            pair = (person.name, other.name)
            weights[pair][word] += weight
            said.setdefault((*pair, word), sentence.text)
    found = []
    for pair, words in weights.items():
        kin = max(words, key=lambda word: (words[word], len(word)))
        if words[kin] >= _ENOUGH:
            found.append(Tie(*pair, kin, said[(*pair, kin)], words[kin]))
    return sorted(found, key=lambda tie: -tie.weight)


def _bare(kin: str) -> str:
    return kin.split()[-1].removesuffix("-in-law").removeprefix("half-")


def _told(sentence: Sentence, people: People) -> Iterator[tuple[Person, Person, str, float]]:
    """Owner, other, kin and weight of each tie that a sentence tells."""
    text = sentence.text
    names = [(at, at + len(name_at(text, at, person)), person) for at, person in sentence.named]
    if sentence.by is not None and sentence.to is not None:
        for match in _VOCATIVE.finditer(text):
            kin = match[1].lower()
            yield sentence.by, sentence.to, _SPELT.get(kin, kin), _CALLED
    for number, (begins, ends, other) in enumerate(names):
        before, after = _BEFORE.search(text[:begins]), text[ends:]
        if before is not None and not re.match(r"[’']s|\sand\s[A-Z]", after):
            closed = not before["mark"] or re.match(r"[,.;:!?]", after)
            whose = _owner(sentence, before["whose"], before.start(), names, other, people)
            if whose is not None and closed:
                yield whose[0], other, before["kin"], whose[1]
        if (found := _AFTER.match(after)) is not None:
            whose = _owner(sentence, found["whose"], ends, names, other, people)
            if whose is not None:
                yield whose[0], other, found["kin"], whose[1]
        yield from _between(text, names, number)


def _between(
    text: str, names: list[tuple[int, int, Person]], number: int
) -> Iterator[tuple[Person, Person, str, float]]:
    """What stands between two names: "Jane, Elizabeth's sister"."""
    _, ends, other = names[number]
    if number + 1 == len(names):
        return
    next_begins, next_ends, owner = names[number + 1]
    gap = text[ends:next_begins]
    if (found := _OF.match(gap)) is not None:
        yield owner, other, found["kin"], _NAMED
    after = _AFTER_NAME.match(text[next_ends:])
    if after is not None and re.fullmatch(r",\s|\s(?:was|is)\s", gap):
        yield owner, other, after["kin"], _NAMED


def _owner(
    sentence: Sentence,
    whose: str,
    at: int,
    names: list[tuple[int, int, Person]],
    other: Person,
    people: People,
) -> tuple[Person, float] | None:
    """Whose kin it is, and how sure that is."""
    word = whose.lower()
    if word == "my":
        teller = sentence.by or people.narrator
        return (teller, _MINE) if teller is not None else None
    if word == "your":
        return (sentence.to, _YOURS) if sentence.to is not None else None
    if word in ("his", "her"):
        rivals = {p.name for _, _, p in names if p != other and p.female == (word == "her")}
        able = sentence.subject if sentence.subject not in (None, other) else None
        meant = able if able is not None and able.female == (word == "her") else None
        if meant is None and other.female != (word == "her"):
            meant = sentence.means.get(word == "her")
        if meant is None or rivals - {meant.name}:
            return None
        return meant, _PRONOUN
    owner = next((person for _, ends, person in names if ends == at), None)
    return (owner, _NAMED) if owner is not None else None


def _couples(sentence: Sentence, people: People) -> Iterator[tuple[Person, Person, str, float]]:
    """ "Mr. and Mrs. Orme" are married, where the book knows both."""
    for match in _COUPLE.finditer(sentence.text):
        man, woman = people.named(f"Mr. {match[1]}"), people.named(f"Mrs. {match[1]}")
        if (
            man is not None
            and woman is not None
            and _is_usual(man, match[1])
            and _is_usual(woman, match[1])
        ):
            yield man, woman, "wife", _PAIR
            yield woman, man, "husband", _PAIR


def _is_usual(person: Person, last: str) -> bool:
    """Whether a last name with a title, or alone, is what somebody goes by most."""
    return person.name in (last, f"Mr. {last}", f"Mrs. {last}")
