"""Reads a book sentence by sentence: whom each is about, and whom its pronouns mean. Pure.

A name at the start of a sentence is its subject; a pronoun there means the last person named of
that gender, if only one was. Where two people could be meant, or a stranger appeared in between, it
means nobody: a missed claim does less harm than one about the wrong person.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from rpterm.novels.attribution import SURE, Line
from rpterm.novels.book import Book
from rpterm.novels.people import Person
from rpterm.novels.quotations import Paragraph
from rpterm.novels.speech_tags import FEMALE_NOUNS, MALE_NOUNS
from rpterm.text.sentences import sentences

Mentions = Sequence[tuple[int, Person]]
_HEAD = (
    r"^[\W]*(?:(?:Why|And|But|Now|Indeed|For|Yet|Thus|So|Then|Well|Oh|Yes|No|Besides|Still|Of "
    r"course"
    r"|In fact|As for),?\s+|[Pp]oor\s+|[Oo]ld\s+|[Dd]ear\s+|[Yy]oung\s+)*"
)
_SUBJECT_START = re.compile(_HEAD)
_LEADING_PHRASE = re.compile(
    _HEAD + r"(?:In|By|With|Of|As|For|Like|Though|Although|Among|Besides)\b"
    r"[^.;:“”\"]{2,60}?,?\s+(?=(?:he|she|I)\b)"
)
"""A few words before the subject: "In height he was ..."."""
_PRONOUN = re.compile(r"(he|she|his|her|I|my)\b", re.IGNORECASE)
_DASHED = re.compile(r"([.!?])(?:--|—)(?=[A-Z])")
_NOUNS = "|".join(sorted(MALE_NOUNS | FEMALE_NOUNS))
_PERSON_NOUN = rf"(?:[\w-]+,?\s){{0,5}}?({_NOUNS}|stranger|person|figure|creature)"
_STRANGER_PHRASE = re.compile(
    rf"^\W*(?:And |But |Then )?(?:An?|The|Another|This|That|One|Some)\s{_PERSON_NOUN}\b"
    rf"|(?<!was )(?<!is )(?<!were )(?<!like )(?<!as )(?<!been )(?<!be )(?<!so )(?<!not )"
    rf"\b(?:this|that|an?|another)\s{_PERSON_NOUN}\b"
)
_VERB_FOLLOWS = re.compile(
    r"\s+(?:\w+ly\s+)?(?:was|were|is|had|has|did|could|would|might|must|\w+ed|said|came|went|took|"
    r"sat|stood|rose|saw|felt|thought|knew|made|gave|got|found|began|ran|held|kept|left|spoke|"
    r"told|heard|put|threw|drew|broke|caught|laid|lay|shook|grew|fell|bent|led|set|met)\b"
)
_CLAUSE_START = re.compile(r"(?:^|[;:]\s*|,\s+)(?:(?:and|but|for|while|when|so|yet|that)\s+)?$")


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of a book.

    Attributes:
        index: Index of its paragraph.
        by: Who says it; ``None`` for narration.
        to: Whom it is said to, if that is likely.
        subject: Whom it is about.
        begins: Where the words for the subject begin.
        ends: Where they end, including the ``'s`` of a possessive.
        owned: Whether it is about something of the subject's: "Her voice was low."
        means: Whom a pronoun of each gender means; ``True`` is "she".
        named: Everybody it names, with the positions.
    """

    text: str
    index: int
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
        """The words for the subject: "Mr. Darcy", "her"."""
        return self.text[self.begins : self.ends]

    def owner(self, whose: str, at: int) -> Person | None:
        """Who owns what stands at a position, by "his", "her" or the ``'s`` of a name before it."""
        before = [person for begins, person in self.named if begins < at]
        if whose.lower() in ("his", "her"):
            meant = self.means.get(whose.lower() == "her")
            return meant if meant is not None and meant in (self.subject, *before) else None
        text = self.text[:at]
        return before[-1] if before and text.endswith(tuple(before[-1].names)) else None


def read(book: Book) -> Iterator[Sentence]:
    """Every sentence of the narration, and of lines whose speaker is nearly certain, in order."""
    lines = {line.paragraph.index: line for line in book.lines}
    narrator = _Reader(book, None, None)
    for paragraph in book.paragraphs:
        line = lines.get(paragraph.index)
        narrator.enter(paragraph, line.speaker if line else None)
        for piece in paragraph.narration_parts:
            yield from (narrator.read(each, paragraph.index) for each in _sentences(piece))
        if line is not None and line.speaker is not None and line.probability >= SURE:
            voice = _Reader(book, line.speaker, _addressed(book, line))
            for piece in paragraph.quotes:
                yield from (voice.read(each, paragraph.index) for each in _sentences(piece))


