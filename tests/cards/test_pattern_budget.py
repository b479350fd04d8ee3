"""The budget limits the work that a card's regex patterns can cause."""

from __future__ import annotations

from typing import Any

import pytest

from rpterm.cards.format.reader import parse
from rpterm.cards.lore import patterns
from rpterm.cards.lore.patterns import (
    MAX_PATTERNS,
    MAX_STEPS,
    PatternBudget,
    PatternError,
    TooManyPatterns,
)
from rpterm.cards.problems import CardError


class Counting:
    """``compile_pattern``, counted."""

    def __init__(self) -> None:
        self.calls = self.steps = 0
        self._compile = patterns.compile_pattern

    def __call__(self, body: str, flags: str = "") -> Any:
        self.calls += 1
        made = self._compile(body, flags)
        self.steps += made.programsize
        return made


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counting:
    counting = Counting()
    monkeypatch.setattr(patterns, "compile_pattern", counting)
    return counting


def card_of(keys: list[str]) -> str:
    lore = (f"[[lore]]\nkeys = ['{key}']\ncontent = 'x'\n" for key in keys)
    return "name = 'A'\n" + "".join(lore)


def test_large_patterns_are_compiled_until_the_budget_is_spent(counted: Counting) -> None:
    with pytest.raises(CardError) as caught:
        parse(card_of([rf"/a{n}(b|c){{300}}/" for n in range(9000)]))
    (problem,) = caught.value.problems
    assert "too complex together" in problem.message
    assert problem.field.startswith("lore #") and problem.line > 1
    assert MAX_STEPS <= counted.steps < MAX_STEPS * 1.4
    assert counted.calls < 1000


def test_few_patterns_that_are_too_large_by_themselves_are_compiled(counted: Counting) -> None:
    with pytest.raises(CardError) as caught:
        parse(card_of([rf"/\pL{{{900 + n % 100}}}/" for n in range(9000)]))
    assert "too large" in caught.value.problems[0].message
    assert counted.calls < 20


def test_many_small_patterns_fit_and_literals_are_not_compiled(counted: Counting) -> None:
    card = parse(card_of([f"/dragon {n}/i" for n in range(9000)]))
    assert len(card.lorebook.entries) == 9000
    assert counted.calls == 0
    assert len(parse(card_of([f"/dragons? {n}/" for n in range(3000)])).lorebook.entries) == 3000
    assert counted.calls == 3000


def test_the_budget_ends_by_count_too() -> None:
    budget = PatternBudget(patterns=2, steps=MAX_STEPS)
    budget.check("a+")
    with pytest.raises(PatternError, match="missing"):
        budget.check("(")
    with pytest.raises(TooManyPatterns):
        budget.check("b+")
    assert MAX_PATTERNS >= 10_000
