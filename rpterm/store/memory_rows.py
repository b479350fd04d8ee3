"""The records of memory, as the database keeps them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Literal

Kind = Literal["turn", "fact", "reflection", "summary", "note", "document"]


@dataclass(frozen=True, slots=True)
class Memory:
    """One thing remembered.

    Attributes:
        character: Whose memory it is: the card's name.
        chat_id: The chat it comes from, or ``None``.
        turn_id: The turn it comes from; without one it is recalled whatever branch is shown.
        speaker: Who said it, or "".
        place: Where in a file it stands, for the data bank: ``book.txt, paragraph 12``.
        created_at: When it was said, Unix seconds.
        importance: 0 to 1.
        by_model: Whether its words are a model's.
        shared: Whether other characters may recall it too.
        hidden: "Never mention": kept, never recalled.
        superseded_by: The newer memory that holds instead.
        hash: Of its wording with the speaker: the key of its vector.
        file_id: The file it is a piece of, or ``None``.
    """

    id: int
    kind: Kind
    character: str
    chat_id: int | None
    turn_id: int | None
    speaker: str
    text: str
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
    """What the log tells: memories edited or deleted, chats that show another branch."""

    seq: int
    memories: frozenset[int]
    chats: frozenset[int]


def wording_hash(speaker: str, text: str) -> bytes:
    """Key of a wording: 16 bytes of BLAKE2b over speaker and text."""
    return hashlib.blake2b(f"{speaker}\0{text}".encode(), digest_size=16).digest()
