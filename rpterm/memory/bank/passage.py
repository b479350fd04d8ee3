"""The result of every file reader: paragraphs, each with its place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from rpterm.errors import RptermError

MAX_BYTES = 64 << 20
"""Largest file that is read."""
MAX_TEXT = 12_000_000
"""Most characters of text that a file may contain: about two thousand printed pages."""


@dataclass(frozen=True, slots=True)
class Passage:
    """One paragraph.

    Attributes:
        heading: The headings above it, outermost first.
        page: Its page from 1 in a paged document, else 0.
    """

    text: str
    heading: tuple[str, ...] = ()
    page: int = 0


@dataclass(frozen=True, slots=True)
class Document:
    """A file as paragraphs in order.

    Attributes:
        cited_by: How a place is cited: by ``page``; by ``chapter`` and how far into the file it is;
            or by ``heading``, the path of headings.
    """

    passages: tuple[Passage, ...]
    cited_by: Literal["page", "chapter", "heading"]


def check_size(name: str, document: Document) -> Document:
    """The document, if it contains text and not too much of it.

    Raises:
        RptermError: It contains no text, or too much.
    """
    size = sum(len(passage.text) for passage in document.passages)
    if not size:
        hint = "; its pages may be images of text" if document.cited_by == "page" else ""
        raise RptermError(f"{name} contains no text{hint}.")
    if size > MAX_TEXT:
        raise RptermError(
            f"{name} contains {size:,} characters of text, more than {MAX_TEXT:,}: split it."
        )
    return document
