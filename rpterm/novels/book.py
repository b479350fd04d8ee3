"""A parsed book: its paragraphs, its people and its lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from itertools import pairwise

from rpterm.novels.attribution import Line, attribute
from rpterm.novels.people import Person, find_people
from rpterm.novels.quotations import restore_apostrophes, split_paragraphs
from rpterm.novels.quote_marks import with_quotes
from rpterm.novels.speech_tags import tag_of


class Book:
    """Who is in a book, and what they say.

    Args:
        paragraphs: In order, without headings; none is empty.
        same: Names known to belong to one person, where the rules cannot tell.
        headings: The headings above each paragraph. A conversation ends where they change.
    """

    def __init__(
        self,
        paragraphs: Sequence[str],
        same: Collection[str] = (),
        headings: Sequence[Sequence[str]] = (),
    ) -> None:
        texts = with_quotes(restore_apostrophes(paragraphs))
        self.paragraphs = split_paragraphs(texts)
        previous = [None, *self.paragraphs[:-1]]
        tags = [
            tag_of(each, before) if each.quotes else None
            for each, before in zip(self.paragraphs, previous, strict=False)
        ]
        named = find_people(self.paragraphs, tags, same)
        chapters = {at for at, (a, b) in enumerate(pairwise(headings), 1) if a != b}
        self.people, self.lines = attribute(self.paragraphs, tags, named, chapters)

    def cast(self) -> list[tuple[Person, int]]:
        """Everybody who speaks with their number of lines, most lines first."""
        counts = Counter(line.speaker.name for line in self.lines if line.speaker)
        known = {person.name: person for person in self.people.persons}
        return [(known[name], count) for name, count in counts.most_common()]

    def lines_of(self, person: Person) -> list[Line]:
        """All lines of a person."""
        return [line for line in self.lines if line.speaker == person]
