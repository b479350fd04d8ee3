"""Who says what, against people's own labels: ``rpterm bench novels --pdnc DIR``.

For every quotation of the Project Dialogism Novel Corpus: which speaker the rules name, and whether
it is the labelled one (any of that character's aliases counts). ``precision`` is of the lines that
the rules give to somebody, ``coverage`` their share; by rule, too. The baseline gives every line to
the character who speaks most. Nothing is fitted.
"""

from __future__ import annotations

import ast
import csv
from collections import Counter, deque
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rpterm.bench.figures import share
from rpterm.bench.printing import Step
from rpterm.memory.bank import plain
from rpterm.novels.book import Book
from rpterm.novels.speakers import Line
from rpterm.types import RptermError


def main(pdnc: Path, json: bool = False) -> None:
    """Measure and print, with a bar on standard error."""
    from rpterm.bench.printing import with_bar

    with_bar(lambda step: measure(pdnc, step), json)


def measure(folder: Path, step: Step = lambda done, total: None) -> dict[str, Any]:
    """The figures of all novels together, and of each."""
    novels = sorted(file.parent for file in folder.glob("*/quotations.csv"))
    if not novels:
        raise RptermError(f"{folder} holds no novel of PDNC: folders with quotations.csv.")
    by_rule: dict[str, list[bool]] = {}
    found: dict[str, Any] = {}
    total = baseline = 0
    for done, novel in enumerate(novels):
        told = list(_judged(novel))
        for how, right in told:
            by_rule.setdefault(how, []).append(right)
        known = [right for how, right in told if how != "nobody"]
        most = Counter(row["speaker"] for row in _rows(novel / "quotations.csv"))
        total, baseline = total + len(told), baseline + most.most_common(1)[0][1]
        found[novel.name] = {
            "precision": share(known)["value"], "coverage": round(len(known) / len(told), 4)
        }  # fmt: skip
        step(done + 1, len(novels))
    given = [each for how, rule in by_rule.items() if how != "nobody" for each in rule]
    return {
        "quotations": total,
        "precision": share(given),
        "coverage": round(len(given) / total, 4),
        "baseline": round(baseline / total, 4),
        "rules": {how: share(rule) for how, rule in by_rule.items() if how != "nobody"},
        "novels": found,
    }


def _judged(novel: Path) -> Iterator[tuple[str, bool]]:
    """For each labelled quotation that is found: the rule that spoke, and whether it was right."""
    text = (novel / "text.txt").read_text(encoding="utf-8")
    book = Book([passage.text for passage in plain.read(text).passages])
    aliases = _aliases(novel / "characters.csv")
    said: dict[str, deque[Line]] = {}
    for each in book.lines:
        for quote in each.paragraph.said:
            said.setdefault(_plain(quote), deque()).append(each)
    for row in _rows(novel / "quotations.csv"):
        first = _plain(row["quoteText"])
        line = next((said[key].popleft() for key in _keys(first) if said.get(key)), None)
        if line is None or line.speaker is None or line.how is None:
            yield "nobody", False
            continue
        wanted = aliases.get(row["speaker"], {row["speaker"]})
        yield line.how, bool({name.lower() for name in line.speaker.names} & wanted)


def _keys(text: str) -> Iterator[str]:
    """A labelled quotation may hold several pieces of one paragraph: its beginnings."""
    words = text.split()
    for count in range(len(words), 1, -1):
        yield " ".join(words[:count])
    yield text


def _plain(text: str) -> str:
    return " ".join("".join(c.lower() if c.isalnum() else " " for c in text).split())


def _rows(file: Path) -> list[Mapping[str, str]]:
    with file.open(newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def _aliases(file: Path) -> dict[str, set[str]]:
    return {
        row["Main Name"]: {name.lower() for name in {row["Main Name"], *_set(row["Aliases"])}}
        for row in _rows(file)
    }


def _set(text: str) -> set[str]:
    try:
        return set(ast.literal_eval(text))
    except (ValueError, SyntaxError):
        return set()
