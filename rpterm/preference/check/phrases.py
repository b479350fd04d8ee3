"""Detects phrases of assistants and refusals, which teach a character to fall out of its role.

English only. Pure.
"""

from __future__ import annotations

import re

_ASSISTANT = re.compile(
    r"\bas an? (?:ai|artificial intelligence|language model|virtual assistant)\b|"
    r"\bi(?:'m| am) (?:just |only )?an? (?:ai|language model|virtual assistant|chat ?bot)\b|"
    r"\b(?:large )?language model\b|\bmy (?:training data|programming|guidelines|developers)\b|"
    r"\bhow (?:can|may) i (?:help|assist) you(?: today)?\b|"
    r"\bis there anything else (?:i can|you)\b|\bhappy to (?:help|assist)\b",
    re.IGNORECASE,
)
_REFUSAL = re.compile(
    r"\bi(?:'m| am)? (?:cannot|can't|can not|unable to|not able to|won't) (?:\w+ )?"
    r"(?:assist|help you with|provide|comply|fulfil+|engage|generate|create|continue with)\b|"
    r"\b(?:against|violates?) (?:my|our|the) (?:\w+ )?(?:guidelines|polic(?:y|ies)|principles)\b|"
    r"\b(?:inappropriate|harmful|explicit|offensive) (?:content|request|material)\b|"
    r"\bi(?:'m| am) sorry,? but (?:i|as)\b",
    re.IGNORECASE,
)


def voices(text: str) -> tuple[str, ...]:
    """Which of ``assistant`` and ``refusal`` phrases occur in a text."""
    normalized = text.replace("’", "'")
    patterns = (("assistant", _ASSISTANT), ("refusal", _REFUSAL))
    return tuple(name for name, pattern in patterns if pattern.search(normalized))
