"""Collects what a book says about each person: the narration, the others, the person. Pure.

A claim is a sentence of the book, or a part of one, that begins with the person or names them next
to what they are. Only a pronoun is replaced by the name; nothing else is reworded. The complete
source sentence is kept with the claim.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from rpterm.novels import claims, coreference
from rpterm.novels.appearance import appearance_features
from rpterm.novels.book import Book
from rpterm.novels.claims import Kind
from rpterm.novels.coreference import Sentence, name_at
from rpterm.novels.mannerisms import possessions
from rpterm.novels.people import Person
from rpterm.novels.relations import Relation, find_relations

_FEATURES_KIND: Kind = "looks"
_POSSESSIONS_KIND: Kind = "habit"
_INTRODUCTION = 12
"""Paragraphs after somebody's first mention in which they are introduced."""
_INTRODUCTION_BONUS, _HEARSAY_BONUS, _TO_FACE_BONUS = 1.5, -0.5, -1.0
"""Added to a claim's worth: in the introduction, by somebody else, to the person's face."""
_YOU_ARE = re.compile(
    r"^(?:(?:But|Why|And|Oh),?\s+)?[Yy]ou(?=\s+(?:\w+ly\s+)?(?:are|have|always|never)\b)"
)
_NAMED_AS = re.compile(
    r"\b(?P<what>an? (?:[\w’'-]+,? ){1,8}?)(?:named|called|by the name of|of the name of),? $"
)
_LATER_CLAUSE = re.compile(
    r"(?:[;:]|--|,(?=\s(?:and|but)\s)|\bI (?:think|believe|know|suppose|(?:a|')m sure|say)(?: "
    r"that)?(?=\s))\s?(?:(?:and|but|for|yet)\s+)?(?P<clause>(?=[A-Z]|(?:he|she|his|"
    r"her)\s)[^;:“”]+?)(?=[;:.!?]|--|,\s(?:and|but)\s(?:he|she|his|her)\s|$)"
)
"""A later clause about the same person: "; his manners were easy"."""
_PHRASE = re.compile(r"(?:In|By|With|Of|As|For|Like|From|To)\s+\w")
"""What stands before a subject: "In height he was ...", but not "For he was ...". """
_MIN_OWN_WORDS, _MAX_OWN_WORDS = 3, 24


@dataclass(frozen=True, slots=True)
class Claim:
    """Something the book says about a person.

    Attributes:
        text: In the book's words, with the name in the place of a pronoun.
        evidence: The complete source sentence.
        kind: What it is about.
        told_by: Who says it; "" is the narration.
        index: Index of its paragraph.
        worth: How informative it is.
    """

    text: str
    evidence: str
    kind: Kind
    told_by: str = ""
    index: int = 0
    worth: float = 0.0


