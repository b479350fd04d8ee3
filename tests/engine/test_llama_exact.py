"""Logits after reuse are bit for bit those of a fresh evaluation; scores equal a naive sum.

These tests reach below the worker, into its modules, because only there are logits. One thread,
because only the worker sets up OpenMP's waiting (see ``threads``).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import llama_cpp  # noqa: F401 - the whole package, before the binding takes the bare one
import numpy as np
import pytest
from numpy.typing import NDArray
from tiny import write_model

from rpterm.engine.llama.binding import lib, log_to_stderr
from rpterm.engine.llama.cache.kv import Aborted, ChatCache
from rpterm.engine.llama.event_buffer import EventBuffer
from rpterm.engine.llama.generate import Generation
from rpterm.engine.llama.job_queue import AbortFlag
from rpterm.engine.llama.logprobs import LogprobScorer, log_softmax_at
from rpterm.engine.llama.messages import ModelOptions
from rpterm.engine.llama.model import Model
from rpterm.engine.protocol import GenerateRequest
from rpterm.types import Sampling

pytestmark = pytest.mark.model

Logits = NDArray[np.float32]


def nothing(*_: object) -> None:
    """Ignore progress."""


@pytest.fixture(scope="module")
def model(starter: Path) -> Model:
    log_to_stderr()
    return Model(ModelOptions(starter, context=512, threads=1, sequences=4), nothing)


@pytest.fixture(scope="module")
def cache(model: Model) -> ChatCache:
    return ChatCache(model, AbortFlag())


@pytest.fixture(scope="module")
def ids(model: Model) -> list[int]:
    text = "The captain spoke of storms, of gold and of the quiet mornings between islands. "
    return model.tokenize(text * 8, special=False)[:80]


def fresh(cache: ChatCache, ids: Sequence[int]) -> Logits:
    cache.clear()
    return after(cache, ids)


def after(cache: ChatCache, ids: Sequence[int]) -> Logits:
    """The logits after a prompt, with whatever the cache holds now."""
    cache.abort.clear()
    cache.prepare(ids, "exact", nothing)
    row = lib.llama_get_logits_ith(cache.context, -1)
    return np.ctypeslib.as_array(row, (cache.model.vocab_size,)).copy()


def reply(cache: ChatCache, ids: Sequence[int], tokens: int, seeds: tuple[int, ...]) -> list[int]:
    """Decode replies and return the ids of the first."""
    request = GenerateRequest(tuple(ids), Sampling(seed=seeds[0], max_tokens=tokens), seeds=seeds)
    sent: list[list[object]] = []
    Generation(cache, request, EventBuffer(sent.extend)).run(0.0)
    found = next(event[4] for event in sent if event[0] == "f" and event[1] == 0)
    assert isinstance(found, tuple)
    return list(found)


def test_split_into_batches(cache: ChatCache, ids: list[int]) -> None:
    whole = fresh(cache, ids)
    for cut in (2, 37, 78, 79, 80):
        fresh(cache, ids[:cut])
        assert np.array_equal(after(cache, ids), whole), cut


def test_settled_after_a_reply_and_a_volatile_block(cache: ChatCache, ids: list[int]) -> None:
    """The life of a turn: prompt with a block that goes away, reply, settle, next prompt."""
    head, block, tail = ids[:40], ids[50:60][::-1], ids[40:50]
    cache.clear()
    said = reply(cache, [*head, *block, *tail], 8, (1,))
    clean = [*head, *tail, *said]
    cache.settle(clean)
    assert cache.tokens == clean and cache.exact == len(clean)
    prompt = [*clean, *ids[60:70]]
    assert cache.prepare(prompt, "exact", nothing) == len(clean)
    row = lib.llama_get_logits_ith(cache.context, -1)
    settled = np.ctypeslib.as_array(row, (cache.model.vocab_size,)).copy()
    assert np.array_equal(settled, fresh(cache, prompt))


def test_cells_of_an_unsettled_reply_are_evaluated_again(cache: ChatCache, ids: list[int]) -> None:
    cache.clear()
    said = reply(cache, ids[:50], 8, (1,))
    prompt = [*ids[:50], *said, *ids[50:60]]
    assert np.array_equal(after(cache, prompt), fresh(cache, prompt))


def test_after_candidates_banned_phrases_and_states(
    cache: ChatCache, ids: list[int], tmp_path: Path
) -> None:
    from rpterm.engine.llama.cache import state_file

    whole = fresh(cache, ids)
    cache.clear()
    reply(cache, ids[:50], 6, (1, 2, 3))
    assert np.array_equal(after(cache, ids), whole), "after candidates"
    assert state_file.save(cache, tmp_path / "kv")
    cache.clear()
    assert state_file.load(cache, tmp_path / "kv") == len(ids)
    assert np.array_equal(after(cache, ids), whole), "after a saved state"


def test_a_prompt_loaded_from_a_file_is_scored_like_an_evaluated_one(
    model: Model, ids: list[int], tmp_path: Path
) -> None:
    file, prompts = tmp_path / "kept", [ids[:70], ids[40:60]]
    first, second = LogprobScorer(model), LogprobScorer(model)
    assert not first.recall(ids[:70], file, 5), "neither evaluated nor in a file"
    evaluated = first.logprobs(ids[70:75], prompts)
    assert first.keep(ids[:70], file) and not first.keep(ids[:50], file)
    assert first.recall(ids[:70], tmp_path / "none", 5), "already evaluated"
    assert second.recall(ids[:70], file, 5)
    assert not second.recall(ids[:50][::-1], file, 5), "another prompt's file"
    assert second.recall(ids[:70], file, 5)
    assert second.logprobs(ids[70:75], prompts) == evaluated
    file.write_bytes(file.read_bytes()[:-100])
    assert not LogprobScorer(model).recall(ids[:70], file, 5), "a truncated file"
    first.free(), second.free()


class AfterTwoChunks(AbortFlag):
    """A flag that sets itself when it is asked for the third time."""

    asked = 0

    def is_set(self) -> bool:
        self.asked += 1
        return self.asked > 2


def test_an_interrupted_settle_keeps_what_it_evaluated(cache: ChatCache, ids: list[int]) -> None:
    whole = fresh(cache, ids)
    cache.clear()
    usual, cache.abort = cache.abort, AfterTwoChunks()
    cache._chunk = 32
    with pytest.raises(Aborted):
        cache.settle(ids)
    cache.abort = usual
    assert cache.tokens == ids[: len(cache.tokens)]
    assert 0 < cache.exact == len(cache.tokens) < len(ids)
    assert np.array_equal(after(cache, ids), whole)


def test_aborted_inside_a_batch(cache: ChatCache, ids: list[int]) -> None:
    """The flag that only llama.cpp sees, in the middle of a batch."""
    whole = fresh(cache, ids)
    kept = ids[:40]
    fresh(cache, kept)
    seen, cache.abort = cache.abort, AbortFlag()
    seen.set()
    with pytest.raises(Aborted):
        cache.settle(ids)
    seen.clear()
    cache.abort = seen
    assert cache.tokens == kept
    assert np.array_equal(after(cache, ids), whole)


def test_the_number_of_threads_does_not_matter(starter: Path, ids: list[int]) -> None:
    found = []
    for threads in (1, 2):
        model = Model(ModelOptions(starter, context=256, threads=threads, sequences=1), nothing)
        found.append(fresh(ChatCache(model, AbortFlag()), ids[:12]))
    assert np.array_equal(found[0], found[1])


def test_shift_is_close_but_not_the_same(cache: ChatCache, ids: list[int]) -> None:
    prompt = [*ids[:30], *ids[40:70]]
    exact = fresh(cache, prompt)
    fresh(cache, ids[:70])
    assert cache.prepare([*prompt, 1, 2], "shift", nothing) == len(prompt)
    assert cache.tokens == [*prompt, 1, 2]
    assert cache.exact == 30
    assert np.array_equal(after(cache, prompt), exact), "exact mode does not use shifted cells"


def naive(cache: ChatCache, reply: Sequence[int], prompt: Sequence[int]) -> list[float]:
    """One evaluation of the whole text for each token of the reply."""
    result = []
    for at, token in enumerate(reply):
        logits = fresh(cache, [*prompt, *reply[:at]])
        result.append(log_softmax_at(logits, token))
    return result


def test_logprobs_equal_a_naive_evaluation(model: Model, cache: ChatCache, ids: list[int]) -> None:
    scorer = LogprobScorer(model)
    answer = ids[70:73]
    prompts = [ids[:36], ids[:40], ids[20:32]]
    expected = [naive(cache, answer, prompt) for prompt in prompts]
    for _ in range(2):  # the second time from cached prefixes
        assert np.allclose(scorer.logprobs(answer, prompts), expected, atol=1e-4)
    together = scorer.logprobs(answer, prompts[::-1])[::-1]
    assert np.allclose(together, expected, atol=1e-4)
    many = [ids[at : at + 6] for at in range(20)]
    assert np.allclose(
        scorer.logprobs(answer, many)[19], naive(cache, answer, many[19]), atol=1e-4
    ), "more prompts than slots"
    scorer.free()


def test_a_long_prompt_outlives_many_short_ones_but_not_for_ever(tmp_path: Path) -> None:
    tiny = Model(ModelOptions(write_model(tmp_path / "tiny.gguf"), context=256, threads=1), nothing)
    scorer = LogprobScorer(tiny)
    words = tiny.tokenize("the sea and the ship and the sky", special=False)
    long, short = words[:32], [[100 + at] * 8 for at in range(60)]

    def kept() -> bool:
        return any(slot.tokens == long[:-1] for slot in scorer._slots)

    scorer.logprobs(words[:1], [long])
    for prompt in short[:20]:
        scorer.logprobs(words[:1], [prompt])
    assert kept() and all(slot.tokens for slot in scorer._slots)
    for prompt in short:
        scorer.logprobs(words[:1], [prompt])
    assert not kept()
    scorer.free()


def test_log_softmax_is_stable() -> None:
    logits = np.array([1000.0, 999.0, -1e30], np.float32)
    assert log_softmax_at(logits, 0) == pytest.approx(-np.log1p(np.exp(-1.0)))
    assert log_softmax_at(logits, 2) < -1e29
