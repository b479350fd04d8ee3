"""Reads a model's reasoning before a message from the common JSONL chat log.

It is found as ``reasoning`` in a message's ``extra``, in the ``extra`` of each swipe in
``swipe_info``, or between tags at the start of a text, if the other program left it there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rpterm.engine import thinking
from rpterm.foreign_json import as_list, as_mapping, as_text

REASONING_KEY = "reasoning"
REASONING_KEYS = frozenset({REASONING_KEY, "reasoning_duration", "reasoning_type"})
"""The keys of an ``extra`` that concern reasoning."""


def split_reasoning(
    raw: Mapping[str, Any], swipes: Sequence[str], shown: int
) -> list[tuple[str, str]]:
    """Split each swipe into the reasoning before it (or "") and its text.

    Args:
        raw: A message of a log; its own reasoning is that of the swipe shown.
    """
    infos = as_list(raw.get("swipe_info"))
    split = []
    for index, swipe in enumerate(swipes):
        inline, text = thinking.split(swipe)
        reasoning = _extra_reasoning(infos[index]) if index < len(infos) else ""
        reasoning = reasoning or (_extra_reasoning(raw) if index == shown else "")
        split.append((reasoning or inline, text))
    return split


def _extra_reasoning(raw: Any) -> str:
    return as_text(as_mapping(as_mapping(raw).get("extra")).get(REASONING_KEY)).strip()
