"""Background generation leaves the chat's cache as it was, and gives way to everything else."""

from __future__ import annotations

import threading

import pytest

from rpterm.engine.llama import LlamaEngine
from rpterm.engine.llama.job_queue import AbortFlag, JobQueue
from rpterm.engine.protocol import EngineError, Finished, GenerateRequest, Piece
from rpterm.types import Sampling

GRAMMAR = 'root ::= "- " [a-z ]+ "\\n"'


def reply(engine: LlamaEngine, prompt: tuple[int, ...]) -> Finished:
    request = GenerateRequest(prompt, Sampling(seed=3, max_tokens=24, temperature=0.8))
    end = list(engine.generate(request))[-1]
    assert isinstance(end, Finished)
    return end


def background_request(engine: LlamaEngine, text: str, tokens: int = 20) -> GenerateRequest:
    (ids,) = engine.tokenize([Piece(text)])
    sampling = Sampling(seed=1, max_tokens=tokens, temperature=0, grammar=GRAMMAR)
    return GenerateRequest(tuple(ids), sampling)


def begin_in_background(engine: LlamaEngine) -> tuple[threading.Thread, list[str | None]]:
    """A long generation under way, and where its answer will be."""
    results: list[str | None] = []
    request = background_request(engine, "Write. " * 100, tokens=700)
    work = threading.Thread(target=lambda: results.append(engine.generate_in_background(request)))
    work.start()
    while not engine._background:
        work.join(0.001)
    return work, results


@pytest.mark.model
def test_the_next_reply_costs_the_same_and_is_the_same(
    engine: LlamaEngine, prompt: tuple[int, ...]
) -> None:
    head = prompt[:-6]
    engine.settle(head)
    assert engine.settled(20)
    without = reply(engine, prompt)
    engine.settle(head)
    assert engine.settled(20)
    results = engine.generate_in_background(
        background_request(engine, "Facts about ships, one a line:\n" * 12)
    )
    assert results is not None
    assert results.startswith("- ")
    with_it = reply(engine, prompt)
    assert with_it.usage.evaluated == without.usage.evaluated == 6
    assert with_it.ids == without.ids


@pytest.mark.model
def test_a_reply_interrupts_background_generation(
    engine: LlamaEngine, prompt: tuple[int, ...]
) -> None:
    work, results = begin_in_background(engine)
    assert reply(engine, prompt).reason in ("end", "length")
    work.join(20)
    assert results == [None]


@pytest.mark.model
def test_background_generation_can_be_cancelled(
    engine: LlamaEngine, prompt: tuple[int, ...]
) -> None:
    work, results = begin_in_background(engine)
    engine.cancel_background()
    work.join(20)
    assert results == [None]
    assert reply(engine, prompt).ids


@pytest.mark.model
def test_a_text_that_does_not_fit_is_refused(engine: LlamaEngine) -> None:
    with pytest.raises(EngineError, match="next to the chat can have at most"):
        engine.generate_in_background(background_request(engine, "word " * 2000))


def test_waiting_jobs_go_first() -> None:
    jobs = JobQueue(AbortFlag())
    jobs.put({"id": 1, "op": "background"})
    jobs.put({"id": 2, "op": "generate"})
    assert jobs.take()["id"] == 1
    assert jobs.abort.is_set()
    assert jobs.take()["id"] == 2
    assert not jobs.abort.is_set()


def test_settling_is_not_interrupted_by_background_generation() -> None:
    jobs = JobQueue(AbortFlag())
    jobs.put({"id": 1, "op": "settle"})
    jobs.take()
    jobs.put({"id": 2, "op": "background"})
    assert not jobs.abort.is_set()
    jobs.put({"id": 3, "op": "settle"})
    assert jobs.abort.is_set()
