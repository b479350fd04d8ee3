"""Prompts swapped out to host memory return bit for bit, need no evaluation, and keep the limit.

A tiny model: nothing here depends on what the weights say.
"""

from __future__ import annotations

from collections.abc import Sequence

import llama_cpp  # noqa: F401 - the whole package, before the binding takes the bare one
import numpy as np
import pytest
from numpy.typing import NDArray
from tiny import write_model

from rpterm.engine.llama.binding import lib, log_to_stderr
from rpterm.engine.llama.cache import host_cache
from rpterm.engine.llama.cache.kv import ChatCache
from rpterm.engine.llama.cache.prompt_cache import MIN_TOKENS, PromptCache
from rpterm.engine.llama.job_queue import AbortFlag
from rpterm.engine.llama.messages import ModelOptions
from rpterm.engine.llama.model import Model
from rpterm.hardware.system_memory import SystemMemory

pytestmark = pytest.mark.model

GB = 1 << 30
LONG = MIN_TOKENS + 8


def nothing(*_: object) -> None:
    """Ignore progress."""


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    log_to_stderr()
    path = write_model(tmp_path_factory.mktemp("model") / "tiny.gguf")
    return Model(ModelOptions(path, context=512, threads=1, sequences=2), nothing)


@pytest.fixture
def cache(model: Model) -> ChatCache:
    cache = ChatCache(model, AbortFlag())
    cache.host_cache = PromptCache(lambda: 4 * GB)
    return cache


def copied_lengths(cache: ChatCache) -> list[int]:
    return [len(copy.tokens) for copy in cache.host_cache.copies]


@pytest.fixture(scope="module")
def prompts(model: Model) -> list[list[int]]:
    """Three prompts with nothing in common, hardly longer than the shortest that is copied."""
    texts = ("The captain spoke of storms. ", "A fox and a hen met once. ", "Seven bells rang. ")
    return [model.tokenize(text * 60, special=False)[:LONG] for text in texts]


def after(cache: ChatCache, ids: Sequence[int]) -> tuple[int, NDArray[np.float32]]:
    """Tokens that needed no evaluation, and the logits after a prompt."""
    reused = cache.prepare(ids, "exact", nothing)
    row = lib.llama_get_logits_ith(cache.context, -1)
    return reused, np.ctypeslib.as_array(row, (cache.model.vocab_size,)).copy()


def test_three_prompts_in_turn_are_evaluated_once(
    cache: ChatCache, prompts: list[list[int]]
) -> None:
    more = prompts[0][:20]
    fresh = []
    for ids in prompts:
        cache.clear()
        fresh.append(after(cache, [*ids, *more])[1])
    cache.clear()
    cache.host_cache = PromptCache(lambda: 4 * GB)
    for ids in prompts:
        cache.settle(ids)
    for ids, wanted in zip(prompts, fresh, strict=True):
        reused, found = after(cache, [*ids, *more])
        assert reused == len(ids)
        assert np.array_equal(found, wanted)
    assert len(copied_lengths(cache)) == 2


def test_a_longer_copy_replaces_one_of_the_same_beginning(
    cache: ChatCache, prompts: list[list[int]]
) -> None:
    first, second, tail = prompts
    cache.settle(first)
    cache.settle(second)
    cache.settle([*first, *tail[:30]])
    cache.settle(second)
    assert copied_lengths(cache) == [LONG + 30]


def test_short_or_mostly_shared_prompts_are_not_copied(
    cache: ChatCache, prompts: list[list[int]]
) -> None:
    cache.settle(prompts[0][: MIN_TOKENS - 10])
    cache.settle(prompts[1])
    assert copied_lengths(cache) == []
    cache.settle([*prompts[1][:-20], *prompts[0][:20]])
    assert copied_lengths(cache) == []


def test_copies_never_exceed_their_share_of_memory(
    cache: ChatCache, prompts: list[list[int]]
) -> None:
    cache.settle(prompts[0])
    one = int(lib.llama_state_seq_get_size(cache.context, 0))
    cache.host_cache = PromptCache(lambda: 4 * (one + one // 2))
    for ids in (*prompts, prompts[0]):
        cache.settle(ids)
        assert len(copied_lengths(cache)) <= 1
    cache.host_cache = PromptCache(lambda: one)
    for ids in prompts:
        cache.settle(ids)
    assert copied_lengths(cache) == []
    assert cache.tokens == prompts[2]


def test_a_containers_limit_bounds_the_copies(
    cache: ChatCache, prompts: list[list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.settle(prompts[0])
    size = int(lib.llama_state_seq_get_size(cache.context, 0))
    memory = SystemMemory(total=64 << 30, available=13 * size)
    monkeypatch.setattr(host_cache, "system_memory", lambda: memory)
    assert PromptCache().capacity(cache) == 3
    memory = SystemMemory(0, 0)  # The system does not say.
    assert PromptCache().capacity(cache) > 0


def test_several_prompts_are_prepared_as_far_as_memory_allows(
    cache: ChatCache, prompts: list[list[int]]
) -> None:
    first, *others = prompts
    cache.settle_all(first, others)
    assert cache.tokens == first and sorted(copied_lengths(cache)) == [LONG, LONG]
    for ids in (others[1], first, others[0]):
        assert after(cache, [*ids, *others[0][:10]])[0] == LONG
    cache.host_cache = PromptCache(lambda: 0)
    cache.settle_all(others[0], [first])
    assert cache.tokens == others[0] and copied_lengths(cache) == []
