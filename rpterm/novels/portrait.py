"""A card made of a book's own words: what somebody says, and what is told of them. Pure.

Nothing is invented. Examples are exchanges of the book in which the person is named as the speaker
(the rule that is right most often), the most telling ones first; claims are sentences that begin
with the person's name. Rules cannot tell what matters, or what the last chapter changes: it is a
draft for its writer's eyes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import zip_longest

from rpterm.cards.card import CharacterCard, Example, Lorebook, LoreEntry
from rpterm.novels.book import Book
from rpterm.novels.people import SAID, Person
from rpterm.novels.speakers import Line
from rpterm.scoring.signals.voice import SCALES
from rpterm.scoring.texts import content
from rpterm.scoring.voices import Voices
from rpterm.sentences import sentences

_EXAMPLES, _CLAIMS, _RELATIONS, _PEOPLE, _GREETINGS = 10, 14, 8, 8, 3
_LEAST_WORDS, _MOST_WORDS = 6, 70
_MOST_OTHERS = 6
_ALIKE = 0.5
"""Share of a line's telling words that an example chosen before may have in common with it."""
_MOST_GREETING = 110
_OFTEN = 0.2
_LEAST_CLAIM, _LONGEST = 5, 240
"""Words and characters of a claim."""
_KIN_TEXT = (
    "father mother brother sister son daughter husband wife uncle aunt cousin nephew niece friend "
    "master servant governess ward guardian partner rival enemy neighbour teacher pupil lover"
)
_KIN = re.compile(rf"\b(?:{_KIN_TEXT.replace(' ', '|')})s?\b")
_IS = (
    r"(?:(?:was|is)\s+(?:an?|the|so|very|not|no|of|by|reckoned|considered|known|\w+(?:,|\s+and|\s+but))"
    r"|had\s+(?:an?|no|never|always|been|lived|the)|loved|hated|lived|wore|owned|feared|never|always)\b"
)
_PRONOUN = re.compile(r"^(?:He|She)\b")
_DEED = re.compile(r"^(?:(?:and|as)\s+)?(?:he|she|with|[a-z]+ing)\b", re.IGNORECASE)
_SAYS = re.compile(rf",?\s+(?:and\s+)?(?:{'|'.join(sorted(SAID))})$")
_TAG = re.compile(rf"^\W*(?:(?:{'|'.join(sorted(SAID))})\s+\S+(?:\s+[A-Z]\S*)*|\S+(?:\s+[A-Z]\S*)*"
                  rf"\s+(?:{'|'.join(sorted(SAID))})\b)[\s,;:]*")  # fmt: skip


def sketch(book: Book, person: Person, source: str, year: str = "") -> CharacterCard:
    """The draft of a card.

    Args:
        source: What the book is called, for the notes.
        year: What the person knows nothing after; "" is no limit.
    """
    lines = book.lines_of(person)
    claims = list(_claims(book, person))
    relations = [each for each in claims if _KIN.search(each) or len(_named(book, each)) > 1]
    attributes = [each for each in claims if each not in relations]
    return CharacterCard(
        name=person.name,
        tagline=f"Out of {source}.",
        description=" ".join(sorted(attributes, key=len, reverse=True)[:2])
        or f"{person.name} speaks {len(lines)} times in {source}.",
        knows_until=year,
        greetings=tuple(_greetings(lines)),
        attributes=tuple(attributes[:_CLAIMS]),
        relations=tuple(relations[:_RELATIONS]),
        style=tuple(_style(lines)),
        limits=("{{char}} never decides what {{user}} says, does or feels.",),
        examples=tuple(_examples(book, person, lines)),
        lorebook=Lorebook(tuple(_others(book, person))),
        tags=("novel",),
        creator_notes=f"Drafted by rules from {source}: every line is the book's own.",
    )


# What is said ------------------------------------------------------------------------------
def _examples(book: Book, person: Person, lines: Sequence[Line]) -> Iterator[Example]:
    """Exchanges, the most telling ones first, none like another."""
    able = [line for line in lines if line.answers is not None and _fits(line)]
    seen: list[set[str]] = []
    for line in sorted(able, key=_telling(book, person, lines), reverse=True):
        told = set(content(line.paragraph.speech))
        if len(seen) == _EXAMPLES:
            return
        if all(len(told & other) <= _ALIKE * len(told) for other in seen):
            seen.append(told)
            yield _exchange(book, person, line)


