"""A book sentence by sentence, with whom each is about and whom its "he" and "she" mean. Pure.

A name at the head of a sentence is its subject; a pronoun there means whoever was named last alone
of that sex. Where two could be meant, or a stranger came in between, it means nobody: a claim that
is missed does less harm than one about somebody else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from rpterm.novels.book import Book
from rpterm.novels.people import Person, called_in
from rpterm.novels.speakers import Line
from rpterm.novels.speech import Paragraph
from rpterm.novels.tags import MEN, WOMEN
from rpterm.sentences import sentences

SURE = 0.9
"""The chance from which on a line may stand for its speaker."""
Mentions = Sequence[tuple[int, Person]]
_HEAD = (
    r"^[\W]*(?:(?:Why|And|But|Now|Indeed|For|Yet|Thus|So|Then|Well|Oh|Yes|No|Besides|Still|Of "
    r"course"
    r"|In fact|As for),?\s+|[Pp]oor\s+|[Oo]ld\s+|[Dd]ear\s+|[Yy]oung\s+)*"
)
_BEGINS = re.compile(_HEAD)
_PHRASE = re.compile(
    _HEAD + r"(?:In|By|With|Of|As|For|Like|Though|Although|Among|Besides)\b"
    r"[^.;:“”\"]{2,60}?,?\s+(?=(?:he|she|I)\b)"
)
"""A few words before the subject: "In height he was ..."."""
_PRONOUN = re.compile(r"(he|she|his|her|I|my)\b", re.IGNORECASE)
_DASHED = re.compile(r"([.!?])(?:--|—)(?=[A-Z])")
_SOMEBODY = (
    rf"(?:[\w-]+,?\s){{0,5}}?({'|'.join(sorted(MEN | WOMEN))}|stranger|person|figure|creature)"
)
_STRANGER = re.compile(
    rf"^\W*(?:And |But |Then )?(?:An?|The|Another|This|That|One|Some)\s{_SOMEBODY}\b"
    rf"|(?<!was )(?<!is )(?<!were )(?<!like )(?<!as )(?<!been )(?<!be )(?<!so )(?<!not )"
    rf"\b(?:this|that|an?|another)\s{_SOMEBODY}\b"
)
_ACTS = re.compile(
    r"\s+(?:\w+ly\s+)?(?:was|were|is|had|has|did|could|would|might|must|\w+ed|said|came|went|took|"
    r"sat|stood|rose|saw|felt|thought|knew|made|gave|got|found|began|ran|held|kept|left|spoke|"
    r"told|heard|put|threw|drew|broke|caught|laid|lay|shook|grew|fell|bent|led|set|met)\b"
)
_CLAUSE = re.compile(r"(?:^|[;:]\s*|,\s+)(?:(?:and|but|for|while|when|so|yet|that)\s+)?$")


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of a book.

    Attributes:
        by: Who says it; ``None`` is the narration.
        to: To whom it is said, where that is likely.
        subject: Whom it is about.
        begins, ends: The words that name the subject, with the ``'s`` of an owner.
        owned: Whether the sentence is about something of theirs: "Her voice was low."
        means: Whom a pronoun of each sex means; ``True`` is "she".
        named: Everybody it names, with the places.
    """

    text: str
    at: int
    by: Person | None = None
    to: Person | None = None
    subject: Person | None = None
    begins: int = 0
    ends: int = 0
    owned: bool = False
    means: Mapping[bool, Person | None] = field(default_factory=dict)
    named: Mentions = ()

    @property
    def head(self) -> str:
        """The words that name the subject: "Mr. Darcy", "her"."""
        return self.text[self.begins : self.ends]

    def owner(self, whose: str, at: int) -> Person | None:
        """Whose something is at a place, by "his", "her" or the ``'s`` of a name before it."""
        before = [person for begins, person in self.named if begins < at]
        if whose.lower() in ("his", "her"):
            meant = self.means.get(whose.lower() == "her")
            return meant if meant is not None and meant in (self.subject, *before) else None
        text = self.text[:at]
        return before[-1] if before and text.endswith(tuple(before[-1].names)) else None


def read(book: Book) -> Iterator[Sentence]:
    """Every sentence of the narration and of lines whose speaker is all but sure, in order."""
    lines = {line.paragraph.at: line for line in book.lines}
    told = _Reader(book, None, None)
    for paragraph in book.paragraphs:
        line = lines.get(paragraph.at)
        told.enter(paragraph, line.speaker if line else None)
        for piece in paragraph.told:
            yield from (told.read(each, paragraph.at) for each in _sentences(piece))
        if line is not None and line.speaker is not None and line.chance >= SURE:
            said = _Reader(book, line.speaker, _addressed(book, line))
            for piece in paragraph.said:
                yield from (said.read(each, paragraph.at) for each in _sentences(piece))


