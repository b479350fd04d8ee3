"""Who speaks each line of a book: by name, by pronoun, by what they do meanwhile, by turns. Pure.

Rules in the order of their trust, after Elson and McKeown (2010) and Muzny et al. (2017). A line
that no rule reaches stays nobody's: a wrong line spoils a character more than a missing one.
``rpterm bench novels`` tells how often each rule is right.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from rpterm.novels.people import SAID, People, Person, speaker_named
from rpterm.novels.speech import Paragraph

How = Literal["named", "pronoun", "deed", "turns"]
"""``said Anna``; ``said she``; Anna does something meanwhile; two people speak by turns."""

_VERB = "|".join(sorted(SAID))
_PRONOUN = re.compile(
    rf"^\W*(?:(?:{_VERB})\s+(he|she)\b|(he|she)\s+(?:\w+ly\s+)?(?:{_VERB})\b)", re.IGNORECASE
)
_DEED = re.compile(r"^\W*(?:\w+ly,?\s+)?$")
_APART = 1
"""Paragraphs from one line of a conversation to the next: with 2, turns are right less often."""
_GUESSES = 3
"""Lines in a row that may be given by turns alone: a wrong one spoils the rest."""


@dataclass(frozen=True, slots=True)
class Line:
    """What one paragraph says, and who says it.

    Attributes:
        speaker: ``None`` where no rule tells.
        how: The rule that told.
        answers: The place, in the list of lines, of the line before it in one conversation.
    """

    paragraph: Paragraph
    speaker: Person | None = None
    how: How | None = None
    answers: int | None = None


def attribute(paragraphs: Sequence[Paragraph], people: People) -> list[Line]:
    """Every line of the book, in order."""
    lines: list[Line] = []
    for paragraph in paragraphs:
        if not paragraph.said:
            continue
        before = len(lines) - 1 if lines and _near(lines[-1].paragraph, paragraph) else None
        speaker, how = _speaker(paragraph, paragraphs, people, lines, before)
        lines.append(Line(paragraph, speaker, how, before))
    return lines


def _near(before: Paragraph, paragraph: Paragraph) -> bool:
    return paragraph.at - before.at <= _APART


def _speaker(
    paragraph: Paragraph,
    paragraphs: Sequence[Paragraph],
    people: People,
    lines: Sequence[Line],
    before: int | None,
) -> tuple[Person | None, How | None]:
    if paragraph.goes_on and lines:
        return lines[-1].speaker, lines[-1].how
    if (person := _by_name(paragraph, people)) is not None:
        return person, "named"
    if (female := _by_pronoun(paragraph)) is not None:
        person = _meant(female, paragraph, paragraphs, people, lines, before)
        return person, "pronoun" if person else None
    if (person := _by_deed(paragraph, people)) is not None:
        return person, "deed"
    person = _by_turns(paragraph, people, lines, before)
    return person, "turns" if person else None


def _by_name(paragraph: Paragraph, people: People) -> Person | None:
    for told in paragraph.told:
        if (name := speaker_named(told)) and (person := people.named(name)):
            return person
    return None


def _by_pronoun(paragraph: Paragraph) -> bool | None:
    """Whether "she" speaks; ``None`` where no pronoun does."""
    for told in paragraph.told:
        if (found := _PRONOUN.match(told)) is not None:
            return (found[1] or found[2]).lower() == "she"
    return None


def _meant(
    female: bool,
    paragraph: Paragraph,
    paragraphs: Sequence[Paragraph],
    people: People,
    lines: Sequence[Line],
    before: int | None,
) -> Person | None:
    """Whom "she" or "he" means: whoever spoke two lines ago, or was named last."""
    spoke = _by_turns(paragraph, people, lines, before)
    if spoke is not None and spoke.female is female:
        return spoke
    last = lines[before].speaker if before is not None else None
    addressed = {person.name for _, person in people.mentions(paragraph.speech)}
    for near in (paragraph, *reversed(paragraphs[max(0, paragraph.at - 2) : paragraph.at])):
        named = [
            person
            for _, person in people.mentions(near.narration)
            if person.female is female and person != last and person.name not in addressed
        ]
        if named:
            return named[-1] if near is not paragraph else named[0]
    return None


def _by_deed(paragraph: Paragraph, people: People) -> Person | None:
    """The one whom the narration of the paragraph is about, if it begins with a single name."""
    named = [person for _, person in people.mentions(paragraph.narration)]
    if not named or len({person.name for person in named}) != 1:
        return None
    begins = any(
        at == 0 or _DEED.match(told[:at])
        for told in paragraph.told
        for at, _ in people.mentions(told)[:1]
    )
    return named[0] if begins else None


def _by_turns(
    paragraph: Paragraph, people: People, lines: Sequence[Line], before: int | None
) -> Person | None:
    """Whoever spoke before the last one did, in the same conversation."""
    if before is None:
        return None
    first = lines[before].answers
    if first is None or _guessed(lines, before) > _GUESSES:
        return None
    speaker, last = lines[first].speaker, lines[before].speaker
    addressed = {person.name for _, person in people.mentions(paragraph.speech)}
    if speaker is None or speaker == last or speaker.name in addressed:
        return None
    return speaker


def _guessed(lines: Sequence[Line], last: int) -> int:
    """How many lines in a row, up to this one, are given by turns alone."""
    count = 0
    while lines[last].how == "turns" and (before := lines[last].answers) is not None:
        count, last = count + 1, before
    return count
