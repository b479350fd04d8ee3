"""What every reader of files gives: paragraphs, each with the place it stands at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from rpterm.types import RptermError

MAX_BYTES = 64 << 20
"""Largest file that is read."""
MAX_TEXT = 12_000_000
"""Most characters of text that one file may hold: about two thousand pages of print."""


class BankError(RptermError):
    """A file cannot be given to a character; the text names it and says why and what to do."""


@dataclass(frozen=True, slots=True)
class Passage:
    """One paragraph.

    Attributes:
        heading: The headings it stands under, outermost first.
        page: Of a paged document, from 1; else 0.
    """

    text: str
    heading: tuple[str, ...] = ()
    page: int = 0


@dataclass(frozen=True, slots=True)
class Document:
    """A file as paragraphs in their order.

    Attributes:
        cited_by: ``page``; ``chapter``, with how far into the file it is; or ``heading``, the path
            of headings.
    """

    passages: tuple[Passage, ...]
    cited_by: Literal["page", "chapter", "heading"]


def checked(name: str, document: Document) -> Document:
    """The document, if it holds text and not too much of it.

    Raises:
        BankError: It holds none, or more than anybody reads.
    """
    size = sum(len(passage.text) for passage in document.passages)
    if not size:
        hint = "; its pages may be pictures of text" if document.cited_by == "page" else ""
        raise BankError(f"{name} holds no text{hint}.")
    if size > MAX_TEXT:
        raise BankError(
            f"{name} holds {size:,} characters of text, more than {MAX_TEXT:,}: cut it into parts."
        )
    return document
