"""``rpterm cards extract``: who speaks in a novel, and a card of one of them."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

from rpterm.cards.template import template
from rpterm.cards.values import horizon
from rpterm.cli import card_new, out
from rpterm.memory.bank import bank
from rpterm.novels.book import Book
from rpterm.novels.people import Person
from rpterm.novels.portrait import sketch
from rpterm.paths import Paths
from rpterm.types import NoSuchChoice, RptermError

_SHOWN = 30
_LEAST_LINES = 3


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
    if year and not horizon(year):
        raise NoSuchChoice(f'--year: {year[:40]!r} is neither a year nor a date, as "1895" is.')
    target = card_new.target(name, to, paths)
    book = opened(file, [name, *also] if also else ())
    drafted = sketch(book, _meant(book, name, file), file.stem, year)
    head = (
        f"Drafted by rules from {file.name}, of {drafted.lines} lines: every line is the book's "
        "own, and some will be\nsomebody else's. Above a claim stands its sentence. Read it "
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


def _meant(book: Book, name: str, file: Path) -> Person:
    known = {each.casefold(): each for p, _ in book.cast() for each in sorted(p.names)}
    person = book.people.named(known.get(name.casefold(), name))
    if person is not None and book.lines_of(person):
        return person
    near = [known[each] for each in get_close_matches(name.casefold(), known, 3, 0.5)]
    near += [each for low, each in known.items() if name.casefold() in low and each not in near]
    hint = f"did you mean {', '.join(near[:3])}?" if near else "without a name, all are listed."
    raise ExtractError(f"Nobody called {name!r} speaks in {file.name}; {hint}")
