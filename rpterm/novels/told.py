"""What a book tells of somebody, by the narration, by the others, by themselves. Pure.

A claim is a sentence of the book, or a part of one, that begins with the person or names them
beside what they are; it is never worded anew but for the name in the place of a pronoun. With it
comes the whole sentence it was cut from.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from rpterm.novels import claims, reading
from rpterm.novels.book import Book
from rpterm.novels.claims import Kind
from rpterm.novels.features import features
from rpterm.novels.people import Person
from rpterm.novels.reading import Sentence, name_at
from rpterm.novels.ties import Tie, ties
from rpterm.novels.ways import things_of

_LOOKS: Kind = "looks"
_THINGS: Kind = "habit"
_EARLY = 12
"""Paragraphs after somebody's first naming in which they are described."""
_FIRST, _HEARSAY, _ADDRESSED = 1.5, -0.5, -1.0
"""What is added to a claim's worth: told at first, by another one, to the person's face."""
_YOU_ARE = re.compile(
    r"^(?:(?:But|Why|And|Oh),?\s+)?[Yy]ou(?=\s+(?:\w+ly\s+)?(?:are|have|always|never)\b)"
)
_NAMED_AS = re.compile(
    r"\b(?P<what>an? (?:[\w’'-]+,? ){1,8}?)(?:named|called|by the name of|of the name of),? $"
)
_CLAUSE = re.compile(
    r"(?:[;:]|--|,(?=\s(?:and|but)\s)|\bI (?:think|believe|know|suppose|(?:a|')m sure|say)(?: "
    r"that)?(?=\s))\s?(?:(?:and|but|for|yet)\s+)?(?P<clause>(?=[A-Z]|(?:he|she|his|"
    r"her)\s)[^;:“”]+?)(?=[;:.!?]|--|,\s(?:and|but)\s(?:he|she|his|her)\s|$)"
)
"""A later clause about the same person: "; his manners were easy"."""
_ONESELF_LEAST, _ONESELF_MOST = 3, 24


@dataclass(frozen=True, slots=True)
class Claim:
    """Something that is told of somebody.

    Attributes:
        text: In the book's words, with the name in the place of a pronoun.
        evidence: The whole sentence as it stands.
        kind: What it is about.
        told_by: Who says it; "" is the narration.
        at: The paragraph.
        worth: How much it tells.
    """

    text: str
    evidence: str
    kind: Kind
    told_by: str = ""
    at: int = 0
    worth: float = 0.0


