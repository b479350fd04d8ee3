"""Reads novels of the Project Dialogism Novel Corpus (PDNC): who says what. No scoring here.

A novel is a folder with ``quotations.csv``, whose rows have ``quoteText`` and ``speaker``. For each
main speaker, some lines are drawn as examples and others as test lines. The seed of the draw is
made of the names of novel and speaker, so it depends on nothing else.
"""

from __future__ import annotations

import csv
import random
from dataclasses import dataclass
from pathlib import Path

from rpterm.errors import RptermError, cause_of

EXAMPLES = 20
"""Example lines per character: all that is known of a voice."""
LEAST_WORDS = 6
"""Shorter lines ("Yes, my dear.") could be anybody's and are left out."""
MOST_WORDS = 80
"""Longer lines are cut, examples and test lines alike."""
_MOST_VOICES = 5
_NOBODY = ("_group", "_unknowable", "_narr", "unknown", "")


@dataclass(frozen=True, slots=True)
class Voice:
    """A character with its example lines and test lines."""

    name: str
    examples: tuple[str, ...]
    tested: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Novel:
    """The main speakers of a novel; at least two."""

    name: str
    voices: tuple[Voice, ...]


def read(folder: Path, tested: int = 6) -> list[Novel]:
    """The novels in a folder, in alphabetical order.

    Args:
        tested: Test lines per character.

    Raises:
        RptermError: No novel in the folder has two characters with enough lines.
    """
    files = sorted(folder.glob("*/quotations.csv")) if folder.is_dir() else []
    novels = [_novel(file, tested) for file in files]
    usable = [novel for novel in novels if len(novel.voices) > 1]
    if not usable:
        raise RptermError(
            f"{folder} contains no usable novel of PDNC. Each novel is a folder with "
            f"quotations.csv, and at least two of its characters need {EXAMPLES + tested} lines of "
            f"{LEAST_WORDS} words or more."
        )
    return usable


def _novel(file: Path, tested: int) -> Novel:
    by_speaker: dict[str, list[str]] = {}
    for row in read_table(file, "quoteText", "speaker"):
        speaker, words = row["speaker"] or "", (row["quoteText"] or "").split()
        if len(words) >= LEAST_WORDS and not speaker.lower().startswith(_NOBODY[:3]):
            by_speaker.setdefault(speaker, []).append(" ".join(words[:MOST_WORDS]))
    name = file.parent.name
    voices = []
    for speaker, lines in sorted(by_speaker.items(), key=lambda item: (-len(item[1]), item[0])):
        unique = list(dict.fromkeys(lines))
        if speaker in _NOBODY or len(unique) < EXAMPLES + tested:
            continue
        random.Random(f"{name}/{speaker}").shuffle(unique)
        test_lines = unique[EXAMPLES : EXAMPLES + tested]
        voices.append(Voice(speaker, tuple(unique[:EXAMPLES]), tuple(test_lines)))
    return Novel(name, tuple(voices[:_MOST_VOICES]))


def read_table(file: Path, *columns: str) -> list[dict[str, str]]:
    """The rows of one of PDNC's tables.

    Raises:
        RptermError: The file cannot be read, or lacks one of the columns.
    """
    try:
        with file.open(newline="", encoding="utf-8") as lines:
            table = csv.DictReader(lines)
            if not set(columns) <= set(table.fieldnames or ()):
                wanted = " and ".join(columns)
                raise RptermError(f"{file} has no columns {wanted}. Is this PDNC?")
            return list(table)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise RptermError(f"{file} cannot be read: {cause_of(error)}.") from error
