"""Work beside the chat leaves the chat's cache as it was, and gives way to everything else."""

from __future__ import annotations

import threading

import pytest

from rpterm.engine.llama import LlamaEngine
from rpterm.engine.llama.desk import Abort, Desk
from rpterm.engine.protocol import EngineError, Finished, GenerateRequest, Piece
from rpterm.types import Sampling

GRAMMAR = 'root ::= "- " [a-z ]+ "\\n"'


def reply(engine: LlamaEngine, prompt: tuple[int, ...]) -> Finished:
    request = GenerateRequest(prompt, Sampling(seed=3, max_tokens=24, temperature=0.8))
    end = list(engine.generate(request))[-1]
    assert isinstance(end, Finished)
    return end


def beside(engine: LlamaEngine, text: str, tokens: int = 20) -> GenerateRequest:
    (ids,) = engine.tokenize([Piece(text)])
    sampling = Sampling(seed=1, max_tokens=tokens, temperature=0, grammar=GRAMMAR)
    return GenerateRequest(tuple(ids), sampling)


@pytest.mark.model
def test_the_next_reply_costs_and_says_the_same(
    engine: LlamaEngine, prompt: tuple[int, ...]
) -> None:
    head = prompt[:-6]
    engine.settle(head)
    assert engine.settled(20)
    without = reply(engine, prompt)
    engine.settle(head)
    assert engine.settled(20)
    said = engine.aside(beside(engine, "Facts about ships, one a line:\n" * 12))
    assert said is not None
    assert said.startswith("- ")
    with_it = reply(engine, prompt)
    assert with_it.usage.evaluated == without.usage.evaluated == 6
    assert with_it.ids == without.ids


@pytest.mark.model
def test_a_reply_interrupts_it(engine: LlamaEngine, prompt: tuple[int, ...]) -> None:
    said: list[str | None] = []
    request = beside(engine, "Write. " * 100, tokens=700)
    work = threading.Thread(target=lambda: said.append(engine.aside(request)))
    work.start()
    while not engine._asides:
        work.join(0.001)
    assert reply(engine, prompt).reason in ("end", "length")
    work.join(20)
    assert said == [None]


@pytest.mark.model
def test_it_can_be_cancelled_and_the_engine_lives_on(
    engine: LlamaEngine, prompt: tuple[int, ...]
) -> None:
    said: list[str | None] = []
    request = beside(engine, "Write. " * 100, tokens=700)
    work = threading.Thread(target=lambda: said.append(engine.aside(request)))
    work.start()
    while not engine._asides:
        work.join(0.001)
    engine.cancel_aside()
    work.join(20)
    assert said == [None]
    assert reply(engine, prompt).ids


@pytest.mark.model
def test_what_does_not_fit_is_refused(engine: LlamaEngine) -> None:
    with pytest.raises(EngineError, match="beside the chat has at most"):
        engine.aside(beside(engine, "word " * 2000))


def test_waiting_jobs_go_first() -> None:
    desk = Desk(Abort())
    desk.put({"id": 1, "op": "aside"})
    desk.put({"id": 2, "op": "generate"})
    assert desk.take()["id"] == 1
    assert desk.abort.is_set()
    assert desk.take()["id"] == 2
    assert not desk.abort.is_set()


def test_settling_is_not_interrupted_by_work_beside_the_chat() -> None:
    desk = Desk(Abort())
    desk.put({"id": 1, "op": "settle"})
    desk.take()
    desk.put({"id": 2, "op": "aside"})
    assert not desk.abort.is_set()
    desk.put({"id": 3, "op": "settle"})
    assert desk.abort.is_set()
