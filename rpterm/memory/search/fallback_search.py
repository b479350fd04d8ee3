"""Recall before the index is in RAM: the database's own word search, limited to the same
branches."""

from __future__ import annotations

from rpterm.memory.indexing.words import terms
from rpterm.memory.search.recall import RecallHit
from rpterm.memory.search.relevance import distinctive
from rpterm.memory.search.text_query import RecallRequest
from rpterm.store.memory.memories import Memories
from rpterm.store.memory.records import Memory

_MAX_WORDS = 6
_MAX_MATCHES = 120


def search_database(
    memories: Memories, character: str, request: RecallRequest
) -> list[tuple[Memory, RecallHit]]:
    """Pinned memories, then those with one of the longest distinctive words of a draft, best
    first."""
    candidates = [word for word in request.search.words if distinctive(terms(word))]
    words = sorted(candidates, key=len, reverse=True)[:_MAX_WORDS]
    found = memories.search_any(words, character, _MAX_MATCHES)
    rows = [*memories.pinned(character), *(row for row in found if not row.pinned)]
    other_chats = {row.chat_id for row in rows if row.chat_id not in (None, request.chat_id)}
    shown = {turn.id for turn in request.path}
    if other_chats:
        paths = memories.shown_paths(character, [chat for chat in other_chats if chat])
        shown.update(turn for turns in paths.values() for turn in turns)
    return [
        (row, RecallHit(0, 0.0, words=1.0, pinned=row.pinned))
        for row in rows
        if row.turn_id is None or (row.turn_id in shown and row.turn_id not in request.in_prompt)
    ]
