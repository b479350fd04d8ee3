"""Splits the judgements of an export: some conversations are trained on, the others tested on.

A conversation is a chat. In a duel over prepared messages, though, each message is answered right
after the greeting, so each is a conversation of its own: otherwise the pairs of one long duel could
not be tested. It is known by its words, so that it is in the same split in every duel.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain

from rpterm.preference.duplicates import words_digest
from rpterm.store.judgement_records import Comparison, Rating
from rpterm.store.judgements import Judgements
from rpterm.types import Turn

Conversation = int | bytes
"""The id of a chat, or the digest of a duel's message."""

DUEL_METHOD = "duel:"
"""How the method of a verdict begins that was given in ``rpterm duel``; its number follows."""


def held_out(conversations: Iterable[Conversation], share: float) -> frozenset[Conversation]:
    """Choose the test conversations by a hash, so that they stay test conversations for good.

    Where chance would leave a split empty, the nearest conversation goes there: some are trained
    on, and some are tested on if their share rounds to one.
    """
    ranks = {each: _rank(each) for each in conversations}
    chosen = {each for each, rank in ranks.items() if rank < share}
    if not chosen and share * len(ranks) >= 0.5 and len(ranks) > 1:
        chosen = {min(ranks, key=ranks.__getitem__)}
    elif chosen == ranks.keys() and chosen and share < 1:
        chosen.remove(max(ranks, key=ranks.__getitem__))
    return frozenset(chosen)


def is_of_duel(method: object) -> bool:
    """Whether a judgement with this method is a verdict of ``rpterm duel``."""
    return isinstance(method, str) and method.startswith(DUEL_METHOD)


def conversation_of(
    chat_id: int, turns: Mapping[int, Turn], turn: int, method: str
) -> Conversation:
    """The conversation that a judged reply belongs to.

    Args:
        turns: The turns of the chat by id.
        turn: The id of the reply.
        method: How it was judged.
    """
    message = _first_message(turns, turn) if is_of_duel(method) else None
    return chat_id if message is None else words_digest(message.text)


def judged_conversations(judgements: Judgements, chat_id: int) -> Iterator[Conversation]:
    """The conversations of a chat that have judgements, with repetitions."""
    comparisons = list(judgements.comparisons(chat_id))
    if not any(is_of_duel(each.how.method) for each in comparisons):
        yield chat_id
        return
    turns = {turn.id: turn for turn in judgements.store.tree(chat_id)}
    judged: Iterable[Rating | Comparison] = chain(comparisons, judgements.ratings(chat_id))
    for each in judged:
        yield conversation_of(chat_id, turns, each.turns[0], each.how.method)


def _first_message(turns: Mapping[int, Turn], turn: int) -> Turn | None:
    """The user turn that the branch of a reply begins with."""
    first, above = None, turns.get(turn)
    while above is not None:
        if above.role == "user":
            first = above
        above = turns.get(above.parent_id or 0)
    return first


def _rank(conversation: Conversation) -> float:
    """A conversation's place between 0 and 1."""
    if isinstance(conversation, int):
        name = f"rpterm chat {conversation}".encode()
    else:
        name = b"rpterm message " + conversation
    return int.from_bytes(hashlib.sha256(name).digest()[:8], "big") / 2**64
