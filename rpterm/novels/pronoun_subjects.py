"""Tells whom "he" and "she" mean at the start of a sentence beside a line. Pure.

A pronoun at the start of a sentence means the last person of that gender who was the subject of a
sentence or of a speech tag, or the only one whom a later sentence named (Grosz, Joshi and Weinstein
1995: the subject is the likeliest topic of the next sentence).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rpterm.novels.people import People, Person
from rpterm.novels.quotations import Paragraph
from rpterm.novels.speech_tags import SPEECH_VERBS
from rpterm.text.sentences import spans

PRONOUN_SUBJECT = re.compile(
    rf"^\W*(?:(?:and|then|but)\s+)?(?:(?:{'|'.join(sorted(SPEECH_VERBS))})\s+)?"
    r"([Hh]e|[Ss]he|I)\b"
)
"""A sentence whose subject is a pronoun: "said he", "then she rose"."""
CLAUSE_START = re.compile(r"(?:^|[.!?]\W*|^\W*(?:and|but|then|as)\s+|^\W*\w+ly,?\s+)$")


def acting_pronouns(
    paragraphs: Sequence[Paragraph], people: People, tagged: Sequence[Person | None]
) -> list[set[str]]:
    """For each paragraph, whom the pronouns mean with which sentences beside its lines begin.

    Args:
        tagged: Whom the speech tag of each paragraph names.
    """
    last: dict[bool, Person] = {}
    found: list[set[str]] = []
    for paragraph, speaker in zip(paragraphs, tagged, strict=True):
        meant: set[str] = set()
        pieces = paragraph.narration_parts
        for place, piece in enumerate(pieces):
            ends = spans(piece) if piece else []
            for number, (start, end) in enumerate(ends):
                person = _read(piece[start:end], people, last)
                after_line = number == 0 and place > 0
                before_line = number == len(ends) - 1 and place < len(pieces) - 1
                if person is not None and (after_line or before_line):
                    meant.add(person.name)
        if speaker is not None and speaker.female is not None and not speaker.narrator:
            last[speaker.female] = speaker
        found.append(meant)
    return found


def _read(sentence: str, people: People, last: dict[bool, Person]) -> Person | None:
    """Whom the pronoun means that is the subject; ``last`` is brought up to date."""
    pronoun = PRONOUN_SUBJECT.match(sentence)
    person = last.get(pronoun[1].lower() == "she") if pronoun and pronoun[1] != "I" else None
    named = [
        (at, each)
        for at, each in people.mentions(sentence)
        if each.female is not None and not each.narrator
    ]
    subject = person
    if pronoun is None and named and CLAUSE_START.search(sentence[: named[0][0]]):
        subject = named[0][1]
    for female in (False, True):
        others = {each.name: each for _, each in named if each.female is female}
        if subject is not None and subject.female is female:
            last[female] = subject
        elif len(others) == 1:
            last[female] = next(iter(others.values()))
        elif others:
            last.pop(female, None)
    return person
