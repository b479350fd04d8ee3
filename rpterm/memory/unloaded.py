"""Recall before the index is in RAM: by the database's own word search, with the same branches."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from rpterm.memory.floor import telling
from rpterm.memory.question import Question
from rpterm.memory.recall import Hit
from rpterm.memory.words import terms
from rpterm.store.memories import Memories, Memory
from rpterm.types import Turn

_WORDS = 6
_MATCHES = 120


def by_words(
    memories: Memories,
    character: str,
    chat_id: int,
    path: Sequence[Turn],
    asked: Question,
    inside: Collection[int],
) -> list[tuple[Memory, Hit]]:
    """What holds one of the longest telling words of a draft, best first.

    Args:
        path: The turns shown of the chat at hand.
        inside: Those of them that the prompt holds anyway.
    """
    said = [word for word in asked.words if telling(terms(word))]
    words = sorted(said, key=len, reverse=True)[:_WORDS]
    rows = memories.any_of(words, character, _MATCHES)
    others = {row.chat_id for row in rows if row.chat_id not in (None, chat_id)}
    shown = {turn.id for turn in path}
    if others:
        paths = memories.shown_paths(character, [chat for chat in others if chat])
        shown.update(turn for turns in paths.values() for turn in turns)
    return [
        (row, Hit(0, 0.0, words=1.0, pinned=row.pinned))
        for row in rows
        if row.turn_id is None or (row.turn_id in shown and row.turn_id not in inside)
    ]
