"""Differences between two cards, and the watcher of an edited file."""

import os
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from strategies import cards

from rpterm.cards.card import CharacterCard, Example, Lorebook, LoreEntry, Probe
from rpterm.cards.diff import Change, diff
from rpterm.cards.problems import CardError
from rpterm.cards.watch import CardBroken, CardChanged, CardWatcher

BASE = CharacterCard(
    name="Ada",
    description="old words",
    attributes=("one", "two", "three"),
    sampling={"temperature": 1.0},
    examples=(Example((("user", "Hi."), ("char", "Hm?"))),),
    lorebook=Lorebook((LoreEntry(("a",), "A."), LoreEntry(("b",), "B.", name="bee"))),
)


def test_equal_cards_have_no_differences() -> None:
    assert diff(BASE, replace(BASE)) == []


def test_changed_fields_and_lines_are_told_one_by_one() -> None:
    new = replace(
        BASE, description="new words here", attributes=("one", "2", "three", "four"), tagline="t",
        sampling={"top_k": 3},
    )  # fmt: skip
    changes = diff(BASE, new)
    assert changes == [
        Change("tagline", "added", "", "t"),
        Change("description", "changed", "old words", "new words here"),
        Change("persona attributes #2", "changed", "two", "2"),
        Change("persona attributes #4", "added", "", "four"),
        Change("sampling temperature", "removed", "1.0", ""),
        Change("sampling top_k", "added", "", "3"),
    ]
    assert changes[1].tokens(lambda text: len(text.split())) == 1


def test_lore_is_compared_by_name() -> None:
    first, second = BASE.lorebook.entries
    moved = replace(BASE, lorebook=Lorebook((second, first)))
    assert [change.field for change in diff(BASE, moved)] == ["lore order"]
    book = Lorebook(
        (LoreEntry(("c",), "C."), replace(second, content="BB.", order=3)), scan_depth=9
    )
    assert diff(BASE, replace(BASE, lorebook=book)) == [
        Change("lore a", "removed", "A.", ""),
        Change("lore c", "added", "", "C."),
        Change("lore bee content", "changed", "B.", "BB."),
        Change("lore bee order", "changed", "100", "3"),
        Change("lorebook scan_depth", "changed", "2", "9"),
    ]


def test_a_changed_test_is_reported_by_its_keys() -> None:
    old = Probe(("Hi.",), contains=("tea",))
    new = replace(old, contains=("tea", "milk"), score_above=0.5)
    cards = (replace(BASE, tests=(old,)), replace(BASE, tests=(new, old)))
    assert diff(cards[0], replace(BASE, tests=(new,))) == [
        Change("tests #1 contains #2", "added", "", "milk"),
        Change("tests #1 score_above", "added", "", "0.5"),
    ]
    assert diff(*cards) == [
        Change("tests #1", "added", "", "user: Hi.\ncontains: tea, milk\nscore_above: 0.5")
    ]


@settings(max_examples=30, suppress_health_check=list(HealthCheck))
@given(cards(), cards())
def test_only_equal_cards_have_no_differences(one: CharacterCard, two: CharacterCard) -> None:
    assert (diff(one, two) == []) == (one == two)
    assert diff(one, one) == []


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "ada.toml"
    save(path, 'name = "Ada"\n')
    return path


_clock = [1_000_000_000]


def save(path: Path, text: str) -> None:
    """Write, with a time of its own: two saves of one test may fall on one tick of the clock."""
    path.write_text(text, encoding="utf-8")
    _clock[0] += 1
    os.utime(path, ns=(_clock[0], _clock[0]))


def test_a_save_is_reported_once(file: Path) -> None:
    watch = CardWatcher(file)
    assert watch.poll() is None
    save(file, 'name = "Ada"\ntagline = "x"\n')
    event = watch.poll()
    assert isinstance(event, CardChanged)
    assert event.card == watch.card == CharacterCard(name="Ada", tagline="x")
    assert event.changes == (Change("tagline", "added", "", "x"),)
    assert event.text == watch.text
    assert watch.poll() is None


def test_a_touched_file_is_no_change(file: Path) -> None:
    watch = CardWatcher(file)
    save(file, 'name = "Ada"\n')
    assert watch.poll() is None


def test_a_broken_save_keeps_the_last_good_card(file: Path) -> None:
    watch = CardWatcher(file)
    save(file, 'name = "Ada"\ntagline = 3\n')
    event = watch.poll()
    assert isinstance(event, CardBroken)
    assert event.error.problems[0].line == 2
    assert watch.card == CharacterCard(name="Ada")
    assert watch.poll() is None
    save(file, 'name = "Ada"\n')
    event = watch.poll()
    assert isinstance(event, CardChanged)
    assert event.changes == ()


def test_a_file_that_is_replaced_or_missing(file: Path) -> None:
    watch = CardWatcher(file)
    file.unlink()
    assert watch.poll() is None, "an editor may be saving"
    save(file, 'name = "Eve"\n')
    event = watch.poll()
    assert isinstance(event, CardChanged)
    file.unlink()
    assert watch.poll() is None
    event = watch.poll()
    assert isinstance(event, CardBroken)
    assert watch.poll() is None
    save(file, 'name = "Eve"\n')
    assert isinstance(watch.poll(), CardChanged)


def test_a_watcher_cannot_start_with_an_invalid_card(tmp_path: Path) -> None:
    with pytest.raises(CardError):
        CardWatcher(tmp_path / "none.toml")