def _sentences(piece: str) -> list[str]:
    """The sentences of a piece of text; old books put a dash after a full stop."""
    return sentences(_DASHED.sub(r"\1 ", piece.replace("_", "")))


def _addressed(book: Book, line: Line) -> Person | None:
    """Whom a line is said to: the person it calls by name, else the one it answers."""
    addressed = book.people.addressed_in(line.paragraph.speech)
    if addressed:
        return addressed[0] if addressed[0] != line.speaker else None
    previous = book.lines[line.replies_to] if line.replies_to is not None else None
    return previous.speaker if previous is not None and previous.probability >= SURE else None


class _Reader:
    """Reads the sentences of one voice and keeps track of whom pronouns mean."""

    def __init__(self, book: Book, by: Person | None, to: Person | None) -> None:
        self._people, self._by, self._to = book.people, by, to
        self._last_named: dict[bool, Person | None] = {}

    def enter(self, paragraph: Paragraph, speaker: Person | None) -> None:
        """Begin a paragraph of narration: earlier names count only if it starts with "he" or
        "she"."""
        if not re.match(r"\W*(?:(?:And|But|For|Yet)\s+)?(?:He|She|His|Her)\b", paragraph.text):
            self._last_named = {}
        if speaker is not None and speaker.female is not None:
            self._last_named = {speaker.female: speaker}

    def read(self, text: str, at: int) -> Sentence:
        named = self._people.mentions(text)
        person, begins, ends, owned = self._subject(text, named)
        means = {sex: self._unambiguous(sex, person, named) for sex in (False, True)}
        self._update(text, person, named)
        if person is None and (pronoun := _PRONOUN.match(text, begins)) is not None:
            self._last_named[pronoun[1].lower() in ("she", "her")] = None  # now unknown
        return Sentence(
            text, at, self._by, self._to, person, begins, ends, owned, means, tuple(named)
        )

    def _subject(self, text: str, named: Mentions) -> tuple[Person | None, int, int, bool]:
        """Whom a sentence is about, from where to where, and whether it is a possessive."""
        found = _LEADING_PHRASE.match(text) or _SUBJECT_START.match(text)
        at = found.end() if found else 0
        if named and named[0][0] in (at, at + 4):  # 4: after "the "
            start, person = named[0]
            end = start + len(name_at(text, start, person))
            possessive = re.match(r"['’]s?(?=\s)", text[end:])
            if possessive is None:
                return person, start, end, False
            return person, start, end + possessive.end(), True
        pronoun = _PRONOUN.match(text, at)
        if pronoun is None:
            return None, at, at, False
        word = pronoun[1].lower()
        is_possessive = word in ("his", "her", "my")
        if word in ("i", "my"):
            meant = self._by or self._people.narrator
        else:
            meant = self._last_named.get(word in ("she", "her"))
        return meant, pronoun.start(1), pronoun.end(1), is_possessive

    def _unambiguous(self, sex: bool, subject: Person | None, named: Mentions) -> Person | None:
        """Whom "he" or "she" inside the sentence means, if only one person can be meant."""
        candidates = {each.name: each for _, each in named if each.female == sex}
        first = self._last_named.get(sex)
        if subject is not None and subject.female == sex:
            first = subject
        if first is not None:
            candidates[first.name] = first
        return first if len(candidates) == 1 else None

    def _update(self, text: str, person: Person | None, named: Mentions) -> None:
        """Note whom "he" and "she" mean after a sentence: nobody if two people could be meant."""
        for sex in (False, True):
            others = {each.name for _, each in named if each.female == sex}
            acting = [p for at, p in named if p.female == sex and _is_subject(text, at, p)]
            if person is not None and person.female == sex:
                acting = [person, *acting]
            if acting:
                self._last_named[sex] = acting[-1]
            elif others and {getattr(self._last_named.get(sex), "name", None)} != others:
                self._last_named[sex] = None
        for match in _STRANGER_PHRASE.finditer(text):
            word = match[1] or match[2]
            for sex in (False, True):
                if word not in (MALE_NOUNS if sex else FEMALE_NOUNS):
                    self._last_named[sex] = None


def _is_subject(text: str, at: int, person: Person) -> bool:
    """Whether the name at a position is the subject of a clause."""
    ends = at + len(name_at(text, at, person))
    return bool(_CLAUSE_START.search(text[:at])) and bool(_VERB_FOLLOWS.match(text, ends))


def name_at(text: str, at: int, person: Person) -> str:
    """The longest name of a person that stands at a position."""
    matching = [name for name in person.names if text.startswith((name, f"T{name[1:]}"), at)]
    return max(matching, key=len, default=person.name)
