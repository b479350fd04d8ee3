"""A book as a whole: its paragraphs, its people, its lines. Made once, asked often."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence

from rpterm.novels import people, quoted, speakers, speech
from rpterm.novels.people import Person
from rpterm.novels.speakers import Line
from rpterm.novels.tags import tag_of


class Book:
    """Who is in a book, and what they say.

    Args:
        paragraphs: In their order, without headings.
        same: Names that are one person's, where the rules cannot know it.
    """

    def __init__(self, paragraphs: Sequence[str], same: Collection[str] = ()) -> None:
        self.paragraphs = speech.take_apart(quoted.with_quotes(speech.with_apostrophes(paragraphs)))
        tags = [
            tag_of(each, self.paragraphs[each.at - 1] if each.at else None) if each.said else None
            for each in self.paragraphs
        ]
        named = people.find(self.paragraphs, tags, same)
        self.people, self.lines = speakers.attribute(self.paragraphs, tags, named)

    def cast(self) -> list[tuple[Person, int]]:
        """Everybody who speaks and how many lines they have, most first."""
        counts = Counter(line.speaker.name for line in self.lines if line.speaker)
        known = {person.name: person for person in self.people.persons}
        return [(known[name], count) for name, count in counts.most_common()]

    def lines_of(self, person: Person) -> list[Line]:
        """All that somebody says."""
        return [line for line in self.lines if line.speaker == person]
