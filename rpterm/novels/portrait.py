"""A card made of a book's own words: what somebody says, and what is told of them. Pure.

Nothing is invented. Claims are sentences of the book with where they stand, examples its exchanges.
Rules cannot tell what matters, or what the last chapter changes: it is a draft for its writer's
eyes.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from rpterm.cards.card import CharacterCard, Lorebook, LoreEntry
from rpterm.novels import exchanges
from rpterm.novels.book import Book
from rpterm.novels.people import Person
from rpterm.novels.speakers import Line
from rpterm.novels.style import style
from rpterm.novels.told import KIN, SURE, TIE, Claim, Kind, Told, first
from rpterm.sentences import sentences

_MOST: dict[Kind, int] = {
    "age": 1, "looks": 3, "work": 2, "being": 2, "manner": 4, "habit": 3, "own": 6
}  # fmt: skip
"""Claims of each kind that a card has."""
_DESCRIBED: tuple[Kind, ...] = ("work", "age", "looks", "being", "manner", "habit")
_SENTENCES = 3
"""Sentences of a description."""
_RELATIONS, _PEOPLE = 8, 8
_CALLED, _CALLINGS = 6, 2
"""Others of whom is told how they are called, and how often they must be."""
_VIEW_LEAST, _VIEW_MOST = 5, 22
"""Words of what somebody says of another."""
_SCENE_FAR, _SCENE_MOST = 4, 70
"""Paragraphs before the first greeting where its scene may be told, and its words."""


@dataclass(frozen=True, slots=True)
class Portrait:
    """A card and where its claims come from.

    Attributes:
        notes: For a line of the card, the sentence of the book behind it.
        lines: How often the person speaks in the book.
    """

    card: CharacterCard
    notes: Mapping[str, str]
    lines: int


def sketch(book: Book, person: Person, source: str, year: str = "") -> Portrait:
    """The draft of a card.

    Args:
        source: What the book is called, for the notes.
        year: What the person knows nothing after; "" is no limit.
    """
    told = Told(book)
    claims = told.of(person)
    ties, rest = _parted(book, person, claims)
    described = _described(rest)
    attributes = list(_chosen([each for each in rest if each not in described]))
    relations = [*map(_worded, [*ties, *_views(book, person, ties)]), *_calls(book, person)]
    openings = exchanges.greetings(book, person)
    own, others = _spoken(book, person)
    card = CharacterCard(
        name=_shown(person),
        tagline=f"Out of {source}.",
        description=_prose(person, described),
        scenario=_scene(book, openings),
        knows_until=year,
        greetings=tuple(text for _, text in openings),
        attributes=tuple(_worded(each) for each in attributes),
        relations=tuple(relations[:_RELATIONS]),
        style=tuple(style(own, others)),
        limits=("{{char}} never decides what {{user}} says, does or feels.",),
        examples=tuple(exchanges.examples(book, person)),
        lorebook=Lorebook(tuple(_others(book, person, told))),
        tags=("novel",),
        creator_notes=f"Drafted by rules from {source}: every line is the book's own.",
    )
    notes = {_worded(each): each.evidence for each in [*attributes, *ties]}
    notes[card.description] = " ".join(each.evidence for each in described)
    return Portrait(card, notes, len(own))


def _prose(person: Person, claims: Sequence[Claim]) -> str:
    """Claims as prose: after the first sentence "she" or "he" stands for the name, as in a book."""
    pronoun = {True: "She", False: "He"}.get(person.female) if person.female is not None else None
    texts = [_worded(claim) for claim in claims]
    if pronoun is None:
        return " ".join(texts)
    begins = re.compile(rf"^(?:{_names(person)})(?=\s)")
    return " ".join([*texts[:1], *(begins.sub(pronoun, text) for text in texts[1:])])


def _names(person: Person) -> str:
    """A pattern of somebody's names, the longest first."""
    return "|".join(sorted(map(re.escape, person.names), key=lambda name: (-len(name), name)))


def _shown(person: Person) -> str:
    return f"The{person.name[3:]}" if person.name.startswith("the ") else person.name


def _worded(claim: Claim) -> str:
    """A claim as a line of the card: what somebody says is in quotes, with who says it."""
    return f"{claim.told_by}: “{claim.text}”" if claim.told_by else claim.text


def _parted(book: Book, person: Person, claims: Sequence[Claim]) -> tuple[list[Claim], list[Claim]]:
    """Claims about the person and another one, and the rest."""
    ties: list[Claim] = []
    rest: list[Claim] = []
    for claim in claims:
        named = {each.name for _, each in book.people.mentions(claim.text)} - {person.name}
        tied = KIN.search(claim.text) or TIE.search(claim.text)
        (ties if named and tied else rest).append(claim)
    return ties, rest


def _described(claims: Sequence[Claim]) -> list[Claim]:
    """The first of each kind that the narration tells: work, age and looks before ways; where it
    tells little, what others say."""
    found = [claim for kind in _DESCRIBED if (claim := first(claims, kind)) is not None]
    found += [claim for claim in claims if not claim.told_by and claim not in found]
    found += [claim for claim in claims if claim not in found and claim.kind != "own"]
    return sorted(found[:_SENTENCES], key=lambda claim: claim.at)