def _fits(line: Line) -> bool:
    words = len(line.paragraph.speech.split())
    return line.how in ("named", "deed") and _LEAST_WORDS <= words <= _MOST_WORDS


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


def _exchange(book: Book, person: Person, line: Line) -> Example:
    before = book.lines[line.answers or 0]
    asked = _asked(before)
    for name in _longest_first(person.names):
        asked = asked.replace(name, "{{char}}")
    told = _acted(line)
    for name in _longest_first(before.speaker.names if before.speaker else ()):
        told = told.replace(name, "{{user}}")
    return Example((("user", asked), ("char", told)))


def _longest_first(names: Iterable[str]) -> list[str]:
    return sorted(names, key=lambda name: (-len(name), name))


def _asked(line: Line) -> str:
    """The other side's words, the last sentences of a long speech alone."""
    told = sentences(line.paragraph.speech)
    while len(told) > 1 and sum(len(each.split()) for each in told) > _MOST_WORDS:
        told = told[1:]
    return f'"{" ".join(told)}"'


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
    return " ".join([*parts, f'"{spoken}"'] if spoken else parts)


def _greetings(lines: Sequence[Line]) -> list[str]:
    """Openings: the longest lines that fit, those first that show what is done meanwhile."""
    found = dict.fromkeys(_acted(line) for line in lines if line.how in ("named", "deed"))
    able = [text for text in found if len(text.split()) <= _MOST_GREETING]
    return sorted(able, key=lambda text: ("*" not in text, -len(text)))[:_GREETINGS]


def _style(lines: Sequence[Line]) -> Iterator[str]:
    """How somebody speaks, counted."""
    told = [each for line in lines for each in sentences(line.paragraph.speech)]
    if not told:
        return
    words = sum(len(each.split()) for each in told) / len(told)
    yield f"Sentences of about {words:.0f} words."
    for mark, says in (("!", "Exclaims"), ("?", "Asks")):
        share = sum(each.rstrip("\"'’”").endswith(mark) for each in told) / len(told)
        if share >= _OFTEN:
            yield f"{says} in one sentence of {1 / share:.0f}."


# What is told ------------------------------------------------------------------------------
def _claims(book: Book, person: Person) -> Iterator[str]:
    """Sentences about somebody that hold for more than a moment, as far as a pattern can tell.

    A sentence that begins with "he" or "she" counts right after one that begins with the name.
    """
    names = "|".join(map(re.escape, _longest_first(person.names)))
    by_name = re.compile(rf"^(?:{names}),?\s(?:\w+\s){{0,2}}?{_IS}")
    known: set[str] = set()
    for paragraph in book.paragraphs:
        named = False
        for sentence in () if paragraph.said else sentences(paragraph.text):
            told = _PRONOUN.sub(person.name, sentence) if named else sentence
            named = told.startswith(tuple(person.names))
            fits = len(told) <= _LONGEST and len(told.split()) >= _LEAST_CLAIM
            if fits and by_name.match(told) and told not in known:
                known.add(told)
                yield told


def _named(book: Book, text: str) -> set[str]:
    return {person.name for _, person in book.people.mentions(text)}


def _others(book: Book, person: Person) -> Iterator[LoreEntry]:
    """Whom this person talks with, by the first sentence that tells of them."""
    met: dict[str, int] = {}
    for line in book.lines_of(person):
        other = book.lines[line.answers].speaker if line.answers is not None else None
        if other is not None and other != person:
            met[other.name] = met.get(other.name, 0) + 1
    known = {each.name: each for each in book.people.persons}
    for name, _ in sorted(met.items(), key=lambda item: (-item[1], item[0]))[:_PEOPLE]:
        told = next(_claims(book, known[name]), "")
        if told:
            yield LoreEntry(tuple(sorted(known[name].names)), told, name=name)