class Told:
    """What a book tells of each of its people; read once, asked often."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self._sentences = list(reading.read(book))
        self._first: dict[str, int] = {}
        self._about: dict[str, dict[str, Claim]] = {}
        self._ties: list[Tie] | None = None
        for sentence in self._sentences:
            for _, each in sentence.named:
                self._first.setdefault(each.name, sentence.at)
            for person, claim in self._claims(sentence):
                self._about.setdefault(person.name, {}).setdefault(claim.text, claim)

    def of(self, person: Person) -> list[Claim]:
        """All claims about somebody, in the book's order, each once; worth more where they come
        in."""
        early = self._first.get(person.name, 0) + _EARLY
        return [
            replace(claim, worth=claim.worth + _FIRST * (claim.at <= early))
            for claim in self._about.get(person.name, {}).values()
        ]

    def gathered(self, person: Person, name: str) -> list[Claim]:
        """What the book names of somebody's looks and things in passing, gathered to claims."""
        narrated = [each for each in self._sentences if each.by is None]
        found = []
        for (listed, evidence), kind, verb in (
            (features(narrated, person), _LOOKS, "has"),
            (things_of(narrated, person), _THINGS, "is often seen with"),
        ):
            text = f"{name} {verb} {listed}."
            if listed:
                found.append(Claim(text, evidence, kind, worth=claims.worth(kind, text)))
        return found

    def ties_of(self, person: Person) -> list[Tie]:
        """Whose kin and friend somebody is, one tie to each of the others."""
        if self._ties is None:
            self._ties = ties(self._sentences, self.book.people)
        found: dict[str, Tie] = {}
        for tie in self._ties:
            if person.name in (tie.person, tie.other):
                found.setdefault(tie.other if tie.person == person.name else tie.person, tie)
        return list(found.values())

    def _claims(self, sentence: Sentence) -> Iterator[tuple[Person, Claim]]:
        if sentence.by is None:
            yield from self._narrated(sentence)
        else:
            yield from self._said(sentence, sentence.by)
        yield from self._beside(sentence)

    def _narrated(self, sentence: Sentence) -> Iterator[tuple[Person, Claim]]:
        """A sentence of the narration that is about somebody."""
        person, narrator = sentence.subject, self.book.people.narrator
        if person is None:
            return
        if person == narrator and sentence.head in ("I", "My", "my"):
            yield from self._own(sentence, person)
            return
        yield from self._kept(person, sentence, "")
        for owner, clause in _later(sentence):
            yield from self._kept(owner, clause, "", sentence.text)

    def _said(self, sentence: Sentence, speaker: Person) -> Iterator[tuple[Person, Claim]]:
        """What one says of another, or of oneself."""
        person, text = sentence.subject, sentence.text
        if person == speaker and sentence.head in ("I", "My", "my"):
            yield from self._own(sentence, speaker)
        elif person is not None and person != speaker:
            yield from self._kept(person, sentence, speaker.name)
        else:
            for owner, clause in _later(sentence):
                if owner != speaker:
                    yield from self._kept(owner, clause, speaker.name, text)
        if (you := _YOU_ARE.match(text)) is not None and sentence.to is not None:
            found = claims.of(text, you.end())
            if found is not None and claims.fits(text, sentence.to.female):
                yield sentence.to, self._claim(sentence, *found, speaker.name, _ADDRESSED)

    def _kept(
        self, person: Person, sentence: Sentence, told_by: str, whole: str = ""
    ) -> Iterator[tuple[Person, Claim]]:
        text, begins, ends = sentence.text, sentence.begins, sentence.ends
        head = sentence.head
        if head.lower() in ("he", "she", "his", "her"):
            head = f"{person.name}’s" if sentence.owned else person.name
        phrase = text[:begins] if re.match(r"\w+ (?!\w+$)|In |By ", text[:begins]) else ""
        phrase = phrase if re.match(r"(?:In|By|With|Of|As|For|Like|From|To)\b", phrase) else ""
        found = claims.of(phrase + head + text[ends:], len(phrase + head), sentence.owned)
        if found is not None and claims.fits(found[1], person.female):
            claim = self._claim(sentence, *found, told_by, _HEARSAY if told_by else 0.0)
            yield person, replace(claim, evidence=whole or claim.evidence)

    def _beside(self, sentence: Sentence) -> Iterator[tuple[Person, Claim]]:
        """Names with what they are beside them, anywhere: "a printer named Pell"."""
        told_by = sentence.by.name if sentence.by is not None else ""
        for at, person in sentence.named:
            if person == sentence.by or (at == sentence.begins and person == sentence.subject):
                continue
            name = name_at(sentence.text, at, person)
            verb = "is" if told_by else "was"
            found = claims.beside(name, sentence.text[at + len(name) :], verb)
            if found is None and (named := _NAMED_AS.search(sentence.text[:at])) is not None:
                found = claims.beside(name, f", {named['what'].strip(' ,')}.", verb)
            if found is not None and claims.fits(found[1], person.female):
                yield person, self._claim(sentence, *found, told_by, 0.0)

    def _own(self, sentence: Sentence, person: Person) -> Iterator[tuple[Person, Claim]]:
        text = claims.of_self(sentence.text)
        if _ONESELF_LEAST <= len(text.split()) <= _ONESELF_MOST and text.endswith((".", "!")):
            yield person, self._claim(sentence, "own", text, person.name, 0.0)

    def _claim(self, sentence: Sentence, kind: Kind, text: str, told_by: str, more: float) -> Claim:
        worth = claims.worth(kind, text) + more
        return Claim(text, sentence.text, kind, told_by, sentence.at, worth)


def best(found: Sequence[Claim], most: int, kinds: Sequence[Kind]) -> list[Claim]:
    """The claims of some kinds that are worth most, in the book's order."""
    able = sorted((each for each in found if each.kind in kinds), key=lambda each: -each.worth)
    return sorted(able[:most], key=lambda each: each.at)


def _later(sentence: Sentence) -> Iterator[tuple[Person, Sentence]]:
    """The later clauses of a sentence, each with whom it is about: "; his manners were easy"."""
    named = dict(sentence.named)
    for match in _CLAUSE.finditer(sentence.text):
        at, clause = match.start("clause"), f"{match['clause'].rstrip('.')}."
        head = re.match(r"(?:he|she|his|her)\b", clause)
        if head is not None:
            owner, ends = sentence.means.get(head[0] in ("she", "her")), head.end()
            owned = head[0] in ("his", "her")
        else:
            owner, owned = named.get(at), False
            ends = len(name_at(clause, 0, owner)) if owner is not None else 0
        if owner is not None:
            yield owner, replace(sentence, text=clause, begins=0, ends=ends, owned=owned)
