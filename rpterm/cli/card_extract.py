"""``rpterm cards extract``: who speaks in a novel, and a card of one of them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

from rpterm.cards.template import template
from rpterm.cards.value_checks import is_year_or_date
from rpterm.cli import card_new, out
from rpterm.memory.bank import bank
from rpterm.novels.book import Book
from rpterm.novels.people import Person
from rpterm.novels.portrait import sketch
from rpterm.paths import Paths
from rpterm.plural import counted
from rpterm.types import NoSuchChoice, RptermError

_SHOWN = 30
_LEAST_LINES = 3
_CHOICES = 6


class ExtractError(RptermError):
    """No card comes of this book and name; the text says why and what to do."""


def opened(file: Path, same: Sequence[str]) -> Book:
    """A novel, read.

    Raises:
        BankError: The file cannot be read.
        ExtractError: Nobody speaks in it.
    """
    book = Book([passage.text for passage in bank.read(file).passages], same)
    if not book.people.persons:
        raise ExtractError(
            f"In {file.name} nobody is named as a speaker: rpterm looks for quotation marks and "
            'for words such as "said Anna".'
        )
    return book


def tell_cast(book: Book, json: bool) -> None:
    """Print who speaks, most lines first."""
    cast = [(person, lines) for person, lines in book.cast() if lines >= _LEAST_LINES]
    if json:
        out.data([{"name": p.name, "names": sorted(p.names), "lines": n} for p, n in cast])
        return
    rows = [(p.name, str(n), ", ".join(sorted(p.names - {p.name}))) for p, n in cast[:_SHOWN]]
    out.table(rows, ("who", "lines", "also called"))


def write(
    file: Path, name: str, also: Sequence[str], year: str, to: Path | None, paths: Paths
) -> Path:
    """Write the card and say where.

    Raises:
        RptermError: The book cannot be read, nobody in it is called so, the card exists, or the
            year is none.
    """
    if year and not is_year_or_date(year):
        raise NoSuchChoice(f'--year: {year[:40]!r} is neither a year nor a date, as "1895" is.')
    target = card_new.target(name, to, paths)
    book = opened(file, [name, *also] if also else ())
    drafted = sketch(book, _meant(book, name, file), _title(file), year, name)
    head = (
        f"Drafted by rules from {file.name}, of {drafted.lines} lines, in the book's words; some "
        "will be\nsomebody else's. Above a claim stands its sentence. Read it "
        "through; take out what holds for one chapter only."
    )
    card_new.write(target, template(drafted.card, head, drafted.notes))
    return target


def tell(card: Path, book: Path, json: bool) -> None:
    """Say where the card is and what one may do with it next."""
    if json:
        out.data({"file": str(card)})
        return
    shown = shlex.quote(str(card))
    out.say(str(card))
    out.say(f"Read it:  rpterm cards lint {shown}\nTalk:     rpterm chat {shown}")
    out.say(f"Remember: rpterm memory add {shlex.quote(str(book))} --to {shown}")


def _title(file: Path) -> str:
    """What a book is called, by its file: "the_flood.txt" is "The Flood"."""
    words = " ".join(re.sub(r"[_-]+", " ", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", file.stem)).split())
    return words.title() if words.islower() else words or file.name


def _meant(book: Book, name: str, file: Path) -> Person:
    """Whom a name means: the one who is called so, or the only one whose name has these words.

    Raises:
        ExtractError: Nobody is, or several are.
    """
    speakers = book.cast()
    low = name.casefold()
    exact = [p for p, _ in speakers if low in {each.casefold() for each in p.names}]
    words = set(low.split())
    near = [p for p, _ in speakers if any(words <= set(n.casefold().split()) for n in p.names)]
    found = exact or near
    if len(found) == 1:
        return found[0]
    if found:
        counts = dict(speakers)
        told = ", ".join(f"{_longest(p)} ({counted(counts[p], 'line')})" for p in found[:_CHOICES])
        raise ExtractError(f"{name!r} may be several people in {file.name}: {told}; say which.")
    known = {each.casefold(): each for p, _ in speakers for each in sorted(p.names)}
    close = [known[each] for each in get_close_matches(low, known, 3, 0.5)]
    close += [each for lower, each in known.items() if low in lower and each not in close]
    hint = f"did you mean {', '.join(close[:3])}?" if close else "without a name, all are listed."
    raise ExtractError(f"Nobody called {name!r} speaks in {file.name}; {hint}")


def _longest(person: Person) -> str:
    return max(person.names, key=lambda name: (len(name), name))
