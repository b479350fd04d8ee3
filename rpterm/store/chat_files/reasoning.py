"""Reads a model's reasoning before a message from the common JSONL chat log.

It is found as ``reasoning`` in a message's ``extra``, in the ``extra`` of each swipe in
``swipe_info``, or between tags at the start of a text, if the other program left it there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rpterm import thinking

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
    infos = raw.get("swipe_info")
    infos = infos if isinstance(infos, list) else []
    split = []
    for index, swipe in enumerate(swipes):
        inline, text = thinking.split(swipe)
        reasoning = _extra_reasoning(infos[index]) if index < len(infos) else ""
        reasoning = reasoning or (_extra_reasoning(raw) if index == shown else "")
        split.append((reasoning or inline, text))
    return split


def _extra_reasoning(raw: Any) -> str:
    extra = raw.get("extra") if isinstance(raw, Mapping) else None
    value = extra.get(REASONING_KEY) if isinstance(extra, Mapping) else None
    return value.strip() if isinstance(value, str) else ""
