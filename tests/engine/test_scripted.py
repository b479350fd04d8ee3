"""The scripted engine keeps the contract the sessions and the TUI are tested against."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rpterm.engine.protocol import (
    Delta,
    Engine,
    EngineError,
    EngineEvent,
    Finished,
    GenerateRequest,
    Piece,
    PromptProgress,
)
from rpterm.engine.scripted import ScriptedEngine, decode, encode
from rpterm.types import Sampling


def request(engine: ScriptedEngine, prompt: str, **changes: object) -> GenerateRequest:
    (ids,) = engine.tokenize([Piece(prompt, special=True)])
    return GenerateRequest(tuple(ids), Sampling(seed=1), **changes)  # type: ignore[arg-type]


def text_of(events: list[EngineEvent], index: int = 0) -> str:
    return "".join(e.text for e in events if isinstance(e, Delta) and e.index == index)


def finished(events: list[EngineEvent]) -> list[Finished]:
    return [event for event in events if isinstance(event, Finished)]


@given(st.text())
def test_tokens_are_reversible_and_small(text: str) -> None:
    ids = encode(text)
    assert decode(ids) == text
    assert all(0 <= token < 2**31 for token in ids)
    assert all(token > 2 for token in ids), "typed text never makes a control token"


def test_special_tokens_only_when_asked() -> None:
    assert decode(encode("<|im_end|>")) == "<|im_end|>"
    assert len(encode("<|im_end|>")) > 1
    assert encode("a<|im_end|>b", special=True)[1] == 1


def test_replies_cycle_and_stream() -> None:
    engine: Engine = ScriptedEngine(["Hello there.", "Élan 🎉"])
    assert isinstance(engine, ScriptedEngine)
    first = list(engine.generate(request(engine, "hi")))
    second = list(engine.generate(request(engine, "hi")))
    third = list(engine.generate(request(engine, "hi")))
    assert [text_of(first), text_of(second), text_of(third)] == [
        "Hello there.",
        "Élan 🎉",
        "Hello there.",
    ]
    assert isinstance(first[0], PromptProgress)
    (end,) = finished(first)
    assert end.reason == "end"
    assert engine.detokenize(end.ids) == "Hello there."
    assert sum(isinstance(e, Delta) for e in first) > 2


def test_candidates_take_successive_replies() -> None:
    engine = ScriptedEngine(["one", "two", "three"])
    events = list(engine.generate(request(engine, "hi", seeds=(1, 2))))
    assert (text_of(events, 0), text_of(events, 1)) == ("one", "two")
    assert [end.index for end in finished(events)] == [0, 1]


def test_stop_text_split_over_tokens_is_never_shown() -> None:
    engine = ScriptedEngine(["I nod.\nUser: and then"])
    events = list(engine.generate(request(engine, "hi", stop=("\nUser:",))))
    assert text_of(events) == "I nod."
    assert finished(events)[0].reason == "stop"


def test_usage_counts_the_common_prefix() -> None:
    engine = ScriptedEngine(["abc def"])
    prompt = request(engine, "one two three four")
    (end,) = finished(list(engine.generate(prompt)))
    assert (end.usage.reused, end.usage.evaluated) == (0, len(prompt.prompt_ids))
    longer = GenerateRequest((*prompt.prompt_ids, *end.ids, 777), prompt.sampling)
    (end,) = finished(list(engine.generate(longer)))
    assert (end.usage.reused, end.usage.evaluated) == (len(longer.prompt_ids) - 1, 1)
    engine.settle(prompt.prompt_ids[:2])
    assert engine.settled()
    (end,) = finished(list(engine.generate(longer)))
    assert end.usage.reused == 2
    (end,) = finished(list(engine.generate(longer)))
    assert end.usage.evaluated == 1, "even a prompt wholly in the cache evaluates its last token"


def test_length_and_context_end_a_reply() -> None:
    engine = ScriptedEngine(["one two three four five six"], context=8)
    (ids,) = engine.tokenize([Piece("aaabbb")])
    short = GenerateRequest(tuple(ids), Sampling(seed=1, max_tokens=2))
    assert finished(list(engine.generate(short)))[0].reason == "length"
    full = finished(list(engine.generate(GenerateRequest(tuple(ids), Sampling(seed=1)))))[0]
    assert (full.reason, len(full.ids)) == ("context", 6)
    with pytest.raises(EngineError, match="window"):
        list(engine.generate(GenerateRequest(tuple(range(200, 260)), Sampling(seed=1))))


@pytest.mark.parametrize("where", ["prompt", "reply"])
def test_cancel_ends_with_finished(where: str) -> None:
    slow = {"prompt_delay_s": 60.0} if where == "prompt" else {"delay_s": 60.0}
    engine = ScriptedEngine(["one two three"], **slow)  # type: ignore[arg-type]
    events: list[EngineEvent] = []
    seen = threading.Event()

    def consume() -> None:
        for event in engine.generate(request(engine, "a long prompt")):
            events.append(event)
            seen.set()

    thread = threading.Thread(target=consume)
    thread.start()
    assert seen.wait(5)
    engine.cancel()
    thread.join(5)
    assert not thread.is_alive()
    assert finished(events)[0].reason == "cancelled"


def test_closing_the_iterator_cancels_and_the_engine_goes_on() -> None:
    engine = ScriptedEngine(["one two three"])
    stream = engine.generate(request(engine, "hi"))
    next(stream)
    stream.close()  # type: ignore[attr-defined]
    assert finished(list(engine.generate(request(engine, "hi"))))


def test_fails_once_at_the_configured_token() -> None:
    engine = ScriptedEngine(["one two three"], fail_at=2)
    events: list[EngineEvent] = []
    with pytest.raises(EngineError) as caught:
        events.extend(engine.generate(request(engine, "hi")))
    assert caught.value.log_tail
    assert finished(list(engine.generate(request(engine, "hi"))))[0].reason == "end"


def test_state_round_trip(tmp_path: Path) -> None:
    engine = ScriptedEngine(["one"])
    assert not engine.save_state(tmp_path / "none")
    engine.settle((300, 301))
    assert engine.save_state(tmp_path / "kv")
    other = ScriptedEngine(["one"])
    assert other.load_state(tmp_path / "kv") == 2
    assert other.cached == (300, 301)
    (tmp_path / "kv").write_bytes(b"{")
    assert other.load_state(tmp_path / "kv") == 0
    assert other.load_state(tmp_path / "missing") == 0


def test_logprobs_have_the_shape_and_a_meaning() -> None:
    engine = ScriptedEngine(["one"])
    with_card, without = engine.logprobs([300, 301], [[300], [5]])
    assert len(with_card) == len(without) == 2
    assert sum(with_card) > sum(without)


def test_chat_template_is_chatml() -> None:
    import jinja2

    info = ScriptedEngine(["x"]).load()
    shown = jinja2.Template(info.chat_template).render(
        messages=[{"role": "user", "content": "hi"}], add_generation_prompt=True
    )
    assert shown == "<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\n"
