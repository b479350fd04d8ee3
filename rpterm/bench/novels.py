"""Quotation attribution in novels against human labels: ``rpterm bench novels --pdnc DIR``.

- Task: for every quotation of the Project Dialogism Novel Corpus, name the speaker by rules. The
  attribution is right if it names any alias of the labelled character.
- Metrics: ``accuracy`` over all quotations; ``precision`` over those that the rules attribute;
  ``coverage``, the share of those; the same by rule (``rules``) and by how the book marks the
  speaker (``kinds``).
- ``characters``, of those with ten quotations or more (``main``): how many are ``heard`` (at least
  half of their quotations are attributed to them), ``merged`` with another character, ``split``
  into two people, or of the ``wrong_sex``.
- ``baseline``: every quotation goes to the character who speaks most.
"""

from __future__ import annotations

import ast
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rpterm.bench.metrics import proportion
from rpterm.bench.pdnc import read_table
from rpterm.bench.progress import ReportProgress
from rpterm.errors import RptermError
from rpterm.memory.bank import plain
from rpterm.novels.book import Book
from rpterm.novels.people import Person
from rpterm.paths import read_text

_LEAST_QUOTATIONS = 10
"""Of a character that ``characters`` counts."""


@dataclass(frozen=True, slots=True)
class _Judged:
    """A labelled quotation.

    Attributes:
        speaker: The labelled speaker.
        kind: How the book marks the speaker.
        how: The rule that attributed it, or ``nobody``.
        right: Whether the attribution is right.
    """

    speaker: str
    kind: str
    how: str
    right: bool


def run(step: ReportProgress, pdnc: Path) -> dict[str, Any]:
    """The figures of all novels together, and of each."""
    novels = sorted(file.parent for file in pdnc.glob("*/quotations.csv"))
    if not novels:
        raise RptermError(
            f"{pdnc} contains no novel of PDNC. Each novel is a folder with quotations.csv."
        )
    every: list[_Judged] = []
    by_novel: dict[str, Any] = {}
    characters: Counter[str] = Counter()
    baseline = 0
    for done, novel in enumerate(novels):
        judged, counts = _judge_novel(novel)
        every += judged
        characters.update(counts)
        baseline += Counter(each.speaker for each in judged).most_common(1)[0][1]
        by_novel[novel.name] = {**_summary(judged), "characters": counts}
        step(done + 1, len(novels))
    attributed = [each for each in every if each.how != "nobody"]
    return {
        "quotations": len(every),
        "accuracy": proportion(each.right for each in every),
        "precision": proportion(each.right for each in attributed),
        "coverage": round(len(attributed) / len(every), 4),
        "baseline": round(baseline / len(every), 4),
        "rules": _accuracy_by([(each.how, each.right) for each in attributed]),
        "kinds": _accuracy_by([(each.kind, each.right) for each in every]),
        "characters": dict(characters),
        "novels": by_novel,
    }


def _summary(judged: Sequence[_Judged]) -> dict[str, float]:
    attributed = [each.right for each in judged if each.how != "nobody"]
    return {
        "accuracy": proportion(each.right for each in judged)["value"],
        "precision": proportion(attributed)["value"],
        "coverage": round(len(attributed) / len(judged), 4),
    }


def _accuracy_by(outcomes: Sequence[tuple[str, bool]]) -> dict[str, dict[str, float]]:
    groups: dict[str, list[bool]] = {}
    for name, right in outcomes:
        groups.setdefault(name, []).append(right)
    return {name: proportion(rights) for name, rights in groups.items()}


