"""How far a sentence of a model's own is borne out by texts it rests on. Knows English, no model.

Weaker than ``support``, because a summary or a thought may use words of its own, but names and
numbers must be in the texts, and so must most of what it says.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from rpterm.memory.words import STOP, terms

_NAME = re.compile(r"[^\W\d_]*[A-ZÀ-ÖØ-Þ][\w'’-]*|\d[\d.,]*")
_NEGATOR = re.compile(r"\b(?:not|no|never|nobody|nothing|without)\b|n['’]t\b", re.IGNORECASE)
_ADDRESS = re.compile(r"\b(?:I|me|my|you|your|we|our)\b", re.IGNORECASE)


def borne_out(sentence: str, texts: Iterable[str], share: float) -> bool:
    """Whether names and numbers of a sentence, and a share of its words, are in the texts."""
    whole = "\n".join(texts)
    said, own = set(terms(whole)), terms(sentence)
    if (
        len(own) < 3
        or _ADDRESS.search(sentence)
        or (_NEGATOR.search(sentence) and not _NEGATOR.search(whole))
    ):
        return False
    if any(not set(terms(name)) <= said for name in _names(sentence)):
        return False
    return sum(term in said for term in own) >= share * len(own)


def _names(sentence: str) -> list[str]:
    """Capitalised words and numbers; a sentence's first word only where it is no common one."""
    return [found for found in _NAME.findall(sentence) if found.lower() not in STOP]
