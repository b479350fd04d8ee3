"""``rpterm cards extract``: lists the speakers of a novel, and drafts a card of one of them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

from rpterm.cards.authoring import new_card
from rpterm.cards.authoring.template import template
from rpterm.cards.format.value_checks import CONTROL_CHARACTERS, is_year_or_date
from rpterm.cli import out, rich_out
from rpterm.cli.user_files import card_argument
from rpterm.errors import InvalidChoice, RptermError
from rpterm.humanize import counted
from rpterm.memory.bank import files
from rpterm.novels.book import Book
from rpterm.novels.people import Person
from rpterm.novels.portrait import draft_card
from rpterm.paths import Paths

_MAX_SHOWN = 30
_MIN_LINES = 3
_MAX_CANDIDATES = 6
_MIN_NAMED_SHARE = 0.1
"""Share of lines with "said Anna" below which a book is not English, or nearly all dialogue."""
_MAX_HEADER_BYTES = 4096
_WINDOWS = {code: bytes([code]).decode("cp1252", "ignore") for code in range(0x80, 0xA0)}
"""Control characters that were quotation marks before a file of Windows was taken for Latin-1."""
_TITLE_LINE = re.compile(r"^Title:\s*(\S.*?)\s*$", re.MULTILINE)


def read_book(file: Path, same: Sequence[str]) -> Book:
    """Read a novel.

    Args:
        same: Names of the same person.

    Raises:
        RptermError: The file cannot be read, or nobody speaks in it.
    """
    with rich_out.console(errors=True).status(rich_out.text(f"Reading {file.name} …")):
        passages = files.read(file).passages
        texts = [CONTROL_CHARACTERS.sub("", each.text.translate(_WINDOWS)) for each in passages]
        kept = [
            (text, each.heading) for text, each in zip(texts, passages, strict=True) if text.strip()
        ]
        book = Book([text for text, _ in kept], same, [heading for _, heading in kept])
    if not book.people.persons:
        raise RptermError(
            f"No speakers were found in {file.name}: rpterm looks for quotation marks and for "
            'English words such as "said Anna".'
        )
    named = sum(line.how in ("named", "pronoun") for line in book.lines)
    if named < _MIN_NAMED_SHARE * len(book.lines):
        out.tell(
            f'Most speakers in {file.name} are guesses: it hardly ever says "said Anna" in English.'
        )
    return book


def print_cast(book: Book, file: Path, json: bool) -> None:
    """Print the speakers, those with the most lines first, and what to do next."""
    cast = [(person, lines) for person, lines in book.cast() if lines >= _MIN_LINES]
    if json:
        out.json_data([{"name": p.name, "names": sorted(p.names), "lines": n} for p, n in cast])
        return
    rows = [(p.name, str(n), ", ".join(sorted(p.names - {p.name}))) for p, n in cast[:_MAX_SHOWN]]
    out.table(("name", "lines", "also called"), rows)
    if rows:
        draft = f"rpterm cards extract {shlex.quote(str(file))} {shlex.quote(rows[0][0])}"
        out.tell(f"Draft a card: {draft}")
        out.tell("Is somebody listed twice? Join the two: --also OTHER-NAME")


def write_card(
    file: Path, name: str, also: Sequence[str], year: str, to: Path | None, paths: Paths
) -> Path:
    """Write the card and return its file.

    Raises:
        RptermError: The book cannot be read, nobody in it has this name, the card already exists,
            or the year is not valid.
    """
    if year and not is_year_or_date(year):
        raise InvalidChoice(f'--year: {year[:40]!r} is neither a year nor a date such as "1895".')
    target = new_card.new_file(name, to, paths)
    book = read_book(file, [name, *also] if also else ())
    drafted = draft_card(book, _speaker(book, name, file), _title(file), year, name)
    head = (
        f"Drafted by rules from {file.name}, from {drafted.lines} lines in the book's words; some "
        "may be\nsomebody else's. Above each claim is the sentence it comes from. Read it "
        "through, and remove what is true of one chapter only."
    )
    new_card.write_file(target, template(drafted.card, head, drafted.notes))
    return target


def print_next_steps(card: Path, book: Path, json: bool) -> None:
    """Print the card's file and what to do with it next."""
    if json:
        out.json_data({"file": str(card)})
        return
    shown = card_argument(card)
    out.say(str(card))
    out.say(f"Check it: rpterm cards lint {shown}\nChat:     rpterm chat {shown}")
    out.say(f"Add the book to memory: rpterm memory add {shlex.quote(str(book))} --to {shown}")


def _title(file: Path) -> str:
    """A book's title, from a Project Gutenberg header or its file's name: "The Flood"."""
    with file.open("rb") as opened:
        head = opened.read(_MAX_HEADER_BYTES).decode("utf-8", "ignore")
    if file.suffix.lower() in (".txt", ".text") and (found := _TITLE_LINE.search(head)):
        return found[1]
    words = " ".join(re.sub(r"[_-]+", " ", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", file.stem)).split())
    return words.title() if words.islower() else words or file.name


def _speaker(book: Book, name: str, file: Path) -> Person:
    """The speaker with this name, or the only one whose name contains its words.

    Raises:
        RptermError: There is nobody, or more than one.
    """
    speakers = book.cast()
    folded = name.casefold()
    exact = [p for p, _ in speakers if folded in {each.casefold() for each in p.names}]
    words = set(folded.split())
    partial = [p for p, _ in speakers if any(words <= set(n.casefold().split()) for n in p.names)]
    found = exact or partial
    if len(found) == 1:
        return found[0]
    if found:
        counts = dict(speakers)
        candidates = ", ".join(
            f"{_longest_name(p)} ({counted(counts[p], 'line')})" for p in found[:_MAX_CANDIDATES]
        )
        raise RptermError(
            f"{name!r} may be several people in {file.name}: {candidates}. Name one of them."
        )
    known = {each.casefold(): each for p, _ in speakers for each in sorted(p.names)}
    close = [known[each] for each in get_close_matches(folded, known, 3, 0.5)]
    close += [each for lower, each in known.items() if folded in lower and each not in close]
    hint = f"did you mean {', '.join(close[:3])}?" if close else "without a name, all are listed."
    raise RptermError(f"Nobody called {name!r} speaks in {file.name}; {hint}")


def _longest_name(person: Person) -> str:
    return max(person.names, key=lambda name: (len(name), name))