def _chosen(claims: Sequence[Claim]) -> Iterator[Claim]:
    """A few claims of each kind, in the book's order; the narration's before others' words."""
    for kind, most in _MOST.items():
        able = [claim for claim in claims if claim.kind == kind]
        able.sort(key=lambda claim: (bool(claim.told_by), claim.at))
        yield from sorted(able[:most], key=lambda claim: claim.at)


# The others ---------------------------------------------------------------------------------
def _views(book: Book, person: Person, ties: Sequence[Claim]) -> Iterator[Claim]:
    """What the person says of each of the others, where nothing is told of the two."""
    told = {p.name for tie in ties for _, p in book.people.mentions(tie.text)}
    for other in _met(book, person):
        if other.name not in told and (view := _view(book, person, other)) is not None:
            yield view


def _view(book: Book, person: Person, other: Person) -> Claim | None:
    """The first lasting thing that the person says of another one: who they are, or whose kin."""
    names = _names(other)
    is_told = re.compile(rf"^(?:{names}) (?:is|was|has been) (?:an?|the|my|our|so|very|one)\b")
    is_kin = re.compile(rf"\b(?:my|our) (?:\w+ )?(?:{KIN.pattern}),? (?:{names})\b")
    for line in book.lines_of(person):
        for sentence in sentences(line.paragraph.speech) if line.chance >= SURE else ():
            fits = _VIEW_LEAST <= len(sentence.split()) <= _VIEW_MOST and sentence[-1] in ".!"
            fits = fits and not sentence.startswith("If ")
            if fits and (is_told.search(sentence) or is_kin.search(sentence)):
                return Claim(sentence, sentence, "own", person.name, line.paragraph.at)
    return None


def _calls(book: Book, person: Person) -> Iterator[str]:
    """How the person calls those they talk with most."""
    for other in _met(book, person)[:_CALLED]:
        talk = [line for line in book.lines_of(person) if _answers(book, line, other)]
        counts = Counter(name for line in talk for name in _callings(line, other))
        usual = [name for name, count in counts.most_common(2) if count >= _CALLINGS]
        if set(usual) - {other.name}:
            said = " or ".join(f"“{each}”" for each in usual)
            yield f"{_shown(person)} calls {other.name} {said}."


def _answers(book: Book, line: Line, other: Person) -> bool:
    return line.answers is not None and book.lines[line.answers].speaker == other


def _callings(line: Line, other: Person) -> list[str]:
    """What the other is called in a line, without a capital that only begins a sentence."""
    called = re.compile(
        r"(?:^|[,.!?;—-]\s*|\b(?:[Oo]h|[Yy]es|[Nn]o|[Ww]ell),?\s)"
        rf"((?:[Mm]y\s)?(?:(?:[Dd]ear|[Gg]ood|[Oo]ld)\s)?(?:{_names(other)})"
        r"|my (?:dear|love|child|boy|friend)|sir|ma[’']am|papa|mamma)(?=\s*[,.!?;—-]|$)"
    )
    found = called.findall(line.paragraph.speech)
    return [re.sub(r"^(?:My|Dear|Good|Old)\b", lambda m: m[0].lower(), each) for each in found]


def _met(book: Book, person: Person) -> list[Person]:
    """Whom this person talks with, most first."""
    met: Counter[str] = Counter()
    for line in book.lines_of(person):
        other = book.lines[line.answers].speaker if line.answers is not None else None
        if other is not None and other != person:
            met[other.name] += 1
    known = {each.name: each for each in book.people.persons}
    return [known[name] for name, _ in sorted(met.items(), key=lambda item: (-item[1], item[0]))]


def _others(book: Book, person: Person, told: Told) -> Iterator[LoreEntry]:
    """The people this person talks with, by the first claims about them."""
    for other in _met(book, person)[:_PEOPLE]:
        claims = [claim.text for claim in told.of(other) if not claim.told_by][:2]
        if claims:
            yield LoreEntry(tuple(sorted(other.names)), " ".join(claims), name=_shown(other))


# The scene ----------------------------------------------------------------------------------
def _scene(book: Book, openings: Sequence[tuple[Line, str]]) -> str:
    """What is told right before the first greeting, where something is."""
    if not openings:
        return ""
    at = openings[0][0].paragraph.at
    for paragraph in reversed(book.paragraphs[max(0, at - _SCENE_FAR) : at]):
        if not paragraph.said:
            kept: list[str] = []
            for sentence in reversed(sentences(paragraph.text)):
                if sum(len(each.split()) for each in [sentence, *kept]) > _SCENE_MOST:
                    break
                kept.insert(0, sentence)
            return " ".join(kept)
    return ""


def _spoken(book: Book, person: Person) -> tuple[list[str], list[str]]:
    """What the person says, and what everybody else does."""
    own = [line.paragraph.speech for line in book.lines if line.speaker == person]
    others = [line.paragraph.speech for line in book.lines if line.speaker not in (None, person)]
    return own, others
