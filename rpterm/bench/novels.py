"""Who says what, against people's own labels: ``rpterm bench novels --pdnc DIR``.

For every quotation of the Project Dialogism Novel Corpus: which speaker the rules name, and whether
it is the labelled one (any of that character's aliases counts). ``accuracy`` is of all quotations,
``precision`` of those that the rules give to somebody, ``coverage`` their share; by rule and by how
the book marks the speaker, too. Of the characters with ten quotations or more: how many are heard
(half of their quotations or more are theirs), are taken for another one, are two people, or are of
the wrong sex. The baseline gives every quotation to the character who speaks most.
"""

from __future__ import annotations

import ast
import csv
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rpterm.bench.figures import share
from rpterm.bench.printing import Step
from rpterm.memory.bank import plain
from rpterm.novels.book import Book
from rpterm.novels.people import Person
from rpterm.types import RptermError

_MAIN = 10
"""Quotations of a character whose lot is told."""


@dataclass(frozen=True, slots=True)
class _Judged:
    """One labelled quotation: whose it is, how the book says so, and what the rules made of it."""

    speaker: str
    kind: str
    how: str
    right: bool


def main(pdnc: Path, json: bool = False) -> None:
    """Measure and print, with a bar on standard error."""
    from rpterm.bench.printing import with_bar

    with_bar(lambda step: measure(pdnc, step), json)


def measure(folder: Path, step: Step = lambda done, total: None) -> dict[str, Any]:
    """The figures of all novels together, and of each."""
    novels = sorted(file.parent for file in folder.glob("*/quotations.csv"))
    if not novels:
        raise RptermError(f"{folder} holds no novel of PDNC: folders with quotations.csv.")
    every: list[_Judged] = []
    found: dict[str, Any] = {}
    total: Counter[str] = Counter()
    baseline = 0
    for done, novel in enumerate(novels):
        judged, people = _novel(novel)
        every += judged
        total.update(people)
        baseline += Counter(each.speaker for each in judged).most_common(1)[0][1]
        found[novel.name] = {**_plain_figures(judged), "characters": people}
        step(done + 1, len(novels))
    given = [each for each in every if each.how != "nobody"]
    return {
        "quotations": len(every),
        "accuracy": share(each.right for each in every),
        "precision": share(each.right for each in given),
        "coverage": round(len(given) / len(every), 4),
        "baseline": round(baseline / len(every), 4),
        "rules": _by([(each.how, each.right) for each in given]),
        "kinds": _by([(each.kind, each.right) for each in every]),
        "characters": dict(total),
        "novels": found,
    }


def _plain_figures(judged: Sequence[_Judged]) -> dict[str, float]:
    given = [each.right for each in judged if each.how != "nobody"]
    return {
        "accuracy": share(each.right for each in judged)["value"],
        "precision": share(given)["value"],
        "coverage": round(len(given) / len(judged), 4),
    }


def _by(told: Sequence[tuple[str, bool]]) -> dict[str, dict[str, float]]:
    groups: dict[str, list[bool]] = {}
    for name, right in told:
        groups.setdefault(name, []).append(right)
    return {name: share(rights) for name, rights in groups.items()}


# One novel ----------------------------------------------------------------------------------
def _novel(novel: Path) -> tuple[list[_Judged], dict[str, int]]:
    """Every labelled quotation, and what became of the characters."""
    text = (novel / "text.txt").read_text(encoding="utf-8")
    paragraphs = [passage.text for passage in plain.read(text).passages]
    book = Book(paragraphs)
    starts = _starts(text, paragraphs)
    characters = _rows(novel / "characters.csv")
    rows = _rows(novel / "quotations.csv")
    judged = list(_judged(book, rows, starts, characters))
    return judged, _lots(book, judged, characters)


def _judged(
    book: Book,
    rows: Sequence[Mapping[str, str]],
    starts: Sequence[int],
    characters: Sequence[Mapping[str, str]],
) -> Iterator[_Judged]:
    lines = {line.paragraph.index: line for line in book.lines}
    for row in rows:
        begin, end = ast.literal_eval(row["quoteByteSpans"])[0]
        line = lines.get(bisect_right(starts, (begin + end) // 2) - 1)
        kind = (row.get("quoteType") or "unknown").lower()
        if line is None or line.speaker is None or line.how is None:
            yield _Judged(row["speaker"], kind, "nobody", False)
            continue
        right = bool(_low(line.speaker) & _aliases(row["speaker"], characters))
        yield _Judged(row["speaker"], kind, line.how, right)


def _starts(text: str, paragraphs: Sequence[str]) -> list[int]:
    """Where each paragraph begins in the text; they hold its words with single blanks."""
    places = [at for at, char in enumerate(text) if not char.isspace()]
    dense = "".join(text.split())
    found, after = [], 0
    for paragraph in paragraphs:
        bare = "".join(paragraph.split())
        at = dense.index(bare, after)
        found.append(places[at])
        after = at + len(bare)
    return found


def _lots(
    book: Book, judged: Sequence[_Judged], characters: Sequence[Mapping[str, str]]
) -> dict[str, int]:
    """Of the main characters: how many there are, are heard, merged, split, of the wrong sex."""
    said = Counter(each.speaker for each in judged if not each.speaker.startswith("_"))
    right = Counter(each.speaker for each in judged if each.right)
    main = [name for name, count in said.items() if count >= _MAIN]
    owners = {name: _owners(book, _aliases(name, characters)) for name in main}
    sexes = {row["Main Name"]: row.get("Gender") for row in characters}
    taken = Counter(person.name for persons in owners.values() for person in persons)
    return {
        "main": len(main),
        "heard": sum(right[name] * 2 >= said[name] for name in main),
        "merged": sum(any(taken[each.name] > 1 for each in owners[name]) for name in main),
        "split": sum(len(owners[name]) > 1 for name in main),
        "wrong_sex": sum(_is_wrong(owners[name], sexes.get(name)) for name in main),
    }


def _owners(book: Book, aliases: set[str]) -> list[Person]:
    """The people who speak under a character's names."""
    return [person for person, _ in book.cast() if _low(person) & aliases]


def _is_wrong(persons: Sequence[Person], sex: str | None) -> bool:
    told = persons[0].female if persons else None
    return sex in ("M", "F") and told is not None and told != (sex == "F")


def _low(person: Person) -> set[str]:
    return {name.lower() for name in person.names}


def _aliases(name: str, characters: Sequence[Mapping[str, str]]) -> set[str]:
    """All names of a character; quotations are sometimes labelled with one that is not the main."""
    for row in characters:
        aliases = {each.lower() for each in {row["Main Name"], *_set(row["Aliases"])}}
        if name.lower() in aliases:
            return aliases
    return {name.lower()}


def _rows(file: Path) -> list[Mapping[str, str]]:
    with file.open(newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def _set(text: str) -> set[str]:
    try:
        return set(ast.literal_eval(text))
    except (ValueError, SyntaxError):
        return set()
