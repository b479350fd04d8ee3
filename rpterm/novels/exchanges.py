"""Real exchanges of a book as example dialogues and greetings of a card. Pure.

The user's part is what the other one said, the character's part what they answered, with what is
done meanwhile between asterisks; only lines whose speaker is all but sure are taken.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import zip_longest
from typing import Literal

from rpterm.cards.card import Example
from rpterm.novels.book import Book
from rpterm.novels.names import titled
from rpterm.novels.people import Person, called_in
from rpterm.novels.reading import SURE
from rpterm.novels.speakers import Line
from rpterm.novels.tags import SAID
from rpterm.scoring.signals.voice import SCALES
from rpterm.scoring.texts import content_stems
from rpterm.scoring.voice_classifier import VoiceClassifier
from rpterm.sentences import sentences

_EXAMPLES, _LONG_EXAMPLES, _GREETINGS = 10, 3, 3
_LEAST_WORDS, _MOST_WORDS = 6, 70
_MOST_LONG = 150
"""Words of an example of two exchanges."""
_MOST_OTHERS = 6
_ALIKE = 0.5
"""Share of a line's telling words that an example chosen before may have in common with it."""
_LEAST_GREETING, _MOST_GREETING, _GOOD_GREETING = 12, 100, 35
_MOST_DEED, _MOST_LEAD = 22, 30
"""Words of what is done while one speaks, and right before."""
_LEANS = re.compile(r"\b(?:he|she|him|her|his|they|them|it|that|those|this)\b", re.IGNORECASE)
_GOES_ON = re.compile(
    r"\W*(?:But|And|Then|Yes|No|So|That|It|He|She|Because|Or|Therefore|Exactly|Certainly|Quite|"
    r"Nor)\b"
)
_NO_TITLE = "".join(rf"(?<!\b{each} )(?<!\b{each}\. )" for each in ("Mr", "Mrs", "Miss", "Dr"))
_OTHER_SURE = 0.5
"""The chance from which on the other's line is theirs."""
_NAMED = 2.0
"""What it adds to a line that the book names who says it: such lines are hardly ever wrong."""
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
        told = set(content_stems(line.paragraph.speech))
        if len(seen) == _EXAMPLES:
            return
        if any(len(told & other) > _ALIKE * len(told) for other in seen):
            continue
        seen.append(told)
        example = _exchange(book, person, line, long < _LONG_EXAMPLES)
        long += len(example.dialogue) > 2
        yield example


def greetings(book: Book, person: Person) -> list[tuple[Line, str]]:
    """Openings with the lines they are: those that begin a talk, can be understood without what
    was said before, and leave the other to answer."""
    found: dict[str, tuple[float, Line]] = {}
    for at, line in enumerate(book.lines):
        if line.speaker != person or not _is_sure(line):
            continue
        other = _addressed(book, at)
        text = _as_user(_acted(line), other)
        if _LEAST_GREETING <= len(text.split()) <= _MOST_GREETING:
            lead = _lead(book, line, person) if "*" not in text else ""
            found.setdefault(f"{lead}{text}", (_opens(book, line, text, other), line))
    best = sorted(found.items(), key=lambda item: -item[1][0])
    return [(line, text) for text, (_, line) in best[:_GREETINGS]]


def _addressed(book: Book, at: int) -> Person | None:
    """Whom a line is said to: the one it calls, or who answers it, or whom it answers."""
    line = book.lines[at]
    called = [
        each for name in called_in(line.paragraph.speech) if (each := book.people.named(name))
    ]
    if called:
        return called[0] if called[0] != line.speaker else None
    after = book.lines[at + 1] if at + 1 < len(book.lines) else None
    if after is not None and after.answers == at:
        return after.speaker if after.speaker != line.speaker else None
    return book.lines[line.answers].speaker if line.answers is not None else None


def with_macros(book: Book, person: Person, line: Line, text: str) -> str:
    """What is told around a line, with macros for the two who talk."""
    other = _addressed(book, book.lines.index(line))
    return _with(_as_user(text, other), person, "{{char}}")


def _opens(book: Book, line: Line, text: str, other: Person | None) -> float:
    """How well a line opens a chat."""
    named = {each.name for _, each in book.people.mentions(line.paragraph.speech)}
    strangers = named - {each.name for each in (line.speaker, other) if each is not None}
    value = 2.0 * (line.answers is None) + 1.5 * (line.how == "named") + 1.0 * ("*" in text)
    value += 1.5 * text.rstrip('"').endswith("?") + 1.0 * ("{{user}}" in text)
    value -= 1.0 * len(strangers) + 0.5 * len(_LEANS.findall(line.paragraph.speech))
    value -= 1.5 * bool(_GOES_ON.match(line.paragraph.speech))
    return value - 0.03 * abs(len(text.split()) - _GOOD_GREETING)


def _lead(book: Book, line: Line, person: Person) -> str:
    """What the person does right before a line, where the book tells it in a short sentence."""
    before = book.paragraphs[line.paragraph.at - 1] if line.paragraph.at else None
    if before is None or before.said:
        return ""
    last = sentences(before.text)[-1]
    begins = book.people.mentions(last)[:1]
    short = len(last.split()) <= _MOST_LEAD and last.endswith(".")
    return f"*{_plain(last)}*\n\n" if short and begins == [(0, person)] else ""


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
    voices = VoiceClassifier([line.paragraph.speech for line in lines], others or [[""]])

    def value(line: Line) -> float:
        views = voices.measure(line.paragraph.speech)
        before = _other(book, person, line)
        sure = _NAMED * ((line.how == "named") + (before is not None and before.how == "named"))
        return sure + sum(views[name] / scale for name, scale in SCALES.items())

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
    return _with(f'"{_ended(_plain(" ".join(told)))}"', person, "{{char}}")


def _as_user(text: str, other: Person | None) -> str:
    return _with(text, other, "{{user}}") if other is not None else text


def _with(text: str, person: Person, macro: str) -> str:
    """A text in which a macro stands for somebody's names; "Miss Orme" is none of Mr. Orme's."""
    for name in sorted(person.names, key=lambda each: (-len(each), each)):
        bare = "" if titled(name)[0] else _NO_TITLE
        text = re.sub(rf"(?<![\w’']){bare}{re.escape(name)}(?!\w)", macro, text)
    return text


def _plain(text: str) -> str:
    """A text without the marks of italics: an asterisk would make an action of them."""
    return text.replace("_", "")


def _acted(line: Line) -> str:
    """What is said in quotes, and what is done meanwhile between asterisks, without "said X"."""
    parts: list[str] = []
    spoken = ""
    for told, said in zip_longest(line.paragraph.told, line.paragraph.said, fillvalue=""):
        deed = _SAYS.sub("", _TAG.sub("", _plain(told)).strip(" ,;:.-—–")).removeprefix("and ")
        if 2 < len(deed.split()) <= _MOST_DEED and _DEED.match(deed):
            parts += [f'"{spoken}"'] if spoken else []
            parts, spoken = [*parts, f"*{deed[0].upper()}{deed[1:]}.*"], ""
        if spoken.endswith(",") and said[:1].isupper():
            spoken = f"{spoken[:-1]}."
        spoken = f"{spoken} {_plain(said)}".strip()
    return " ".join([*parts, f'"{_ended(spoken)}"'] if spoken else parts)


def _ended(spoken: str) -> str:
    """The comma before "said he" was the book's."""
    return f"{spoken[:-1]}." if spoken.endswith(",") else spoken
