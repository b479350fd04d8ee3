"""Where examples come from: the card, exchanges that were starred, and those that scored well.

Reads the store and changes nothing. An exchange is a user turn and the reply to it, of any chat
with the same character. A reply that is flagged or found bad is never an example.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from rpterm.cards.card import CharacterCard, Example
from rpterm.examples.records import Exemplar, Source, card_key
from rpterm.group import owner
from rpterm.store import Store
from rpterm.store.cast import Casts
from rpterm.store.errors import StoreError
from rpterm.store.judgements import Judgements
from rpterm.store.scores import Scores
from rpterm.types import Status, Turn

STARRED, MINED = 60, 60
"""At most so many of each, the best first."""
GOOD = 0.8
"""A reply that scored less is not mined."""
CHATS = 40
SHORTEST, LONGEST = 20, 900
"""Characters of a reply that can be an example."""


def of_card(card: CharacterCard) -> list[Exemplar]:
    """The card's own, in its order."""
    return [
        Exemplar(card_key(example), "card", example, number)
        for number, example in enumerate(card.examples, 1)
    ]


def exchanges(store: Store, card_name: str) -> list[Exemplar]:
    """Starred ones, then mined ones, the best first of each."""
    chats = [chat.id for chat in store.chats(card_name=card_name, limit=CHATS)]
    stars, bad = _judged(store, chats)
    scores = Scores(store)
    good = {
        turn: probability
        for chat in chats
        for turn, probability in scores.newest(chat).items()
        if probability >= GOOD and turn not in bad and turn not in stars
    }
    return [
        *_made(store, stars, "starred", STARRED),
        *_made(store, good, "mined", MINED),
    ]


def exchange(store: Store, reply: Turn) -> Exemplar | None:
    """The exchange that a reply belongs to.

    ``None`` for a greeting, without words, where its question was deleted, and where the model
    shall not read one of the two.
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


def named(store: Store, key: str) -> Exemplar | None:
    """The exchange of a key, if its turns are still there."""
    kind, _, number = key.partition(":")
    if kind != "turn" or not number.isdecimal():
        return None
    try:
        return exchange(store, store.turn(int(number)))
    except StoreError:
        return None


def _judged(store: Store, chats: Iterable[int]) -> tuple[dict[int, float], set[int]]:
    """Stars by reply, 0 to 1, and the replies that someone finds bad.

    The last thumb or stars of each rater count; a flag stays until it is taken back.
    """
    judgements = Judgements(store)
    last: dict[tuple[int, str], float] = {}
    bad: set[int] = set()
    for chat in chats:
        for rating in judgements.ratings(chat):
            if rating.kind == "flag":
                bad.add(rating.turn_id)
            else:
                worth = float(rating.value) if rating.kind == "thumb" else rating.value / 5
                last[rating.turn_id, rating.how.rater] = worth
    bad |= {turn for (turn, _), worth in last.items() if worth < 0.5}
    stars = {turn: w for (turn, _), w in last.items() if w >= GOOD and turn not in bad}
    return stars, bad


def _own(casts: Casts, reply: Turn) -> bool:
    """Whether the chat's own character said it, and not another one of the cast."""
    cast = casts.get(reply.chat_id)
    return cast is None or owner(cast, reply) == cast.members[0]


def _made(store: Store, wanted: dict[int, float], source: Source, limit: int) -> Iterable[Exemplar]:
    casts = Casts(store)
    best = sorted(wanted, key=lambda turn: (-wanted[turn], -turn))[:limit]
    for turn_id in best:
        try:
            reply = store.turn(turn_id)
            found = exchange(store, reply) if _own(casts, reply) else None
        except StoreError:  # deleted by another terminal in between
            continue
        if found is not None and SHORTEST <= len(reply.text) <= LONGEST:
            yield replace(found, source=source, quality=wanted[turn_id])
