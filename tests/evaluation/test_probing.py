"""Probes: what must hold is judged as it is said, and what cannot be judged is never a pass."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rpterm.cards.card import CharacterCard, Probe
from rpterm.config import Settings
from rpterm.engine.scripted import ScriptedEngine
from rpterm.evaluation.probing import (
    NO_CHECK,
    NO_SCORE,
    ProbeResult,
    ProbeSetup,
    condition_holds,
    run,
)
from rpterm.preference.stats.intervals import wilson

CARD = CharacterCard(name="Ada", description="Counts stars.", greetings=("Good evening.",))


def tried(
    probe: Probe, *replies: str, seeds: int = 1, judge: Any = None, scorer: Any = None
) -> ProbeResult:
    bench = ProbeSetup(ScriptedEngine(replies), Settings(), judge, scorer)
    return run(CARD, bench, list(range(1, seeds + 1)), probes=[probe])[0]


@pytest.mark.parametrize(
    ("text", "reply", "there"),
    [
        ("sure", "Sure, why not.", True),
        ("Sure", "I am not sure.", False),
        ("Sure", "What a measure.", False),
        ("as an ai", "As  an\nAI I cannot.", True),
        ("don't", "I don’t know.", True),
        ("*nods*", "She *nods* twice.", True),
        ("1492", "In 14920.", False),
        ("é", "Cafe\u0301 é", True),
        ("大海", "我喜欢大海。", True),
    ],
)
def test_texts_match_whole_words_and_lower_case_matches_any_case(
    text: str, reply: str, there: bool
) -> None:
    assert condition_holds(text, reply) is there


def test_all_checks_must_pass() -> None:
    probe = Probe(("Who?",), contains=("star",), not_contains=("language model",), regex=r"\d+")
    assert tried(probe, "I counted 7: one star.").passes == 1
    for reply in ("I counted 7.", "One star.", "7, one star, says the language model"):
        result = tried(probe, reply)
        assert (result.passes, result.failures) == (0, 1), reply
    failed = [c for c in tried(probe, "Nothing.").trials[0].checks if c.passed is False]
    assert [c.kind for c in failed] == ["contains", "regex"] and all(c.why for c in failed)


def test_a_catastrophic_regex_is_harmless() -> None:
    result = tried(Probe(("Who?",), regex=r"(a+)+$"), "a" * 600 + "!")
    assert result.failures == 1


def test_without_a_scorer_a_score_check_is_skipped() -> None:
    result = tried(Probe(("Who?",), score_above=0.1), "Me.")
    assert (result.passes, result.failures, result.judged) == (0, 0, 0)
    assert result.skipped == (NO_SCORE,) and result.trials[0].passed is None
    mixed = tried(Probe(("Who?",), contains=("you",), score_above=0.1), "Me.")
    assert mixed.failures == 1 and mixed.skipped == (NO_SCORE,)


@pytest.mark.parametrize(("score", "passes"), [(0.7, 1), (0.5, 1), (0.49, 0)])
def test_the_scorer_gets_the_history_and_the_reply(score: float, passes: int) -> None:
    seen: list[Any] = []

    def scorer(card: CharacterCard, said: Any, reply: str) -> float:
        seen.append((card.name, said, reply))
        return score

    probe = Probe(("Who?", "Why?"), score_above=0.5)
    assert tried(probe, "Me.", "So.", scorer=scorer).passes == passes
    said = ((True, "Good evening."), (False, "Who?"), (True, "Me."), (False, "Why?"))
    assert seen == [("Ada", said, "So.")]


@pytest.mark.parametrize(
    ("verdict", "passed"), [("yes", True), (" No.", False), ("perhaps", None), ("", None)]
)
def test_the_judge_says_yes_or_no_under_a_grammar(verdict: str, passed: bool | None) -> None:
    judge = ScriptedEngine([verdict])
    result = tried(Probe(("Who are you?",), judge="Is it polite?"), "Go away.", judge=judge)
    assert result.trials[0].passed is passed
    asked = judge.requests[0]
    assert asked.sampling.grammar == 'root ::= "yes" | "no"\n' and asked.sampling.temperature == 0
    for words in ("Who are you?", "Go away.", "Is it polite?"):
        assert words in asked.prompt_text


def test_a_failing_judge_skips_the_check() -> None:
    judge = ScriptedEngine(["yes"], fail_at=0)
    result = tried(Probe(("Who?",), judge="Is it?"), "Me.", judge=judge)
    assert result.judged == 0 and "the judge failed" in result.skipped[0]


def test_a_probe_without_checks_does_not_pass() -> None:
    result = tried(Probe(("Who?",)), "Me.")
    assert result.judged == 0 and result.skipped == (NO_CHECK,)


def test_one_line_probes_use_one_batch_of_the_seeds_asked_for() -> None:
    engine = ScriptedEngine(["one star", "two", "three", "four star"])
    probe = Probe(("Who?",), contains=("star",))
    result = run(CARD, ProbeSetup(engine, Settings()), [1, 2, 3, 4], probes=[probe])[0]
    assert (result.passes, result.failures) == (2, 2)
    assert [request.seeds for request in engine.requests] == [(1, 2, 3, 4)]
    assert [trial.seed for trial in result.trials] == [1, 2, 3, 4]


def test_the_last_reply_counts_and_each_trial_is_a_new_chat() -> None:
    engine = ScriptedEngine(["star", "none", "none", "star"])
    probe = Probe(("First.", "Second."), contains=("star",))
    result = run(CARD, ProbeSetup(engine, Settings()), [1, 2], probes=[probe])[0]
    assert [trial.passed for trial in result.trials] == [False, True]
    assert "First." in engine.requests[1].prompt_text
    assert "Second." not in engine.requests[2].prompt_text
    assert [request.sampling.seed for request in engine.requests] == [1, 1, 2, 2]


def test_no_reply_is_a_failure_with_its_reason() -> None:
    result = tried(Probe(("Who?",), not_contains=("x",)), "")
    assert result.failures == 1
    check = result.trials[0].checks[0]
    assert check.kind == "reply" and "before the first word" in check.why


def test_nothing_is_left_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    tried(Probe(("Who?",), contains=("x",)), "x")
    assert list(tmp_path.iterdir()) == []


@given(st.integers(0, 200), st.integers(1, 200))
def test_an_interval_holds_its_rate(passes: int, total: int) -> None:
    passes = min(passes, total)
    low, high = wilson(passes, total)
    assert 0 <= low <= passes / total + 1e-9 and passes / total - 1e-9 <= high <= 1
    assert high - low < 1


def test_intervals_known_from_the_literature() -> None:
    assert wilson(0, 0) == (0.0, 1.0)
    assert wilson(10, 10) == pytest.approx((0.7225, 1.0), abs=1e-4)
    assert wilson(5, 10) == pytest.approx((0.2366, 0.7634), abs=1e-4)
    assert json.dumps(wilson(1, 3))