class BookClaims:
    """What a book says about each of its people; the book is read once."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self._sentences = list(coreference.read(book))
        self._first_mention: dict[str, int] = {}
        self._claims_by_name: dict[str, dict[str, Claim]] = {}
        self._relations: list[Relation] | None = None
        for sentence in self._sentences:
            for _, each in sentence.named:
                self._first_mention.setdefault(each.name, sentence.index)
            for person, claim in self._claims(sentence):
                self._claims_by_name.setdefault(person.name, {}).setdefault(claim.text, claim)

    def of(self, person: Person) -> list[Claim]:
        """All claims about a person, in the book's order; worth more at their introduction."""
        last = self._first_mention.get(person.name, 0) + _INTRODUCTION
        return [
            replace(claim, worth=claim.worth + _INTRODUCTION_BONUS * (claim.index <= last))
            for claim in self._claims_by_name.get(person.name, {}).values()
        ]

    def gathered(self, person: Person, name: str) -> list[Claim]:
        """Claims collected from passing mentions of somebody's looks and possessions."""
        narration = [each for each in self._sentences if each.by is None]
        collected = []
        for (listed, evidence), kind, verb in (
            (appearance_features(narration, person), _FEATURES_KIND, "has"),
            (possessions(narration, person), _POSSESSIONS_KIND, "is often seen with"),
        ):
            text = f"{name} {verb} {listed}."
            if listed:
                collected.append(Claim(text, evidence, kind, worth=claims.worth(kind, text)))
        return collected

    def relations_of(self, person: Person) -> list[Relation]:
        """Whose relative or friend somebody is; one relation per other person."""
        if self._relations is None:
            self._relations = find_relations(self._sentences, self.book.people)
        relations: dict[str, Relation] = {}
        for relation in self._relations:
            if person.name in (relation.person, relation.other):
                is_owner = relation.person == person.name
                relations.setdefault(relation.other if is_owner else relation.person, relation)
        return list(relations.values())

    def _claims(self, sentence: Sentence) -> Iterator[tuple[Person, Claim]]:
        if sentence.by is None:
            yield from self._from_narration(sentence)
        else:
            yield from self._from_dialogue(sentence, sentence.by)
        yield from self._appositions(sentence)

    def _from_narration(self, sentence: Sentence) -> Iterator[tuple[Person, Claim]]:
        """Claims in a sentence of the narration that is about somebody."""
        person, narrator = sentence.subject, self.book.people.narrator
        if person is None:
            return
        if person == narrator and sentence.head in ("I", "My", "my"):
            yield from self._about_self(sentence, person)
            return
        yield from self._about_subject(person, sentence, "")
        for owner, clause in _later_clauses(sentence):
            yield from self._about_subject(owner, clause, "", sentence.text)

    def _from_dialogue(self, sentence: Sentence, speaker: Person) -> Iterator[tuple[Person, Claim]]:
        """Claims in what somebody says of another person, or of themselves."""
        person, text = sentence.subject, sentence.text
        if person == speaker and sentence.head in ("I", "My", "my"):
            yield from self._about_self(sentence, speaker)
        elif person is not None and person != speaker:
            yield from self._about_subject(person, sentence, speaker.name)
        else:
            for owner, clause in _later_clauses(sentence):
                if owner != speaker:
                    yield from self._about_subject(owner, clause, speaker.name, text)
        if (you := _YOU_ARE.match(text)) is not None and sentence.to is not None:
            found = claims.classify(text, you.end())
            if found is not None and claims.fits_gender(text, sentence.to.female):
                yield sentence.to, self._make_claim(sentence, *found, speaker.name, _TO_FACE_BONUS)

    def _about_subject(
        self, person: Person, sentence: Sentence, told_by: str, evidence: str = ""
    ) -> Iterator[tuple[Person, Claim]]:
        """The claim that a sentence makes about its subject."""
        text, begins, ends = sentence.text, sentence.begins, sentence.ends
        head = sentence.head
        if head.lower() in ("he", "she", "his", "her"):
            head = f"{person.name}’s" if sentence.owned else person.name
        phrase = text[:begins] if _PHRASE.match(text[:begins]) else ""
        found = claims.classify(phrase + head + text[ends:], len(phrase + head), sentence.owned)
        if found is not None and claims.fits_gender(found[1], person.female):
            claim = self._make_claim(sentence, *found, told_by, _HEARSAY_BONUS if told_by else 0.0)
            yield person, replace(claim, evidence=evidence or claim.evidence)

    def _appositions(self, sentence: Sentence) -> Iterator[tuple[Person, Claim]]:
        """Appositions to names anywhere in a sentence: "a printer named Pell"."""
        told_by = sentence.by.name if sentence.by is not None else ""
        for at, person in sentence.named:
            if person == sentence.by or (at == sentence.begins and person == sentence.subject):
                continue
            name = name_at(sentence.text, at, person)
            verb = "is" if told_by else "was"
            found = claims.apposition(name, sentence.text[at + len(name) :], verb)
            if found is None and (named := _NAMED_AS.search(sentence.text[:at])) is not None:
                found = claims.apposition(name, f", {named['what'].strip(' ,')}.", verb)
            if found is not None and claims.fits_gender(found[1], person.female):
                yield person, self._make_claim(sentence, *found, told_by, 0.0)

    def _about_self(self, sentence: Sentence, person: Person) -> Iterator[tuple[Person, Claim]]:
        text = claims.about_self(sentence.text)
        if _MIN_OWN_WORDS <= len(text.split()) <= _MAX_OWN_WORDS and text.endswith((".", "!")):
            yield person, self._make_claim(sentence, "own", text, person.name, 0.0)

    def _make_claim(
        self, sentence: Sentence, kind: Kind, text: str, told_by: str, bonus: float
    ) -> Claim:
        worth = claims.worth(kind, text) + bonus
        return Claim(text, sentence.text, kind, told_by, sentence.index, worth)


def best(candidates: Sequence[Claim], most: int, kinds: Sequence[Kind]) -> list[Claim]:
    """The claims of some kinds that are worth most, in the book's order."""
    of_kinds = [each for each in candidates if each.kind in kinds]
    by_worth = sorted(of_kinds, key=lambda each: -each.worth)
    return sorted(by_worth[:most], key=lambda each: each.index)


def _later_clauses(sentence: Sentence) -> Iterator[tuple[Person, Sentence]]:
    """The later clauses of a sentence, with whom each is about: "; his manners were easy"."""
    named = dict(sentence.named)
    for match in _LATER_CLAUSE.finditer(sentence.text):
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
