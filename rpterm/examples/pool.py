"""Collects examples: the card's own, starred exchanges, and those that scored well.

Reads the store and changes nothing. An exchange is a user turn and the reply to it, from any chat
with the same character. A reply that is flagged or rated bad is never an example.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from rpterm.cards.card import CharacterCard, Example
from rpterm.examples.records import Exemplar, Source, card_key
from rpterm.prompt.perspective import speaker_of
from rpterm.store import Store
from rpterm.store.cast import Casts
from rpterm.store.errors import StoreError
from rpterm.store.judgements import Judgements
from rpterm.store.scores import Scores
from rpterm.types import Status, Turn

MAX_STARRED, MAX_MINED = 60, 60
MIN_SCORE = 0.8
"""A reply that scored less is not mined."""
MAX_CHATS = 40
MIN_CHARS, MAX_CHARS = 20, 900
"""Length of a reply that can be an example."""


def card_exemplars(card: CharacterCard) -> list[Exemplar]:
    """The card's own examples, in order."""
    return [
        Exemplar(card_key(example), "card", example, number)
        for number, example in enumerate(card.examples, 1)
    ]


def exchanges(store: Store, card_name: str) -> list[Exemplar]:
    """Starred exchanges, then mined ones, the best first of each."""
    chats = [chat.id for chat in store.chats(card_name=card_name, limit=MAX_CHATS)]
    stars, bad = _rated_replies(store, chats)
    scores = Scores(store)
    high_scores = {
        turn: probability
        for chat in chats
        for turn, probability in scores.newest(chat).items()
        if probability >= MIN_SCORE and turn not in bad and turn not in stars
    }
    return [
        *_best_exchanges(store, stars, "starred", MAX_STARRED),
        *_best_exchanges(store, high_scores, "mined", MAX_MINED),
    ]


def exchange(store: Store, reply: Turn) -> Exemplar | None:
    """The exchange that a reply belongs to.

    ``None`` for a greeting, for an empty text, if the question was deleted, and if the model must
    not read one of the two.
    """
    if reply.role != "assistant" or reply.parent_id is None or reply.status is Status.STREAMING:
        return None
    asked = store.turn(reply.parent_id)
    if asked.role != "user" or not (asked.text.strip() and reply.text.strip()):
        return None
    if reply.lifted or asked.hidden or reply.hidden:
        return None
    example = Example((("user", asked.text.strip()), ("char", reply.text.strip())))
    return Exemplar(
        f"turn:{reply.id}", "starred", example, turns=(asked.id, reply.id), chat_id=reply.chat_id
    )


def exchange_of_key(store: Store, key: str) -> Exemplar | None:
    """The exchange with this key, if its turns still exist."""
    kind, _, number = key.partition(":")
    if kind != "turn" or not number.isdecimal():
        return None
    try:
        return exchange(store, store.turn(int(number)))
    except StoreError:
        return None


def _rated_replies(store: Store, chats: Iterable[int]) -> tuple[dict[int, float], set[int]]:
    """Stars by reply, 0 to 1, and the replies that somebody rated bad.

    Only the last thumb or star rating of each rater counts; a flag counts until it is removed.
    """
    judgements = Judgements(store)
    last: dict[tuple[int, str], float] = {}
    bad: set[int] = set()
    for chat in chats:
        for rating in judgements.ratings(chat):
            if rating.kind == "flag":
                bad.add(rating.turn_id)
            else:
                rate_value = float(rating.value) if rating.kind == "thumb" else rating.value / 5
                last[rating.turn_id, rating.how.rater] = rate_value
    bad |= {turn for (turn, _), rate_value in last.items() if rate_value < 0.5}
    stars = {turn: w for (turn, _), w in last.items() if w >= MIN_SCORE and turn not in bad}
    return stars, bad


def _is_own_reply(casts: Casts, reply: Turn) -> bool:
    """Whether the chat's own character said it, not another member of the cast."""
    cast = casts.get(reply.chat_id)
    return cast is None or speaker_of(cast, reply) == cast.members[0]


def _best_exchanges(
    store: Store, values: dict[int, float], source: Source, limit: int
) -> Iterable[Exemplar]:
    casts = Casts(store)
    best = sorted(values, key=lambda turn: (-values[turn], -turn))[:limit]
    for turn_id in best:
        try:
            reply = store.turn(turn_id)
            example = exchange(store, reply) if _is_own_reply(casts, reply) else None
        except StoreError:  # another process deleted it meanwhile
            continue
        if example is not None and MIN_CHARS <= len(reply.text) <= MAX_CHARS:
            yield replace(example, source=source, quality=values[turn_id])
