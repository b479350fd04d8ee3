"""Reads the LoCoMo dataset: very long two-person chats, questions, and the turns that answer them.

The file has the format of the published ``locomo10.json``; nothing is downloaded. Knows nothing of
recall.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from rpterm.errors import RptermError
from rpterm.paths import read_text

CATEGORIES = {1: "multi-hop", 2: "temporal", 3: "open", 4: "single-hop", 5: "adversarial"}
_DIALOGUE_ID = re.compile(r"D\d+:\d+")
_WHEN = "%I:%M %p on %d %B, %Y"


@dataclass(frozen=True, slots=True)
class Said:
    """A turn; ``session`` counts from 1, ``when`` is Unix time (the file's times read as local)."""

    speaker: str
    text: str
    session: int
    when: float


@dataclass(frozen=True, slots=True)
class Question:
    """A question, its answer ("" if there is none), and the indices of the turns that hold it."""

    text: str
    answer: str
    evidence: frozenset[int]
    category: str


@dataclass(frozen=True, slots=True)
class Conversation:
    """All turns of two people, in order, and the questions about them."""

    name: str
    turns: tuple[Said, ...]
    questions: tuple[Question, ...]


def read(path: Path) -> list[Conversation]:
    """All conversations of a file, without the questions whose evidence is missing.

    Raises:
        RptermError: The file cannot be read or is not LoCoMo.
    """
    text = read_text(path)
    try:
        found = [_conversation(item) for item in json.loads(text)]
    except json.JSONDecodeError as error:
        raise RptermError(f"{path}, line {error.lineno}: not JSON. Is this LoCoMo?") from error
    except KeyError as error:
        raise RptermError(f"{path}: the field {error} is missing. Is this LoCoMo?") from error
    except (ValueError, TypeError, AttributeError) as error:
        raise RptermError(f"{path} has another structure. Is this LoCoMo?") from error
    if not found:
        raise RptermError(f"{path} contains no conversation. Is this LoCoMo?")
    return found


def _conversation(item: dict[str, Any]) -> Conversation:
    talk = item["conversation"]
    numbers = sorted(int(key.split("_")[1]) for key in talk if isinstance(talk[key], list))
    turns: list[Said] = []
    index_of: dict[str, int] = {}
    for number in numbers:
        start = datetime.strptime(talk[f"session_{number}_date_time"], _WHEN).timestamp()
        for minute, turn in enumerate(talk[f"session_{number}"]):
            index_of[turn["dia_id"]] = len(turns)
            text = turn["text"]
            if turn.get("blip_caption"):
                text += f" [{turn['blip_caption']}]"
            turns.append(Said(turn["speaker"], text, number, start + 60 * minute))
    questions = [_question(entry, index_of) for entry in item["qa"]]
    asked = tuple(question for question in questions if question.evidence)
    return Conversation(str(item.get("sample_id", "")), tuple(turns), asked)


def _question(entry: dict[str, Any], index_of: dict[str, int]) -> Question:
    named = _DIALOGUE_ID.findall(" ".join(entry.get("evidence") or ()))
    evidence = frozenset(index_of[name] for name in named if name in index_of)
    category = CATEGORIES.get(entry.get("category", 0), "other")
    return Question(entry["question"], str(entry.get("answer", "")), evidence, category)
