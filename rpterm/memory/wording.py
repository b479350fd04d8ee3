"""How a memory is worded for search, the same for words and for meaning.

The speaker's name goes in front: a question that names somebody should find what they said.
Measured on LoCoMo: embeddings of the bare text find 0.24 of the evidence among the first five, with
the name in front 0.37.
"""

from __future__ import annotations


def spoken(speaker: str, text: str) -> str:
    """A line with its speaker, as it is indexed and embedded."""
    return f"{speaker}: {text}" if speaker else text
