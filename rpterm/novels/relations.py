"""Finds relations between people: whose brother, wife, friend or master somebody is. Pure.

Each place such as "Her sister Jane", "Jane, Elizabeth's sister", "Mr. and Mrs. Orme" or "my friend
Watson" adds weight to a relation between two people; a pronoun adds less than a name. The relation
with the most weight counts.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rpterm.novels.coreference import Sentence, name_at
from rpterm.novels.people import People, Person
from rpterm.novels.trait_patterns import KIN_TEXT, alternatives

_MORE_KIN_TEXT = (
    "schoolfellow housemate fellow-lodger roommate pupil landlady landlord employer housekeeper "
    "secretary assistant clerk apprentice butler valet maid nephew stepson stepdaughter "
    "step-daughter grandson granddaughter great-aunt great-uncle fiance fiancee betrothed heir "
    "patroness patron benefactor protector foster-mother foster-father nurse tutor grandmamma papa "
    "mamma"
)
_TOO_VAGUE = {"lover", "neighbour", "companion", "guest", "rival", "enemy", "teacher"}
_KIN_WORDS = {*KIN_TEXT.split(), *_MORE_KIN_TEXT.split()} - _TOO_VAGUE
_WORDS = alternatives(" ".join(_KIN_WORDS))
_KIN = rf"(?P<kin>(?:[a-z]+,?\s){{0,2}}(?:half-|step-)?(?:{_WORDS})(?:-in-law)?)"
_KIN_MODIFIERS_TEXT = (
    "late former first second old elder eldest younger youngest only twin bosom intimate best"
)
_KIN_MODIFIERS = frozenset(_KIN_MODIFIERS_TEXT.split())
"""Words before a kinship word that add information."""
_FEMALE_KIN_TEXT = (
    "mother sister daughter wife aunt niece governess widow grandmother stepmother landlady "
    "housekeeper maid patroness stepdaughter granddaughter great-aunt fiancee grandmamma mamma"
)
_MALE_KIN_TEXT = (
    "father brother son husband uncle nephew master widower grandfather stepfather landlord butler "
    "valet stepson grandson great-uncle papa"
)
_KIN_GENDER: dict[str, bool] = {
    **dict.fromkeys(_FEMALE_KIN_TEXT.split(), True),
    **dict.fromkeys(_MALE_KIN_TEXT.split(), False),
}
_KIN_BEFORE_NAME = re.compile(
    rf"\b(?P<whose>[Hh]is|[Hh]er|[Mm]y|[Yy]our|[’']s)\s{_KIN}(?P<mark>,?)\s$"
)
_KIN_AFTER_NAME = re.compile(
    rf"^(?:,\s|\s(?:was|is)\s|\s(?:was|is)\s(?:also|now)\s)(?P<whose>his|her|my|"
    rf"your)\s{_KIN}\b(?![-’'])"
)
_POSSESSIVE_KIN = re.compile(rf"^[’']s?\s{_KIN}\b(?![-’'])")
_KIN_OF = re.compile(rf"^(?:,\s(?:the|an?)|\s(?:was|is)\s(?:the|an?))\s{_KIN}\s(?:of|to)\s$")
_VOCATIVE = re.compile(
    r"(?:^|[,.!?;—-]\s*)(?:(?:[Mm]y|[Oo]h|[Dd]ear|[Pp]oor|[Ww]ell),?\s){0,3}(papa|father|dad|"
    r"mamma|mother|mama|aunt|uncle|"
    r"sister|brother|cousin|son|daughter|wife|husband|niece|nephew|grandmamma|grandmother|"
    r"grandfather|"
    r"grandpapa)(?=\s*[,.!?;—-])",
    re.IGNORECASE,
)
"""How somebody addresses the person they speak to."""
_FORMAL_WORD = {"papa": "father", "dad": "father", "mamma": "mother", "mama": "mother",
          "grandmamma": "grandmother", "grandpapa": "grandfather"}  # fmt: skip
_COUPLE = re.compile(r"\bMr\. and Mrs\. ([A-Z][\w’'-]*)\b")
_BY_NAME, _BY_MY, _BY_PRONOUN, _BY_YOUR, _BY_COUPLE, _BY_ADDRESS = 1.0, 1.0, 0.7, 0.4, 0.6, 0.2
_MIN_WEIGHT = 0.6
"""Weight a relation needs to be reported."""


@dataclass(frozen=True, slots=True)
class Relation:
    """``other`` is ``kin`` of ``person``: "Jane" is the "sister" of "Elizabeth"."""

    person: str
    other: str
    kin: str
    evidence: str
    weight: float

    @property
    def text(self) -> str:
        """The relation as a sentence."""
        possessive = f"{self.person}’" if self.person.endswith("s") else f"{self.person}’s"
        return f"{self.other} is {possessive} {self.kin}."


def find_relations(sentences: Iterable[Sentence], people: People) -> list[Relation]:
    """All relations that a book states clearly enough, those with the most weight first."""
    weights: dict[tuple[str, str], dict[str, float]] = defaultdict(lambda: defaultdict(float))
    evidence: dict[tuple[str, str, str], str] = {}
    for sentence in sentences:
        mentions = [*_mentions_in(sentence, people), *_couples(sentence, people)]
        for person, other, kin, weight in mentions:
            *before, bare = kin.split()
            word = " ".join([*(each for each in before if each in _KIN_MODIFIERS), bare])
            if (
                person == other
                or other.name.lower() in (*_FORMAL_WORD, *_FORMAL_WORD.values())
                or _KIN_GENDER.get(_base_word(word), other.female) != other.female
            ):
                continue
            pair = (person.name, other.name)
            weights[pair][word] += weight
            evidence.setdefault((*pair, word), sentence.text)
    relations = []
    for pair, kinds in weights.items():
        kin = max(kinds, key=lambda word: (kinds[word], len(word)))
        if kinds[kin] >= _MIN_WEIGHT:
            relations.append(Relation(*pair, kin, evidence[(*pair, kin)], kinds[kin]))
    return sorted(relations, key=lambda tie: -tie.weight)


def _base_word(kin: str) -> str:
    return kin.split()[-1].removesuffix("-in-law").removeprefix("half-")


def _mentions_in(sentence: Sentence, people: People) -> Iterator[tuple[Person, Person, str, float]]:
    """Owner, other, kinship word and weight of each relation that a sentence states."""
    text = sentence.text
    names = [(at, at + len(name_at(text, at, person)), person) for at, person in sentence.named]
    if sentence.by is not None and sentence.to is not None:
        for match in _VOCATIVE.finditer(text):
            kin = match[1].lower()
            yield sentence.by, sentence.to, _FORMAL_WORD.get(kin, kin), _BY_ADDRESS
    for number, (begins, ends, other) in enumerate(names):
        before, after = _KIN_BEFORE_NAME.search(text[:begins]), text[ends:]
        if before is not None and not re.match(r"[’']s|\sand\s[A-Z]", after):
            closed = not before["mark"] or re.match(r"[,.;:!?]", after)
            whose = _owner(sentence, before["whose"], before.start(), names, other, people)
            if whose is not None and closed:
                yield whose[0], other, before["kin"], whose[1]
        if (found := _KIN_AFTER_NAME.match(after)) is not None:
            whose = _owner(sentence, found["whose"], ends, names, other, people)
            if whose is not None:
                yield whose[0], other, found["kin"], whose[1]
        yield from _between(text, names, number)


def _between(
    text: str, names: list[tuple[int, int, Person]], number: int
) -> Iterator[tuple[Person, Person, str, float]]:
    """A relation stated between two names: "Jane, Elizabeth's sister"."""
    _, ends, other = names[number]
    if number + 1 == len(names):
        return
    next_begins, next_ends, owner = names[number + 1]
    gap = text[ends:next_begins]
    if (found := _KIN_OF.match(gap)) is not None:
        yield owner, other, found["kin"], _BY_NAME
    after = _POSSESSIVE_KIN.match(text[next_ends:])
    if after is not None and re.fullmatch(r",\s|\s(?:was|is)\s", gap):
        yield owner, other, after["kin"], _BY_NAME


def _owner(
    sentence: Sentence,
    whose: str,
    at: int,
    names: list[tuple[int, int, Person]],
    other: Person,
    people: People,
) -> tuple[Person, float] | None:
    """Whose relative it is, and the weight of that."""
    word = whose.lower()
    if word == "my":
        teller = sentence.by or people.narrator
        return (teller, _BY_MY) if teller is not None else None
    if word == "your":
        return (sentence.to, _BY_YOUR) if sentence.to is not None else None
    if word in ("his", "her"):
        rivals = {p.name for _, _, p in names if p != other and p.female == (word == "her")}
        subject = sentence.subject if sentence.subject not in (None, other) else None
        meant = subject if subject is not None and subject.female == (word == "her") else None
        if meant is None and other.female != (word == "her"):
            meant = sentence.means.get(word == "her")
        if meant is None or rivals - {meant.name}:
            return None
        return meant, _BY_PRONOUN
    owner = next((person for _, ends, person in names if ends == at), None)
    return (owner, _BY_NAME) if owner is not None else None


def _couples(sentence: Sentence, people: People) -> Iterator[tuple[Person, Person, str, float]]:
    """ "Mr. and Mrs. Orme" are married, if the book knows both."""
    for match in _COUPLE.finditer(sentence.text):
        man, woman = people.named(f"Mr. {match[1]}"), people.named(f"Mrs. {match[1]}")
        if (
            man is not None
            and woman is not None
            and _is_usual_name(man, match[1])
            and _is_usual_name(woman, match[1])
        ):
            yield man, woman, "wife", _BY_COUPLE
            yield woman, man, "husband", _BY_COUPLE


def _is_usual_name(person: Person, last: str) -> bool:
    """Whether a last name, alone or with a title, is what somebody is mostly called."""
    return person.name in (last, f"Mr. {last}", f"Mrs. {last}")
