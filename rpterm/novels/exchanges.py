"""Takes real exchanges from a book as example dialogues and greetings of a card. Pure.

The user's part is what the other person said, the character's part is the answer, with actions
between asterisks. Only lines whose speaker is nearly certain are used.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import zip_longest
from typing import Literal

from rpterm.cards.card import Example
from rpterm.novels.attribution import Line
from rpterm.novels.book import Book
from rpterm.novels.people import Person
from rpterm.novels.quotations import Paragraph
from rpterm.novels.speech_tags import SPEECH_VERBS
from rpterm.novels.titles import split_title
from rpterm.scoring.signals.voice import SCALES
from rpterm.scoring.texts import content_stems
from rpterm.scoring.voice_classifier import VoiceClassifier
from rpterm.text.sentences import sentences

_MAX_EXAMPLES, _MAX_LONG_EXAMPLES, _MAX_GREETINGS = 10, 3, 3
_MIN_WORDS, _MAX_WORDS = 6, 70
_MAX_LONG_WORDS = 150
"""Words of an example of two exchanges at most."""
_MAX_OTHERS = 6
_MAX_OVERLAP = 0.5
"""Share of a line's content words that an example chosen before may also contain."""
_MIN_GREETING_WORDS, _MAX_GREETING_WORDS, _IDEAL_GREETING_WORDS = 12, 100, 35
_MAX_ACTION_WORDS, _MAX_LEAD_WORDS = 22, 30
"""Words of an action during a line, and of the sentence right before it."""
_DEPENDENT = re.compile(r"\b(?:he|she|him|her|his|they|them|it|that|those|this)\b", re.IGNORECASE)
_CONTINUATION = re.compile(
    r"\W*(?:But|And|Then|Yes|No|So|That|It|He|She|Because|Or|Therefore|Exactly|Certainly|Quite|"
    r"Nor)\b"
)
_NO_TITLE = "".join(rf"(?<!\b{each} )(?<!\b{each}\. )" for each in ("Mr", "Mrs", "Miss", "Dr"))
_SURE = 0.95
"""Probability from which a line may stand in a card as the character's own."""
_OTHER_MIN_PROBABILITY = 0.5
"""Probability from which the other person's line is attributed to them."""
_NAMED_BONUS = 2.0
"""Added to a line whose speaker the book names: such attributions are hardly ever wrong."""
_ACTION = re.compile(r"^(?:(?:and|as)\s+)?(?:he|she|I|with|[a-z]+ing)\b", re.IGNORECASE)
_SPEECH_VERBS = "|".join(sorted(SPEECH_VERBS))
_AND = re.compile(r"^[Aa]nd ")
_TAG_AT_END = re.compile(rf",?\s+(?:and\s+)?(?:{_SPEECH_VERBS})$")
_TAG_AT_START = re.compile(
    rf"^\W*(?:(?:{_SPEECH_VERBS})\s+\S+(?:\s+[A-Z]\S*)*|"
    rf"\S+(?:\s+[A-Z]\S*)*\s+(?:\w+ly\s+)?(?:{_SPEECH_VERBS})\b)[\s,;:]*"
)


def examples(book: Book, person: Person) -> Iterator[Example]:
    """Exchanges, the most distinctive first, none like another; a few continue for two turns."""
    lines = book.lines_of(person)
    usable = [
        line for line in lines if _is_usable(book, line) and _answered_line(book, person, line)
    ]
    seen: list[set[str]] = []
    count = long = 0
    for line in sorted(usable, key=_distinctiveness(book, person, lines), reverse=True):
        if count == _MAX_EXAMPLES:
            return
        if _repeats(line, seen):
            continue
        before = book.lines[line.replies_to or 0]
        exchange = [before, line]
        if long < _MAX_LONG_EXAMPLES:
            exchange += _next_exchange(book, person, line, before.speaker)
        if _repeats(exchange[-1], seen):
            exchange = exchange[:2]
        seen += [set(content_stems(answer.paragraph.speech)) for answer in exchange[1::2]]
        count, long = count + 1, long + (len(exchange) > 2)
        yield _example(exchange, person)


def _repeats(line: Line, seen: Sequence[set[str]]) -> bool:
    """Whether a line says what one of the examples says already."""
    words = set(content_stems(line.paragraph.speech))
    return any(len(words & other) > _MAX_OVERLAP * len(words) for other in seen)


