"""How far a sentence written by a model is grounded in source texts. Knows English, no model.

Weaker than ``support``: a summary or a reflection may use words of its own. But its names and
numbers must occur in the texts, and so must most of its words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from rpterm.memory.indexing.words import STOP, terms

_NAME = re.compile(r"[^\W\d_]*[A-ZÀ-ÖØ-Þ][\w'’-]*|\d[\d.,]*")
_NEGATOR = re.compile(r"\b(?:not|no|never|nobody|nothing|without)\b|n['’]t\b", re.IGNORECASE)
_FIRST_OR_SECOND_PERSON = re.compile(r"\b(?:I|me|my|you|your|we|our)\b", re.IGNORECASE)


def is_grounded(sentence: str, texts: Iterable[str], share: float) -> bool:
    """Whether a sentence's names and numbers, and a share of its words, occur in the texts."""
    source = "\n".join(texts)
    source_terms, sentence_terms = set(terms(source)), terms(sentence)
    if (
        len(sentence_terms) < 3
        or _FIRST_OR_SECOND_PERSON.search(sentence)
        or (_NEGATOR.search(sentence) and not _NEGATOR.search(source))
    ):
        return False
    if any(not set(terms(name)) <= source_terms for name in _names(sentence)):
        return False
    return sum(term in source_terms for term in sentence_terms) >= share * len(sentence_terms)


def _names(sentence: str) -> list[str]:
    """Capitalised words and numbers; common words, such as a sentence's first, are left out."""
    return [found for found in _NAME.findall(sentence) if found.lower() not in STOP]
