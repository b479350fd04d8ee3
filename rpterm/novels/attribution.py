"""Attributes each line of a book to a speaker: by name, pronoun, action or turn-taking. Pure.

The cues for each person (``speaker_cues``) and turn-taking (``turn_taking``) are weighed together
over a whole conversation, after He, Barbosa and Kondrak (2013) and Muzny et al. (2017). A line that
nobody is likely enough to have said stays unattributed: a wrong line spoils a character more than a
missing one. ``rpterm bench novels`` reports how often each kind is right.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from itertools import groupby, pairwise
from typing import Literal

from rpterm.novels import turn_taking
from rpterm.novels.people import People, Person, distinct_pairs
from rpterm.novels.quotations import Paragraph
from rpterm.novels.speaker_cues import Links, SpeakerCues
from rpterm.novels.speech_tags import SpeechTag
from rpterm.novels.voices import Voices

How = Literal["named", "pronoun", "deed", "turns"]
"""By name (``said Anna``), by pronoun (``said she``), by what Anna does meanwhile, or by turns."""

_MAX_GAP = 1
"""Paragraphs from one line of an exchange to the next."""
_CONVERSATION_BREAK = 3
"""Paragraphs without dialogue that end a conversation."""
_LONG_CONVERSATION = 10
"""Lines after which a conversation ends at the next paragraph without dialogue."""
_PARAGRAPHS_BEFORE = 6
"""Paragraphs before a conversation in which its people may be named."""
_MAX_PEOPLE = 12
"""People considered in one conversation."""
_CONTINUED, _CONTINUED_TAGGED, _LONG_SPEECH = 6.0, 0.4, 10.0
"""Log-odds for the same speaker after an unclosed quotation; closing marks may be lost, but not in
one paragraph after the other."""
_MIN_LONG_SPEECH = 4
"""Paragraphs that continue a long speech."""
_PRIOR_COUNT = 2
"""Lines added to a noun's total, because its lines might be anybody's."""
_MIN_SHARE = 0.5
"""Share of a noun's lines that makes it one of somebody's names."""
SURE = 0.9
"""Probability from which a line counts as its speaker's."""
_PASSES_WITH_VOICES = 2
"""Times the book is read again with the voices of the pass before."""
_MIN_PROBABILITY = 0.5
"""Probability from which a line is attributed."""


@dataclass(frozen=True, slots=True)
class Line:
    """The dialogue of one paragraph and its speaker.

    Attributes:
        speaker: ``None`` if nobody is likely enough.
        how: What the attribution rests on.
        replies_to: Index, in the list of lines, of the previous line of the conversation.
        probability: How likely the speaker is.
    """

    paragraph: Paragraph
    speaker: Person | None = None
    how: How | None = None
    replies_to: int | None = None
    probability: float = 0.0


def attribute(
    paragraphs: Sequence[Paragraph],
    tags: Sequence[SpeechTag | None],
    people: People,
    chapters: AbstractSet[int] = frozenset(),
) -> tuple[People, list[Line]]:
    """Every line of the book, in order, and the people with the nouns they turned out to go by.

    The book is read three times: in the first pass "the old lady" may be anybody, in the second she
    is most likely whoever she was in the first, and everybody's voice is known; in the third these
    voices are known from more lines.

    Args:
        chapters: The paragraphs that begin a chapter, where every conversation ends.
    """
    first = _attribute_all(SpeakerCues(paragraphs, tags, people), chapters)
    links = _noun_links(first, tags)
    apart = distinct_pairs(paragraphs, tags)
    merged = people.with_names_merged(_noun_owners(links, people, apart))
    lines = first
    for _ in range(_PASSES_WITH_VOICES):
        voices = _voices(lines, merged)
        cues = SpeakerCues(paragraphs, tags, merged, links, voices)
        lines = _attribute_all(cues, chapters)
    return merged, lines


def _voices(lines: Sequence[Line], people: People) -> Voices:
    """The words of each person in the lines that are nearly certainly theirs."""
    return Voices(
        (line.paragraph.index, speaker.name, line.paragraph.speech)
        for line in lines
        if line.probability >= SURE
        and line.speaker
        and (speaker := people.named(line.speaker.name))
    )


def _attribute_all(cues: SpeakerCues, chapters: AbstractSet[int]) -> list[Line]:
    lines: list[Line] = []
    for part in _conversations([each for each in cues.paragraphs if each.quotes], chapters):
        first = len(lines)
        lines += [_shifted(line, first) for line in _attribute_conversation(part, cues)]
    return lines


