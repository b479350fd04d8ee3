"""Reads novels of the Project Dialogism Novel Corpus: who says what; knows nothing of scoring.

A novel is a folder with ``quotations.csv``, whose rows have ``quoteText`` and ``speaker``. Of each
of its main speakers some lines are drawn as examples and others to be told apart. What is drawn
depends on the novel alone, by a seed made of its name.
"""

from __future__ import annotations

import csv
import random
from dataclasses import dataclass
from pathlib import Path

from rpterm.marks import why
from rpterm.types import RptermError

EXAMPLES = 20
"""Example lines of a character; they are all that is known of a voice."""
LEAST_WORDS = 6
"""Shorter lines ("Yes, my dear.") are nobody's; they are neither examples nor tested."""
MOST_WORDS = 80
"""Lines are cut here, examples and tested ones alike."""
_MOST_VOICES = 5
_NOBODY = ("_group", "_unknowable", "_narr", "unknown", "")


@dataclass(frozen=True, slots=True)
class Voice:
    """One character: lines to learn from and lines to tell apart."""

    name: str
    examples: tuple[str, ...]
    tested: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Novel:
    """The main speakers of one novel; at least two."""

    name: str
    voices: tuple[Voice, ...]


def read(folder: Path, tested: int = 6) -> list[Novel]:
    """The novels below a folder, in order of their names.

    Args:
        tested: Lines of each character to tell apart.

    Raises:
        RptermError: The folder holds no novel with two characters that speak enough.
    """
    files = sorted(folder.glob("*/quotations.csv")) if folder.is_dir() else []
    novels = [_novel(file, tested) for file in files]
    found = [novel for novel in novels if len(novel.voices) > 1]
    if not found:
        raise RptermError(
            f"{folder} holds no novel of PDNC: each is a folder with quotations.csv, and two of "
            f"its characters must have {EXAMPLES + tested} lines of {LEAST_WORDS} words or more."
        )
    return found


def _novel(file: Path, tested: int) -> Novel:
    by_speaker: dict[str, list[str]] = {}
    for speaker, text in _rows(file):
        words = text.split()
        if len(words) >= LEAST_WORDS and not speaker.lower().startswith(_NOBODY[:3]):
            by_speaker.setdefault(speaker, []).append(" ".join(words[:MOST_WORDS]))
    name = file.parent.name
    voices = []
    for speaker, lines in sorted(by_speaker.items(), key=lambda item: (-len(item[1]), item[0])):
        different = list(dict.fromkeys(lines))
        if speaker in _NOBODY or len(different) < EXAMPLES + tested:
            continue
        random.Random(f"{name}/{speaker}").shuffle(different)
        drawn = different[EXAMPLES : EXAMPLES + tested]
        voices.append(Voice(speaker, tuple(different[:EXAMPLES]), tuple(drawn)))
    return Novel(name, tuple(voices[:_MOST_VOICES]))


def _rows(file: Path) -> list[tuple[str, str]]:
    try:
        with file.open(newline="", encoding="utf-8") as lines:
            table = csv.DictReader(lines)
            if not {"quoteText", "speaker"} <= set(table.fieldnames or ()):
                raise RptermError(f"{file} has no columns quoteText and speaker; is this PDNC?")
            return [(row["speaker"] or "", row["quoteText"] or "") for row in table]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise RptermError(f"{file} cannot be read: {why(error)}.") from error