def _sentences(piece: str) -> list[str]:
    """The sentences of a piece; old books put a dash after a stop."""
    return sentences(_DASHED.sub(r"\1 ", piece.replace("_", "")))


def _addressed(book: Book, line: Line) -> Person | None:
    """Whom a line is said to: the one it calls by name, or else the one it answers."""
    called = [
        each for name in called_in(line.paragraph.speech) if (each := book.people.named(name))
    ]
    if called:
        return called[0] if called[0] != line.speaker else None
    asked = book.lines[line.answers] if line.answers is not None else None
    return asked.speaker if asked is not None and asked.chance >= SURE else None


class _Reader:
    """Reads one voice and remembers whom it named last."""

    def __init__(self, book: Book, by: Person | None, to: Person | None) -> None:
        self._people, self._by, self._to = book.people, by, to
        self._last: dict[bool, Person | None] = {}

    def enter(self, paragraph: Paragraph, speaker: Person | None) -> None:
        """A new paragraph of narration: what was told before counts where it goes on with "he"."""
        if not re.match(r"\W*(?:(?:And|But|For|Yet)\s+)?(?:He|She|His|Her)\b", paragraph.text):
            self._last = {}
        if speaker is not None and speaker.female is not None:
            self._last = {speaker.female: speaker}

    def read(self, text: str, at: int) -> Sentence:
        named = self._people.mentions(text)
        person, begins, ends, owned = self._subject(text, named)
        means = {sex: self._meant(sex, person, named) for sex in (False, True)}
        self._follow(text, person, named)
        if person is None and (pronoun := _PRONOUN.match(text, begins)) is not None:
            self._last[pronoun[1].lower() in ("she", "her")] = None  # Nobody knows who.
        return Sentence(
            text, at, self._by, self._to, person, begins, ends, owned, means, tuple(named)
        )

    def _subject(self, text: str, named: Mentions) -> tuple[Person | None, int, int, bool]:
        found = _PHRASE.match(text) or _BEGINS.match(text)
        at = found.end() if found else 0
        if named and named[0][0] in (at, at + 4):
            start, person = named[0]
            end = start + len(name_at(text, start, person))
            own = re.match(r"['’]s?(?=\s)", text[end:])
            return person, start, end + (own.end() if own else 0), own is not None
        pronoun = _PRONOUN.match(text, at)
        if pronoun is None:
            return None, at, at, False
        word = pronoun[1].lower()
        own_ = word in ("his", "her", "my")
        if word in ("i", "my"):
            teller = self._by or self._people.narrator
            return teller, pronoun.start(1), pronoun.end(1), own_
        return self._last.get(word in ("she", "her")), pronoun.start(1), pronoun.end(1), own_

    def _meant(self, sex: bool, subject: Person | None, named: Mentions) -> Person | None:
        """Whom "he" or "she" within the sentence means, where only one can be meant."""
        able = {each.name: each for _, each in named if each.female == sex}
        first = subject if subject is not None and subject.female == sex else self._last.get(sex)
        if first is not None:
            able[first.name] = first
        return first if len(able) == 1 else None

    def _follow(self, text: str, person: Person | None, named: Mentions) -> None:
        """Whom "he" and "she" mean after a sentence; nobody where two could be meant."""
        for sex in (False, True):
            others = {each.name for _, each in named if each.female == sex}
            acting = [p for at, p in named if p.female == sex and _acts(text, at, p)]
            if person is not None and person.female == sex:
                acting = [person, *acting]
            if acting:
                self._last[sex] = acting[-1]
            elif others and {getattr(self._last.get(sex), "name", None)} != others:
                self._last[sex] = None
        for match in _STRANGER.finditer(text):
            word = match[1] or match[2]
            for sex in (False, True):
                if word not in (MEN if sex else WOMEN):
                    self._last[sex] = None


def _acts(text: str, at: int, person: Person) -> bool:
    """Whether a name at a place is the subject of a clause."""
    ends = at + len(name_at(text, at, person))
    return bool(_CLAUSE.search(text[:at])) and bool(_ACTS.match(text, ends))


def name_at(text: str, at: int, person: Person) -> str:
    """The name of a person that stands at a place, the longest that does."""
    able = [name for name in person.names if text.startswith((name, f"T{name[1:]}"), at)]
    return max(able, key=len, default=person.name)