def _noun_links(
    lines: Sequence[Line], tags: Sequence[SpeechTag | None]
) -> dict[str, dict[str, float]]:
    """For each noun that speaks, each person's share of its lines."""
    counts: dict[str, Counter[str]] = {}
    totals: Counter[str] = Counter()
    for line in lines:
        tag = tags[line.paragraph.index]
        if tag is not None and (tag.kind == "noun" or tag.text.startswith("the ")):
            totals[tag.text] += 1
            if line.speaker is not None:
                counts.setdefault(tag.text, Counter())[line.speaker.name] += 1
    return {
        noun: {name: count / (totals[noun] + _PRIOR_COUNT) for name, count in found.items()}
        for noun, found in counts.items()
    }


def _noun_owners(links: Links, people: People, apart: Collection[frozenset[str]]) -> dict[str, str]:
    """Nouns counted as people so far that are nearly always somebody with a name.

    Args:
        apart: Pairs of names of two people: the Hatter and the March Hare speak by turns.
    """
    found = {}
    for noun, shares in links.items():
        own = people.named(noun)
        name, share = max(shares.items(), key=lambda item: item[1])
        is_usual = share >= _MIN_SHARE and frozenset((noun, name)) not in apart
        if own is not None and name != own.name and is_usual:
            found[own.name] = name
    return found


def _shifted(line: Line, by: int) -> Line:
    return line if line.replies_to is None else replace(line, replies_to=line.replies_to + by)


def _conversations(
    spoken: Sequence[Paragraph], chapters: AbstractSet[int]
) -> Iterator[list[Paragraph]]:
    part: list[Paragraph] = []
    for paragraph in spoken:
        passed = range(part[-1].index + 1, paragraph.index + 1) if part else range(0)
        is_over = len(passed) > _MAX_GAP and len(part) >= _LONG_CONVERSATION
        if is_over or len(passed) > _CONVERSATION_BREAK or not chapters.isdisjoint(passed):
            yield part
            part = []
        part.append(paragraph)
    if part:
        yield part


def _attribute_conversation(part: Sequence[Paragraph], cues: SpeakerCues) -> list[Line]:
    """The lines of one conversation; ``replies_to`` counts from its first line."""
    present = cues.present(part[0].index, part[-1].index, _PARAGRAPHS_BEFORE)
    persons = {each.name: each for each in cues.people.persons}
    candidates = [*(persons[name] for name, _ in present.most_common(_MAX_PEOPLE)), None]
    gaps = [0, *(after.index - before.index for before, after in pairwise(part))]
    previous = [part[i - 1].index if i and gap <= _MAX_GAP else None for i, gap in enumerate(gaps)]
    scores = [
        cues.scores(paragraph.index, candidates, present, before)
        for paragraph, before in zip(part, previous, strict=True)
    ]
    continued = _continuation_log_odds(part, cues)
    probabilities = turn_taking.speaker_probabilities(scores, gaps, continued)
    lines = []
    for at, paragraph in enumerate(part):
        best = int(probabilities[at].argmax())
        probability = float(probabilities[at][best])
        person = candidates[best] if probability >= _MIN_PROBABILITY else None
        how = _how(paragraph, person, cues) if person else None
        before = at - 1 if previous[at] is not None else None
        lines.append(Line(paragraph, person, how, before, probability))
    return lines


def _continuation_log_odds(part: Sequence[Paragraph], cues: SpeakerCues) -> list[float]:
    """Log-odds that each line continues the speech before; less if a speaker is named anew."""
    found: list[float] = []
    for continues, run in groupby(part, key=lambda each: each.continues_speech):
        lines = list(run)
        same = _LONG_SPEECH if len(lines) >= _MIN_LONG_SPEECH else _CONTINUED
        tags = (cues.tags[each.index] for each in lines)
        found += [
            0.0 if not continues else same if tag is None else _CONTINUED_TAGGED for tag in tags
        ]
    return found


def _how(paragraph: Paragraph, person: Person, cues: SpeakerCues) -> How:
    tag = cues.tags[paragraph.index]
    if tag is not None and tag.kind == "pronoun":
        return "pronoun"
    if cues.tagged[paragraph.index] == person:
        return "named"
    return "deed" if person.name in cues.acting(paragraph.index) else "turns"