def greetings(book: Book, person: Person) -> list[tuple[Line, str]]:
    """Openings and the lines they come from.

    A good opening begins a conversation, can be understood without what was said before, and leaves
    the answer to the other person.
    """
    scored: dict[str, tuple[float, Line]] = {}
    for at, line in enumerate(book.lines):
        if line.speaker != person or not _is_sure(book, line):
            continue
        other = _addressed(book, at)
        text = _with_user_macro(_as_roleplay(line), other)
        if _MIN_GREETING_WORDS <= len(text.split()) <= _MAX_GREETING_WORDS:
            lead = _lead_in(book, line, person) if "*" not in text else ""
            scored.setdefault(f"{lead}{text}", (_opening_score(book, line, text, other), line))
    best = sorted(scored.items(), key=lambda item: -item[1][0])
    return [(line, text) for text, (_, line) in best[:_MAX_GREETINGS]]


def _addressed(book: Book, at: int) -> Person | None:
    """Whom a line is said to: the one it calls, or who answers it, or whom it answers."""
    line = book.lines[at]
    addressed = book.people.addressed_in(line.paragraph.speech)
    if addressed:
        return addressed[0] if addressed[0] != line.speaker else None
    after = book.lines[at + 1] if at + 1 < len(book.lines) else None
    if after is not None and after.replies_to == at:
        other = after.speaker
    else:
        other = book.lines[line.replies_to].speaker if line.replies_to is not None else None
    return None if other == line.speaker or _talks_about(book, line, other) else other


def _talks_about(book: Book, line: Line, other: Person | None) -> bool:
    """Whether a line names somebody without calling them, so that it is said to somebody else."""
    speech = line.paragraph.speech
    named = [person for _, person in book.people.mentions(speech)]
    return other in named and other not in book.people.addressed_in(speech)


def with_macros(book: Book, person: Person, line: Line, text: str) -> str:
    """A text about a line, with macros for the two speakers."""
    other = _addressed(book, book.lines.index(line))
    return _with_macro(_with_user_macro(text, other), person, "{{char}}")


def _opening_score(book: Book, line: Line, text: str, other: Person | None) -> float:
    """How well a line opens a chat."""
    named = {each.name for _, each in book.people.mentions(line.paragraph.speech)}
    strangers = named - {each.name for each in (line.speaker, other) if each is not None}
    score = 2.0 * (line.replies_to is None) + 1.5 * (line.how == "named") + 1.0 * ("*" in text)
    score += 1.5 * text.rstrip('"').endswith("?") + 1.0 * ("{{user}}" in text)
    score -= 1.0 * len(strangers) + 0.5 * len(_DEPENDENT.findall(line.paragraph.speech))
    score -= 1.5 * bool(_CONTINUATION.match(line.paragraph.speech))
    return score - 0.03 * abs(len(text.split()) - _IDEAL_GREETING_WORDS)


def _lead_in(book: Book, line: Line, person: Person) -> str:
    """What the person does right before a line, if the book says it in a short sentence."""
    before = book.paragraphs[line.paragraph.index - 1] if line.paragraph.index else None
    if before is None or before.quotes:
        return ""
    last = sentences(before.text)[-1]
    begins = book.people.mentions(last)[:1]
    short = len(last.split()) <= _MAX_LEAD_WORDS and last.endswith(".")
    return f"*{_without_italics(last)}*\n\n" if short and begins == [(0, person)] else ""


def _is_sure(book: Book, line: Line) -> bool:
    """Whether a line is surely its speaker's; hardly anybody calls themselves by name."""
    calls = book.people.addressed_in(line.paragraph.speech)
    is_whole = not line.paragraph.continues_speech
    return line.probability >= _SURE and is_whole and line.speaker not in calls


def _is_usable(book: Book, line: Line) -> bool:
    return _is_sure(book, line) and _MIN_WORDS <= len(line.paragraph.speech.split()) <= _MAX_WORDS


def _answered_line(book: Book, person: Person, line: Line) -> Line | None:
    """The line that is answered, if somebody else said it, and not to a third person by name."""
    before = book.lines[line.replies_to] if line.replies_to is not None else None
    if before is None or before.speaker == person or before.probability < _OTHER_MIN_PROBABILITY:
        return None
    if _talks_about(book, line, before.speaker):
        return None
    called = book.people.addressed_in(before.paragraph.speech)
    return before if not called or person in called else None


