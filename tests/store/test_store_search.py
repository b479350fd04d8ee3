"""Search finds what users mean, and never interprets input as a query language."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rpterm.store import Store
from rpterm.types import Origin

TEXTS = ("She was running home", "Café au lait", "Don't you dare, said the fox", "東京 駅 42")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "rp.db") as opened:
        for card in ("Ada", "Bo"):
            chat = opened.create_chat(card_name=card, card_hash="h", title=f"With {card}")
            for text in TEXTS:
                opened.add_turn(chat.id, None, "user", "U", text, origin=Origin.TYPED)
        yield opened


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("run", TEXTS[0]),
        ("HOME she", TEXTS[0]),
        ("cafe", TEXTS[1]),
        ("don't", TEXTS[2]),
        ('"the fox"', TEXTS[2]),
        ("東京", TEXTS[3]),
        ("京", TEXTS[3]),
        ("京 42", TEXTS[3]),
        ("fo", TEXTS[2]),
        ("😀 fox !!!", TEXTS[2]),
    ],
)
def test_all_words_are_found_in_any_form(store: Store, query: str, expected: str) -> None:
    hits = store.search(query, card_name="Ada")
    assert [hit.turn.text for hit in hits] == [expected]
    assert hits[0].chat_title == "With Ada"
    assert "\x02" in hits[0].snippet and "\x03" in hits[0].snippet


@pytest.mark.parametrize("word", ["fox", "駅"])
def test_one_hit_per_chat_leaves_room_for_others(store: Store, word: str) -> None:
    chat = store.create_chat(card_name="Cy", card_hash="h", title="Cy")
    for at in range(60):
        store.add_turn(chat.id, None, "user", "U", f"{word} {at}", origin=Origin.TYPED)
    assert {hit.chat_title for hit in store.search(word)} == {"Cy"}
    hits = store.search(word, by_chat=True)
    assert sorted(hit.chat_title for hit in hits) == ["Cy", "With Ada", "With Bo"]
    assert all(word in hit.turn.text and word in hit.snippet for hit in hits)


def test_an_unused_greeting_is_not_found(store: Store) -> None:
    chat = store.create_chat(card_name="Cy", card_hash="h")
    first, _, last = (
        store.add_turn(chat.id, None, "assistant", "Cy", text, origin=Origin.GREETING)
        for text in ("A stolen goose.", "One goose and a curate.", "A goose, grey.")
    )
    store.add_turn(chat.id, first.id, "user", "U", "Which one?", origin=Origin.TYPED)
    assert [hit.turn.id for hit in store.search("goose")] == [first.id]
    store.set_leaf(chat.id, last.id)
    assert {hit.turn.id for hit in store.search("goose")} == {first.id, last.id}


@pytest.mark.parametrize("query", ["", "   ", '"', '""', "😀", "***", "fox home", '"fox the"', "-"])
def test_a_query_without_a_match_finds_nothing(store: Store, query: str) -> None:
    assert store.search(query) == []


@pytest.mark.parametrize(
    "query",
    ["a AND", "NOT x", "NEAR(a b, 2)", "text:fox", "a OR b", "(", "a*b^", "x" * 10_000, "a " * 500,
     "nul\0", "\ud800", 'un"balanced', "fox + {a b}"],
)  # fmt: skip
def test_operators_are_words(store: Store, query: str) -> None:
    assert isinstance(store.search(query), list)


def test_operator_words_are_searched_literally(store: Store) -> None:
    chat = store.create_chat(card_name="Ada", card_hash="h")
    store.add_turn(chat.id, None, "user", "U", "to be OR not", origin=Origin.TYPED)
    assert [hit.turn.text for hit in store.search("or not")] == ["to be OR not"]


def test_all_cards_and_limit(store: Store) -> None:
    assert len(store.search("fox")) == 2
    assert len(store.search("fox", limit=1)) == 1
    assert store.search("fox", limit=0) == []
    assert store.search("fox", card_name="Nobody") == []


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(st.text(max_size=60))
def test_no_query_raises(store: Store, query: str) -> None:
    for hit in store.search(query):
        assert hit.turn.text in TEXTS
