"""Thoughts in the common chat JSONL: what a model wrote before a message, kept apart from it.

Read are ``reasoning`` of a message's ``extra``, the same of each swipe in ``swipe_info``, and what
stands between marks at the beginning of a text, where a program did not take it out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rpterm import thinking

REASONING = "reasoning"
KEYS = frozenset({REASONING, "reasoning_duration", "reasoning_type"})
"""Every key of an ``extra`` that tells of a thought."""


def read_thoughts(
    raw: Mapping[str, Any], swipes: Sequence[str], shown: int
) -> list[tuple[str, str]]:
    """The thought before each swipe ("" where there is none), and the swipe without it.

    Args:
        raw: A message of a log; its own thought is that of the swipe shown.
    """
    infos = raw.get("swipe_info")
    infos = infos if isinstance(infos, list) else []
    found = []
    for index, swipe in enumerate(swipes):
        inside, text = thinking.split(swipe)
        told = _told(infos[index]) if index < len(infos) else ""
        told = told or (_told(raw) if index == shown else "")
        found.append((told or inside, text))
    return found


def _told(raw: Any) -> str:
    extra = raw.get("extra") if isinstance(raw, Mapping) else None
    value = extra.get(REASONING) if isinstance(extra, Mapping) else None
    return value.strip() if isinstance(value, str) else ""