def _distinctiveness(book: Book, person: Person, lines: Sequence[Line]) -> Callable[[Line], float]:
    """A function that scores how much a line sounds like this person and nobody else in the
    book."""
    others = [
        [line.paragraph.speech for line in book.lines_of(other)]
        for other, _ in book.cast()[: _MAX_OTHERS + 1]
        if other != person
    ]
    voices = VoiceClassifier([line.paragraph.speech for line in lines], others or [[""]])

    def score(line: Line) -> float:
        views = voices.measure(line.paragraph.speech)
        before = _answered_line(book, person, line)
        named = (line.how == "named") + (before is not None and before.how == "named")
        return _NAMED_BONUS * named + sum(views[name] / scale for name, scale in SCALES.items())

    return score


def _example(exchange: Sequence[Line], person: Person) -> Example:
    """Lines of the other person and of the character, in turn, as an example dialogue."""
    other = exchange[0].speaker
    turns: list[tuple[Literal["user", "char"], str]] = []
    for asked, answer in zip(exchange[::2], exchange[1::2], strict=True):
        turns.append(("user", _user_turn(asked, person)))
        turns.append(("char", _with_user_macro(_as_roleplay(answer), other)))
    return Example(tuple(turns))


def _next_exchange(book: Book, person: Person, line: Line, other: Person | None) -> list[Line]:
    """What the same two people say next, if it fits."""
    at = book.lines.index(line)
    after = book.lines[at + 1 : at + 3]
    if other is None or [each.replies_to for each in after] != [at, at + 1]:
        return []
    question, answer = after
    same_two = question.speaker == other and answer.speaker == person
    words = sum(len(each.paragraph.speech.split()) for each in (line, question, answer))
    is_usable = (
        _is_usable(book, answer) and question.probability >= _SURE and words <= _MAX_LONG_WORDS
    )
    return [question, answer] if same_two and is_usable else []


def _user_turn(line: Line, person: Person) -> str:
    """The other person's words; of a long speech, the last sentences alone."""
    kept = sentences(_speech(line.paragraph))
    while len(kept) > 1 and sum(len(each.split()) for each in kept) > _MAX_WORDS:
        kept = kept[1:]
    return _with_macro(f'"{_without_comma(_without_italics(" ".join(kept)))}"', person, "{{char}}")


def _with_user_macro(text: str, other: Person | None) -> str:
    return _with_macro(text, other, "{{user}}") if other is not None else text


def _with_macro(text: str, person: Person, macro: str) -> str:
    """A text with a macro in the place of a person's names; "Miss Orme" is not one of Mr.
    Orme's."""
    for name in sorted(person.names, key=lambda each: (-len(each), each)):
        bare = "" if split_title(name)[0] else _NO_TITLE
        text = re.sub(rf"(?<![\w’']){bare}{re.escape(name)}(?!\w)", macro, text)
    return text


def _without_italics(text: str) -> str:
    """A text without italics marks, which asterisks would otherwise turn into actions."""
    return text.replace("_", "")


def _as_roleplay(line: Line) -> str:
    """Speech in quotes and actions between asterisks, without "said X"."""
    parts: list[str] = []
    spoken = ""
    paragraph = line.paragraph
    pieces = zip_longest(paragraph.narration_parts, paragraph.quotes, fillvalue="")
    for narration, quote in pieces:
        untagged = _TAG_AT_START.sub("", _without_italics(narration)).strip(" ,;:.-—–")
        action = _AND.sub("", _TAG_AT_END.sub("", untagged))
        if 2 < len(action.split()) <= _MAX_ACTION_WORDS and _ACTION.match(action):
            parts += [f'"{spoken}"'] if spoken else []
            parts, spoken = [*parts, f"*{action[0].upper()}{action[1:]}.*"], ""
        spoken = _joined(spoken, narration, _without_italics(quote))
    return " ".join([*parts, f'"{_without_comma(spoken)}"'] if spoken else parts)


def _speech(paragraph: Paragraph) -> str:
    """All quotations of a paragraph as one text."""
    text = ""
    for told, quote in zip(paragraph.narration_parts, paragraph.quotes, strict=False):
        text = _joined(text, told, quote)
    return text


def _joined(spoken: str, told: str, quote: str) -> str:
    """Speech and the next quotation, without the commas and dashes that enclosed "said he"."""
    if quote.startswith(("--", "—", "–")):
        return f"{spoken.rstrip(' ,-—–')}{quote}"
    is_new_sentence = quote[:1].isupper() and not told.rstrip().endswith(",")
    return f"{_without_comma(spoken) if is_new_sentence else spoken} {quote}".strip()


def _without_comma(spoken: str) -> str:
    """Speech without the comma that the book puts before "said he"."""
    return f"{spoken[:-1]}." if spoken.endswith(",") else spoken