# One novel ----------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class LabelledNovel:
    """A novel with its labelled quotations.

    Attributes:
        characters: The rows of ``characters.csv``.
        quotations: The rows of ``quotations.csv``.
        headings: The headings above each paragraph.
        starts: Where each paragraph begins in the text.
    """

    characters: Sequence[Mapping[str, str]]
    quotations: Sequence[Mapping[str, str]]
    paragraphs: Sequence[str]
    headings: Sequence[Sequence[str]]
    starts: Sequence[int]

    def paragraph_of(self, quotation: Mapping[str, str]) -> int:
        """The index of the paragraph with the middle of a quotation's first part."""
        begin, end = ast.literal_eval(quotation["quoteByteSpans"])[0]
        return bisect_right(self.starts, (begin + end) // 2) - 1

    def aliases_of(self, name: str) -> set[str]:
        """All names of a character, in lower case. Some labels are not the main name."""
        for row in self.characters:
            aliases = {each.lower() for each in {row["Main Name"], *_parse_set(row["Aliases"])}}
            if name.lower() in aliases:
                return aliases
        return {name.lower()}


def read_novel(folder: Path) -> LabelledNovel:
    """Read the folder of a novel."""
    characters = read_table(folder / "characters.csv", "Main Name", "Aliases")
    quotations = read_table(folder / "quotations.csv", "quoteByteSpans", "speaker")
    text = read_text(folder / "text.txt")
    passages = plain.read(text).passages
    paragraphs = [passage.text for passage in passages]
    headings = [passage.heading for passage in passages]
    starts = _starts(text, paragraphs)
    return LabelledNovel(characters, quotations, paragraphs, headings, starts)


def _judge_novel(folder: Path) -> tuple[list[_Judged], dict[str, int]]:
    """All labelled quotations, and the counts of ``characters``."""
    novel = read_novel(folder)
    book = Book(novel.paragraphs, headings=novel.headings)
    judged = list(_judged(book, novel))
    return judged, _character_counts(book, judged, novel)


def _judged(book: Book, novel: LabelledNovel) -> Iterator[_Judged]:
    lines = {line.paragraph.index: line for line in book.lines}
    for row in novel.quotations:
        line = lines.get(novel.paragraph_of(row))
        kind = (row.get("quoteType") or "unknown").lower()
        if line is None or line.speaker is None or line.how is None:
            yield _Judged(row["speaker"], kind, "nobody", False)
            continue
        right = bool(lower_names(line.speaker) & novel.aliases_of(row["speaker"]))
        yield _Judged(row["speaker"], kind, line.how, right)


def _starts(text: str, paragraphs: Sequence[str]) -> list[int]:
    """Where each paragraph begins in the text. Only whitespace differs between the two."""
    offsets = [at for at, char in enumerate(text) if not char.isspace()]
    dense = "".join(text.split())
    starts, after = [], 0
    for paragraph in paragraphs:
        bare = "".join(paragraph.split())
        at = dense.index(bare, after)
        starts.append(offsets[at])
        after = at + len(bare)
    return starts


def _character_counts(
    book: Book, judged: Sequence[_Judged], novel: LabelledNovel
) -> dict[str, int]:
    """See ``characters`` in the module's docstring."""
    said = Counter(each.speaker for each in judged if not each.speaker.startswith("_"))
    right = Counter(each.speaker for each in judged if each.right)
    main = [name for name, count in said.items() if count >= _LEAST_QUOTATIONS]
    people = {name: _people_called(book, novel.aliases_of(name)) for name in main}
    sexes = {row["Main Name"]: row.get("Gender") for row in novel.characters}
    characters_of = Counter(person.name for persons in people.values() for person in persons)
    return {
        "main": len(main),
        "heard": sum(right[name] * 2 >= said[name] for name in main),
        "merged": sum(any(characters_of[each.name] > 1 for each in people[name]) for name in main),
        "split": sum(len(people[name]) > 1 for name in main),
        "wrong_sex": sum(_is_wrong_sex(people[name], sexes.get(name)) for name in main),
    }


def _people_called(book: Book, aliases: set[str]) -> list[Person]:
    """The people found by the rules who speak under a character's names."""
    return [person for person, _ in book.cast() if lower_names(person) & aliases]


def _is_wrong_sex(people: Sequence[Person], label: str | None) -> bool:
    female = people[0].female if people else None
    return label in ("M", "F") and female is not None and female != (label == "F")


def lower_names(person: Person) -> set[str]:
    return {name.lower() for name in person.names}


def _parse_set(text: str) -> set[str]:
    """A Python set literal; empty if it is none."""
    try:
        return set(ast.literal_eval(text))
    except (ValueError, SyntaxError):
        return set()
