"""Reads LoCoMo, the very long two-person chats with questions and the turns that answer them.

The file is given by path and never downloaded; its format is that of the published
``locomo10.json``. Knows nothing of recall.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from rpterm.marks import why
from rpterm.types import RptermError

CATEGORIES = {1: "multi-hop", 2: "temporal", 3: "open", 4: "single-hop", 5: "adversarial"}
_DIALOGUE_ID = re.compile(r"D\d+:\d+")
_WHEN = "%I:%M %p on %d %B, %Y"


@dataclass(frozen=True, slots=True)
class Said:
    """One turn; ``session`` counts from 1, ``when`` is in Unix seconds."""

    speaker: str
    text: str
    session: int
    when: float


@dataclass(frozen=True, slots=True)
class Question:
    """A question, its answer ("" where there is none) and the places of the turns that hold it."""

    text: str
    answer: str
    evidence: frozenset[int]
    category: str


@dataclass(frozen=True, slots=True)
class Conversation:
    """All turns of two people in order, and the questions about them."""

    name: str
    turns: tuple[Said, ...]
    questions: tuple[Question, ...]


def read(path: Path) -> list[Conversation]:
    """Every conversation of a file; questions without evidence that exists are left out.

    Raises:
        RptermError: The file cannot be read or is not LoCoMo.
    """
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RptermError(f"{path} cannot be read: {why(error)}.") from error
    try:
        found = [_conversation(item) for item in json.loads(text)]
    except json.JSONDecodeError as error:
        raise RptermError(f"{path}, line {error.lineno}: no JSON; is this LoCoMo?") from error
    except KeyError as error:
        raise RptermError(f"{path}: the field {error} is missing; is this LoCoMo?") from error
    except (ValueError, TypeError, AttributeError) as error:
        raise RptermError(f"{path} is built otherwise; is this LoCoMo?") from error
    if not found:
        raise RptermError(f"{path} holds no conversation; is this LoCoMo?")
    return found


def _conversation(item: dict[str, Any]) -> Conversation:
    talk = item["conversation"]
    numbers = sorted(int(key.split("_")[1]) for key in talk if isinstance(talk[key], list))
    turns: list[Said] = []
    place: dict[str, int] = {}
    for number in numbers:
        start = datetime.strptime(talk[f"session_{number}_date_time"], _WHEN).timestamp()
        for minute, turn in enumerate(talk[f"session_{number}"]):
            place[turn["dia_id"]] = len(turns)
            text = turn["text"]
            if turn.get("blip_caption"):
                text += f" [{turn['blip_caption']}]"
            turns.append(Said(turn["speaker"], text, number, start + 60 * minute))
    questions = [_question(entry, place) for entry in item["qa"]]
    asked = tuple(question for question in questions if question.evidence)
    return Conversation(str(item.get("sample_id", "")), tuple(turns), asked)


def _question(entry: dict[str, Any], place: dict[str, int]) -> Question:
    named = _DIALOGUE_ID.findall(" ".join(entry.get("evidence") or ()))
    evidence = frozenset(place[name] for name in named if name in place)
    category = CATEGORIES.get(entry.get("category", 0), "other")
    return Question(entry["question"], str(entry.get("answer", "")), evidence, category)
