"""Storing scores and example settings."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rpterm.store import Store
from rpterm.store.example_settings import ExampleMarks
from rpterm.store.scores import Scores, StoredScore
from rpterm.types import Origin

SCORE = StoredScore(
    0, "1", "card", 0.8, 0.6, 0.9, {"persona": 0.7, "behaviour": None},
    {"parroting": {"value": 0.0, "confidence": 1.0, "evidence": []}},
)  # fmt: skip


@pytest.fixture
def turn(store: Store) -> int:
    chat = store.create_chat(card_name="Mara", card_hash="card")
    return store.add_turn(
        chat.id, None, "assistant", "Mara", "Come in.", origin=Origin.GENERATED
    ).id


def test_a_score_round_trips(store: Store, turn: int) -> None:
    store.now = lambda: 5.0
    scores = Scores(store)
    given = replace(SCORE, turn_id=turn)
    scores.put(given)
    assert scores.get([turn, turn + 1]) == {turn: replace(given, created_at=5.0)}
    assert scores.get([turn], version="2") == {}
    assert scores.get([turn], card_hash="other") == {}
    assert scores.newest(store.turn(turn).chat_id) == {turn: given.probability}


def test_an_incomplete_score_never_replaces_a_complete_one(store: Store, turn: int) -> None:
    scores = Scores(store)
    quick = replace(SCORE, turn_id=turn)
    whole = replace(quick, probability=0.4, complete=True)
    for each in (quick, whole, quick):
        scores.put(each)
    assert scores.get([turn])[turn].probability == 0.4


def test_a_score_is_deleted_with_its_turn(store: Store, turn: int) -> None:
    scores = Scores(store)
    scores.put(replace(SCORE, turn_id=turn))
    store.delete_turn(turn)
    assert scores.get([turn]) == {}
    scores.put(replace(SCORE, turn_id=turn))
    assert scores.get([turn]) == {}


def test_many_turns_are_read_at_once(store: Store, turn: int) -> None:
    scores = Scores(store)
    scores.put(replace(SCORE, turn_id=turn))
    assert list(scores.get(range(2000))) == [turn]


def test_marks_and_sizes_of_examples_belong_to_a_chat(store: Store, turn: int) -> None:
    marks = ExampleMarks(store)
    chat = store.turn(turn).chat_id
    assert marks.marks(chat) == {} and marks.sizes(chat) is None
    marks.mark(chat, "turn:4", "pinned")
    marks.mark(chat, "card:ab", "excluded")
    marks.mark(chat, "turn:4", "excluded")
    assert marks.marks(chat) == {"turn:4": "excluded", "card:ab": "excluded"}
    marks.mark(chat, "turn:4", None)
    marks.set_sizes(chat, 3, 400)
    marks.set_sizes(chat, 2, -5)
    assert marks.marks(chat) == {"card:ab": "excluded"} and marks.sizes(chat) == (2, 0)
    store.delete_chat(chat)
    assert marks.marks(chat) == {} and marks.sizes(chat) is None
