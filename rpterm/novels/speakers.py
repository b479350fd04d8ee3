"""Who speaks each line of a book: by name, by pronoun, by what they do meanwhile, by turns. Pure.

What speaks for each person (``signs``) and whose turn it is (``turns``) are weighed together over a
whole conversation, after He, Barbosa and Kondrak (2013) and Muzny et al. (2017). A line that nobody
is likely enough to have said stays nobody's: a wrong line spoils a character more than a missing
one. ``rpterm bench novels`` tells how often each way is right.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

from rpterm.novels import turns
from rpterm.novels.people import People, Person
from rpterm.novels.signs import Signs
from rpterm.novels.speech import Paragraph
from rpterm.novels.tags import Tag

How = Literal["named", "pronoun", "deed", "turns"]
"""``said Anna``; ``said she``; Anna does something meanwhile; two people speak by turns."""

_APART = 1
"""Paragraphs from one line of an exchange to the next."""
_BREAK = 6
"""Paragraphs without talk that end a conversation."""
_BEFORE = 6
"""Paragraphs before a conversation in which its people may be named."""
_MOST = 12
"""People weighed in one conversation."""
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
) -> list[Line]:
    """Every line of the book, in order."""
    signs = Signs(paragraphs, tags, people)
    spoken = [each for each in paragraphs if each.said]
    lines: list[Line] = []
    for part in _conversations(spoken):
        first = len(lines)
        lines += [_moved(line, first) for line in _heard(part, signs, people)]
    return lines


def _moved(line: Line, by: int) -> Line:
    return line if line.answers is None else replace(line, answers=line.answers + by)


def _conversations(spoken: Sequence[Paragraph]) -> Iterator[list[Paragraph]]:
    part: list[Paragraph] = []
    for paragraph in spoken:
        if part and paragraph.at - part[-1].at > _BREAK:
            yield part
            part = []
        part.append(paragraph)
    if part:
        yield part


def _heard(part: Sequence[Paragraph], signs: Signs, people: People) -> list[Line]:
    """The lines of one conversation; ``answers`` counts from its first line."""
    able: list[Person | None] = [*_present(part, signs, people), None]
    gaps = [0, *(after.at - before.at for before, after in pairwise(part))]
    asked = [part[at - 1].at if at and gap <= _APART else None for at, gap in enumerate(gaps)]
    scores = [
        signs.scores(each.at, able, before) for each, before in zip(part, asked, strict=True)
    ]
    found = turns.chances(scores, gaps, [each.goes_on for each in part])
    lines = []
    for at, paragraph in enumerate(part):
        best = int(found[at].argmax())
        chance = float(found[at][best])
        person = able[best] if chance >= _LIKELY else None
        how = _how(paragraph, person, signs) if person else None
        before = at - 1 if asked[at] is not None else None
        lines.append(Line(paragraph, person, how, before, chance))
    return lines


def _present(part: Sequence[Paragraph], signs: Signs, people: People) -> list[Person]:
    there = signs.present(part[0].at, part[-1].at, _BEFORE)
    known = {each.name: each for each in people.persons}
    return [known[name] for name, _ in there.most_common(_MOST)]


def _how(paragraph: Paragraph, person: Person, signs: Signs) -> How:
    tag = signs.tags[paragraph.at]
    if tag is not None and tag.kind == "pronoun":
        return "pronoun"
    if signs.tagged[paragraph.at] == person:
        return "named"
    return "deed" if person.name in signs.acting(paragraph.at) else "turns"
