"""Who speaks each line of a book: by name, by pronoun, by what they do meanwhile, by turns. Pure.

What speaks for each person (``signs``) and whose turn it is (``turns``) are weighed together over a
whole conversation, after He, Barbosa and Kondrak (2013) and Muzny et al. (2017). A line that nobody
is likely enough to have said stays nobody's: a wrong line spoils a character more than a missing
one. ``rpterm bench novels`` tells how often each way is right.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

from rpterm.novels import turns
from rpterm.novels.people import People, Person
from rpterm.novels.signs import Links, Signs
from rpterm.novels.speech import Paragraph
from rpterm.novels.tags import Tag

How = Literal["named", "pronoun", "deed", "turns"]
"""``said Anna``; ``said she``; Anna does something meanwhile; two people speak by turns."""

_APART = 1
"""Paragraphs from one line of an exchange to the next."""
_BREAK = 3
"""Paragraphs without talk that end a conversation."""
_LONG = 10
"""Lines after which a conversation ends at the next paragraph without talk."""
_BEFORE = 6
"""Paragraphs before a conversation in which its people may be named."""
_MOST = 12
"""People weighed in one conversation."""
_OPEN, _OPEN_TAGGED = 8.0, 1.0
"""Logarithms of odds for the same speaker where a quotation is not closed; marks get lost."""
_DOUBT = 2
"""Lines of a noun that might have been anybody's."""
_MOSTLY = 0.5
"""Share of a noun's lines that makes it one of somebody's names."""
_LIKELY = 0.5
"""The chance from which on a line is somebody's."""


@dataclass(frozen=True, slots=True)
class Line:
    """What one paragraph says, and who says it.

    Attributes:
        speaker: ``None`` where nobody is likely enough.
        how: What told.
        answers: The place, in the list of lines, of the line before it in one conversation.
        chance: How likely the speaker is, from 0 to 1.
    """

    paragraph: Paragraph
    speaker: Person | None = None
    how: How | None = None
    answers: int | None = None
    chance: float = 0.0


def attribute(
    paragraphs: Sequence[Paragraph], tags: Sequence[Tag | None], people: People
) -> tuple[People, list[Line]]:
    """Every line of the book, in order, and the people with the nouns they turned out to go by.

    The book is read twice: the first time "the old lady" may be anybody, the second time she is
    most likely whoever she was then.
    """
    first = _read(Signs(paragraphs, tags, people))
    links = _links(first, tags)
    known = people.renamed(_owners(links, people))
    return known, _read(Signs(paragraphs, tags, known, links))


def _read(signs: Signs) -> list[Line]:
    lines: list[Line] = []
    for part in _conversations([each for each in signs.paragraphs if each.said]):
        first = len(lines)
        lines += [_moved(line, first) for line in _heard(part, signs)]
    return lines


def _links(lines: Sequence[Line], tags: Sequence[Tag | None]) -> dict[str, dict[str, float]]:
    """For each noun that speaks, the share of its lines that are each person's."""
    counts: dict[str, Counter[str]] = {}
    totals: Counter[str] = Counter()
    for line in lines:
        tag = tags[line.paragraph.at]
        if tag is not None and (tag.kind == "noun" or tag.text.startswith("the ")):
            totals[tag.text] += 1
            if line.speaker is not None:
                counts.setdefault(tag.text, Counter())[line.speaker.name] += 1
    return {
        noun: {name: count / (totals[noun] + _DOUBT) for name, count in found.items()}
        for noun, found in counts.items()
    }


def _owners(links: Links, people: People) -> dict[str, str]:
    """Nouns that are people of their own so far, and are nearly always somebody with a name."""
    found = {}
    for noun, shares in links.items():
        own = people.named(noun)
        name, share = max(shares.items(), key=lambda item: item[1])
        if own is not None and name != own.name and share >= _MOSTLY:
            found[own.name] = name
    return found


def _moved(line: Line, by: int) -> Line:
    return line if line.answers is None else replace(line, answers=line.answers + by)


def _conversations(spoken: Sequence[Paragraph]) -> Iterator[list[Paragraph]]:
    part: list[Paragraph] = []
    for paragraph in spoken:
        gap = paragraph.at - part[-1].at if part else 0
        if gap > _BREAK or (gap > _APART and len(part) >= _LONG):
            yield part
            part = []
        part.append(paragraph)
    if part:
        yield part


def _heard(part: Sequence[Paragraph], signs: Signs) -> list[Line]:
    """The lines of one conversation; ``answers`` counts from its first line."""
    able: list[Person | None] = [*_present(part, signs), None]
    gaps = [0, *(after.at - before.at for before, after in pairwise(part))]
    asked = [part[at - 1].at if at and gap <= _APART else None for at, gap in enumerate(gaps)]
    scores = [signs.scores(each.at, able, before) for each, before in zip(part, asked, strict=True)]
    found = turns.chances(scores, gaps, [_goes_on(each, signs) for each in part])
    lines = []
    for at, paragraph in enumerate(part):
        best = int(found[at].argmax())
        chance = float(found[at][best])
        person = able[best] if chance >= _LIKELY else None
        how = _how(paragraph, person, signs) if person else None
        before = at - 1 if asked[at] is not None else None
        lines.append(Line(paragraph, person, how, before, chance))
    return lines


def _goes_on(paragraph: Paragraph, signs: Signs) -> float:
    """What speaks for one long speech; less where the narration names a speaker anew."""
    if not paragraph.goes_on:
        return 0.0
    return _OPEN if signs.tags[paragraph.at] is None else _OPEN_TAGGED


def _present(part: Sequence[Paragraph], signs: Signs) -> list[Person]:
    there = signs.present(part[0].at, part[-1].at, _BEFORE)
    known = {each.name: each for each in signs.people.persons}
    return [known[name] for name, _ in there.most_common(_MOST)]


def _how(paragraph: Paragraph, person: Person, signs: Signs) -> How:
    tag = signs.tags[paragraph.at]
    if tag is not None and tag.kind == "pronoun":
        return "pronoun"
    if signs.tagged[paragraph.at] == person:
        return "named"
    return "deed" if person.name in signs.acting(paragraph.at) else "turns"
