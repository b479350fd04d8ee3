"""Where a reply may end by itself."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rpterm.engine.llama import LlamaEngine
from rpterm.engine.protocol import Delta, Engine, Finished, GenerateRequest, Piece
from rpterm.engine.scripted import ScriptedEngine
from rpterm.engine.soft_limit import reached_soft_limit
from rpterm.types import Sampling

AFTER = 10


@pytest.mark.parametrize(
    "text",
    [
        "He turns the card over.",
        '"Sit down," he says. "You are late!"',
        "*He turns away*",
        "*He turns away.*\n",
        "“Who else has keys?”",
        "He looks at **you**.",
        "もういい。",
    ],
)
def test_a_reply_may_end_here(text: str) -> None:
    assert reached_soft_limit(text, AFTER, AFTER)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "He turns the card",
        '"Sit down. You are late.',
        "*He turns away.",
        "“Who else has keys?",
        "He writes to Dr.",
        "Ask J.",
        "He thinks (as always.",
        "He says *",
    ],
)
def test_a_reply_must_not_end_here(text: str) -> None:
    assert not reached_soft_limit(text, AFTER, AFTER)


def test_an_open_quote_ends_at_a_later_sentence() -> None:
    assert not reached_soft_limit("*He turns away.", AFTER, AFTER)
    assert reached_soft_limit("*He turns away.", 2 * AFTER, AFTER)
    assert not reached_soft_limit("*He turns aw", 2 * AFTER, AFTER)


@given(st.text(), st.integers(0, 100), st.integers(-1, 100))
def test_never_early_and_never_when_off(text: str, tokens: int, after: int) -> None:
    if after <= 0 or tokens < after:
        assert not reached_soft_limit(text, tokens, after)


def test_the_scripted_engine_obeys_the_soft_limit() -> None:
    engine: Engine = ScriptedEngine(['*He sits.* "So. You came back." *He waits.* "Well?"'])
    engine.load()
    (ids,) = engine.tokenize([Piece("hi")])
    sampling = Sampling(seed=1, close_after=12)
    events = list(engine.generate(GenerateRequest(tuple(ids), sampling)))
    shown = "".join(event.text for event in events if isinstance(event, Delta))
    assert shown == '*He sits.* "So. You came back."'
    assert [e.reason for e in events if isinstance(e, Finished)] == ["closed"]
    whole = list(engine.generate(GenerateRequest(tuple(ids), replace(sampling, close_after=0))))
    assert [e.reason for e in whole if isinstance(e, Finished)] == ["end"]


@pytest.mark.model
def test_the_model_stops_after_a_sentence(engine: LlamaEngine, prompt: tuple[int, ...]) -> None:
    sampling = Sampling(seed=11, temperature=0.0, max_tokens=120, close_after=8)
    events = list(engine.generate(GenerateRequest(prompt, sampling)))
    shown = "".join(event.text for event in events if isinstance(event, Delta))
    (end,) = [event for event in events if isinstance(event, Finished)]
    assert end.reason == "closed"
    assert 8 <= len(end.ids) < 120
    assert reached_soft_limit(shown, len(end.ids), 8)
    again = list(engine.generate(GenerateRequest(prompt, sampling)))
    assert [e.ids for e in again if isinstance(e, Finished)] == [end.ids]
