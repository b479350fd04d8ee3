"""Real exchanges of a book as example dialogues and greetings of a card. Pure.

The user's part is what the other one said, the character's part what they answered, with what is
done meanwhile between asterisks; only lines whose speaker is all but sure are taken.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import zip_longest
from typing import Literal

from rpterm.cards.card import Example
from rpterm.novels.book import Book
from rpterm.novels.people import Person
from rpterm.novels.speakers import Line
from rpterm.novels.tags import SAID
from rpterm.novels.told import SURE
from rpterm.scoring.signals.voice import SCALES
from rpterm.scoring.texts import content
from rpterm.scoring.voices import Voices
from rpterm.sentences import sentences

_EXAMPLES, _LONG_EXAMPLES, _GREETINGS = 10, 3, 3
_LEAST_WORDS, _MOST_WORDS = 6, 70
_MOST_LONG = 150
"""Words of an example of two exchanges."""
_MOST_OTHERS = 6
_ALIKE = 0.5
"""Share of a line's telling words that an example chosen before may have in common with it."""
_LEAST_GREETING, _MOST_GREETING = 12, 110
_OTHER_SURE = 0.5
"""The chance from which on the other's line is theirs."""
_DEED = re.compile(r"^(?:(?:and|as)\s+)?(?:he|she|I|with|[a-z]+ing)\b", re.IGNORECASE)
_VERBS = "|".join(sorted(SAID))
_SAYS = re.compile(rf",?\s+(?:and\s+)?(?:{_VERBS})$")
_TAG = re.compile(
    rf"^\W*(?:(?:{_VERBS})\s+\S+(?:\s+[A-Z]\S*)*|\S+(?:\s+[A-Z]\S*)*\s+(?:{_VERBS})\b)[\s,;:]*"
)


def examples(book: Book, person: Person) -> Iterator[Example]:
    """Exchanges, the most telling ones first, none like another; a few go on for two turns."""
    lines = book.lines_of(person)
    able = [line for line in lines if _fits(line) and _other(book, person, line) is not None]
    seen: list[set[str]] = []
    long = 0
    for line in sorted(able, key=_telling(book, person, lines), reverse=True):
        told = set(content(line.paragraph.speech))
        if len(seen) == _EXAMPLES:
            return
        if any(len(told & other) > _ALIKE * len(told) for other in seen):
            continue
        seen.append(told)
        example = _exchange(book, person, line, long < _LONG_EXAMPLES)
        long += len(example.dialogue) > 2
        yield example


def greetings(book: Book, person: Person) -> list[tuple[Line, str]]:
    """Openings with the lines they are: those that begin a talk and leave the other to answer."""
    found: dict[str, tuple[int, Line]] = {}
    for at, line in enumerate(book.lines):
        if line.speaker != person or not _is_sure(line):
            continue
        after = book.lines[at + 1] if at + 1 < len(book.lines) else None
        answered = after is not None and after.answers == at and after.speaker != person
        text = _as_user(_acted(line), after.speaker if after and answered else None)
        if _LEAST_GREETING <= len(text.split()) <= _MOST_GREETING:
            begins = line.answers is None
            asks = text.rstrip('"').endswith("?")
            value = 2 * begins + 2 * answered + asks + ("*" in text) + ("{{user}}" in text)
            found.setdefault(text, (value, line))
    best = sorted(found.items(), key=lambda item: -item[1][0])
    return [(line, text) for text, (_, line) in best[:_GREETINGS]]


def _is_sure(line: Line) -> bool:
    return line.chance >= SURE and not line.paragraph.goes_on


def _fits(line: Line) -> bool:
    return _is_sure(line) and _LEAST_WORDS <= len(line.paragraph.speech.split()) <= _MOST_WORDS


def _other(book: Book, person: Person, line: Line) -> Line | None:
    """The line that is answered, where another one says it."""
    before = book.lines[line.answers] if line.answers is not None else None
    if before is None or before.speaker == person or before.chance < _OTHER_SURE:
        return None
    return before


def _telling(book: Book, person: Person, lines: Sequence[Line]) -> Callable[[Line], float]:
    """How much a line sounds like this person and nobody else in the book."""
    others = [
        [line.paragraph.speech for line in book.lines_of(other)]
        for other, _ in book.cast()[: _MOST_OTHERS + 1]
        if other != person
    ]
    voices = Voices([line.paragraph.speech for line in lines], others or [[""]])

    def value(line: Line) -> float:
        views = voices.measure(line.paragraph.speech)
        return sum(views[name] / scale for name, scale in SCALES.items())

    return value


def _exchange(book: Book, person: Person, line: Line, long: bool) -> Example:
    """One exchange, or two where the talk goes on between the same two."""
    before = book.lines[line.answers or 0]
    turns = [_asked(before, person), _as_user(_acted(line), before.speaker)]
    if long:
        turns += _more(book, person, line, before.speaker)
    roles: tuple[Literal["user", "char"], ...] = ("user", "char")
    return Example(tuple(zip(roles * (len(turns) // 2), turns, strict=True)))


def _more(book: Book, person: Person, line: Line, other: Person | None) -> list[str]:
    at = book.lines.index(line)
    after = book.lines[at + 1 : at + 3]
    if len(after) < 2 or other is None or after[0].answers != at or after[1].answers != at + 1:
        return []
    asked, told = after
    mine = asked.speaker == other and told.speaker == person and _fits(told)
    words = sum(len(each.paragraph.speech.split()) for each in (line, asked, told))
    if not mine or asked.chance < SURE or words > _MOST_LONG:
        return []
    return [_asked(asked, person), _as_user(_acted(told), other)]


def _asked(line: Line, person: Person) -> str:
    """The other side's words, the last sentences of a long speech alone."""
    told = sentences(line.paragraph.speech)
    while len(told) > 1 and sum(len(each.split()) for each in told) > _MOST_WORDS:
        told = told[1:]
    return _with(f'"{_ended(" ".join(told))}"', person.names, "{{char}}")


def _as_user(text: str, other: Person | None) -> str:
    return _with(text, other.names if other is not None else (), "{{user}}")


def _with(text: str, names: Iterable[str], macro: str) -> str:
    """A text in which a macro stands for somebody's names."""
    for name in sorted(names, key=lambda each: (-len(each), each)):
        text = re.sub(rf"(?<![\w’']){re.escape(name)}(?!\w)", macro, text)
    return text


def _acted(line: Line) -> str:
    """What is said in quotes, and what is done meanwhile between asterisks, without "said X"."""
    parts: list[str] = []
    spoken = ""
    for told, said in zip_longest(line.paragraph.told, line.paragraph.said, fillvalue=""):
        deed = _SAYS.sub("", _TAG.sub("", told).strip(" ,;:.-—–"))
        if len(deed.split()) > 2 and _DEED.match(deed):
            parts += [f'"{spoken}"'] if spoken else []
            parts, spoken = [*parts, f"*{deed[0].upper()}{deed[1:]}.*"], ""
        if spoken.endswith(",") and said[:1].isupper():
            spoken = f"{spoken[:-1]}."
        spoken = f"{spoken} {said}".strip()
    return " ".join([*parts, f'"{_ended(spoken)}"'] if spoken else parts)


def _ended(spoken: str) -> str:
    """The comma before "said he" was the book's."""
    return f"{spoken[:-1]}." if spoken.endswith(",") else spoken
