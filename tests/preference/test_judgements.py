"""Judgements are only added, can be withdrawn, and are deleted with their turn."""

from __future__ import annotations

import sqlite3

import pytest
from preference_support import Scene

from rpterm.store import StoreError
from rpterm.store.judgement_records import Circumstances
from rpterm.store.judgements import Judgements
from rpterm.types import Origin


def test_judgements_round_trip(scene: Scene) -> None:
    a, b = scene.reply("It was Moran."), scene.reply("It was I.")
    how = Circumstances("ann", 2.5, "swipe 1 of 2", "review", 0.75)
    scene.judge.thumb(a, True, reason="sharp", how=how)
    scene.judge.stars(b, 2, dimensions={"voice": 1}, how=how)
    scene.judge.flag(b, (0, 6), "out of character")
    scene.judge.compare(a, b, "left", how=Circumstances(seconds=4.0))
    thumb, stars, flag = scene.judge.ratings()
    assert (thumb.kind, thumb.value, thumb.reason, thumb.how) == ("thumb", 1, "sharp", how)
    assert (stars.value, dict(stars.dimensions), stars.created_at) == (2, {"voice": 1}, 1000.0)
    assert (flag.span, flag.how.rater) == ((0, 6), "me")
    (duel,) = scene.judge.comparisons(scene.chat.id)
    assert (duel.left_id, duel.right_id, duel.verdict, duel.how.seconds) == (a, b, "left", 4.0)


def test_withdrawn_judgements_are_not_read(scene: Scene) -> None:
    a, b = scene.reply("One."), scene.reply("Two.")
    first = scene.judge.thumb(a, True).id
    other = scene.judge.thumb(a, False, how=Circumstances("ann")).id
    last = scene.judge.compare(a, b, "tie").id
    for number in (last, first, first):
        scene.judge.withdraw(number, scene.chat.id)
    assert [each.id for each in scene.judge.ratings()] == [other]
    assert list(scene.judge.comparisons()) == []


def test_a_first_reply_of_this_chat_can_be_chosen_by_hand(scene: Scene) -> None:
    other = scene.store.create_chat(card_name="Ada", card_hash="h")
    first, second, there = (
        scene.store.add_turn(chat, None, "assistant", "Ada", text, origin=Origin.GENERATED).id
        for chat, text in ((scene.chat.id, "a"), (scene.chat.id, "b"), (other.id, "c"))
    )
    scene.judge.kept_by_score(first)
    scene.judge.kept_by_score(there)
    scene.judge.chosen_by_hand(second)
    assert not scene.judge.is_kept_by_score(first) and scene.judge.is_kept_by_score(there)


def test_rows_cannot_be_updated(scene: Scene) -> None:
    scene.judge.thumb(scene.reply("One."), True)
    with sqlite3.connect(scene.store.file) as connection, pytest.raises(sqlite3.IntegrityError):
        connection.execute("UPDATE ratings SET value = 0")


def test_judgements_are_deleted_with_their_turn(scene: Scene) -> None:
    a, b = scene.reply("One."), scene.reply("Two.")
    scene.judge.compare(a, b, "right")
    scene.judge.stars(b, 5)
    scene.store.delete_turn(b)
    assert list(scene.judge.ratings()) == [] and list(scene.judge.comparisons()) == []


def test_ids_are_never_reused(scene: Scene) -> None:
    a = scene.reply("One.")
    first = scene.judge.thumb(a, True).id
    scene.store.delete_turn(a)
    assert scene.judge.thumb(scene.reply("Two."), True).id > first


def test_only_replies_to_one_turn_are_compared(scene: Scene) -> None:
    a = scene.reply("One.")
    with pytest.raises(StoreError, match="do not answer the same turn"):
        scene.judge.compare(a, scene.greeting.id, "left")
    with pytest.raises(StoreError, match="only replies can be judged"):
        scene.judge.thumb(scene.user.id, True)
    with pytest.raises(StoreError, match="from 1 to 5"):
        scene.judge.stars(a, 6)
    with pytest.raises(StoreError, match="no part from 2 to 99"):
        scene.judge.flag(a, (2, 99), "")
    assert list(scene.judge.ratings()) == []


def test_the_latest_consent_counts(scene: Scene) -> None:
    chat = scene.store.create_chat(card_name="A", card_hash="h")
    assert not scene.judge.exportable(chat.id)
    scene.judge.consent(chat.id, True)
    assert Judgements(scene.store).exportable(chat.id)
    scene.judge.consent(chat.id, False)
    assert not scene.judge.exportable(chat.id)


def test_a_kept_swipe_is_preferred_to_each_other_one_seen(scene: Scene) -> None:
    a, b, c = (scene.reply(text) for text in ("One.", "Two.", "Three."))
    scene.judge.kept_swipe(b, [a, b, c])
    found = [(each.left_id, each.right_id, each.kind) for each in scene.judge.comparisons()]
    assert found == [(b, a, "swipe"), (b, c, "swipe")]
