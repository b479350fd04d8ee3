"""The records of the memory tables."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Literal, get_args

Kind = Literal["turn", "fact", "reflection", "summary", "note", "document"]
KINDS: tuple[Kind, ...] = get_args(Kind)
Mark = Literal["pinned", "hidden", "shared"]
"""What the user can mark a memory with."""


@dataclass(frozen=True, slots=True)
class Memory:
    """One memory.

    Attributes:
        character: Whose memory it is: the card's name.
        chat_id: The chat it comes from, or ``None``.
        turn_id: The turn it comes from; without one it is recalled on any branch.
        speaker: Who said it, or "".
        place: For a piece of a file, its position there: ``book.txt, paragraph 12``.
        created_at: When it was said, Unix seconds; 0 if that is unknown.
        importance: 0 to 1.
        by_model: Whether a model wrote its text.
        shared: Whether other characters may recall it, too.
        hidden: "Never mention": stored, but never recalled.
        superseded_by: The id of the newer memory that replaces it.
        hash: Hash of speaker and text: the key of its vector.
        file_id: The file it is a piece of, or ``None``.
    """

    kind: Kind
    character: str
    text: str
    id: int = 0
    chat_id: int | None = None
    turn_id: int | None = None
    speaker: str = ""
    place: str = ""
    created_at: float = 0.0
    importance: float = 0.0
    by_model: bool = False
    shared: bool = False
    pinned: bool = False
    hidden: bool = False
    superseded_by: int | None = None
    hash: bytes = b""
    file_id: int | None = None


@dataclass(frozen=True, slots=True)
class Changes:
    """Entries of the change log: memories edited or deleted, chats that show another branch."""

    seq: int
    memories: frozenset[int]
    chats: frozenset[int]


def wording_hash(speaker: str, text: str) -> bytes:
    """The key of a wording: a 16-byte BLAKE2b hash of speaker and text."""
    return hashlib.blake2b(f"{speaker}\0{text}".encode(), digest_size=16).digest()
