"""Caches put aside come back bit for bit, cost no evaluation, and keep to their share of memory."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import llama_cpp  # noqa: F401 - the whole package, before the binding takes the bare one
import numpy as np
import pytest
from numpy.typing import NDArray

from rpterm.engine.llama import parked
from rpterm.engine.llama.binding import lib, log_to_stderr
from rpterm.engine.llama.desk import Abort
from rpterm.engine.llama.kv import ChatCache
from rpterm.engine.llama.model import Model, Options
from rpterm.engine.llama.parked import Parked, free_memory

pytestmark = pytest.mark.model

GB = 1 << 30
WORTH = 64
LONG = WORTH + 8


def nothing(*_: object) -> None:
    """Nobody wants to know the progress."""


@pytest.fixture(autouse=True)
def worth(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorter prompts than in the program are worth it: their length costs the tests their time."""
    monkeypatch.setattr(parked, "WORTH", WORTH)


@pytest.fixture(scope="module")
def model(starter: Path) -> Model:
    log_to_stderr()
    return Model(Options(starter, context=512, threads=1, sequences=2), nothing)


@pytest.fixture
def cache(model: Model) -> ChatCache:
    made = ChatCache(model, Abort())
    made.parked = Parked(lambda: 4 * GB)
    return made


@pytest.fixture(scope="module")
def prompts(model: Model) -> list[list[int]]:
    """Three prompts with nothing in common, hardly longer than what is put aside at all."""
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
    cache.parked = Parked(lambda: 4 * GB)
    for ids in prompts:
        cache.settle(ids)
    for ids, wanted in zip(prompts, fresh, strict=True):
        reused, found = after(cache, [*ids, *more])
        assert reused == len(ids)
        assert np.array_equal(found, wanted)
    assert len(cache.parked.sizes) == 2


def test_a_later_state_takes_the_place_of_an_earlier_one(
    cache: ChatCache, prompts: list[list[int]]
) -> None:
    first, second, tail = prompts
    cache.settle(first)
    cache.settle(second)
    cache.settle([*first, *tail[:30]])
    cache.settle(second)
    assert cache.parked.sizes == [LONG + 30]


def test_what_is_small_or_shared_is_not_carried_about(
    cache: ChatCache, prompts: list[list[int]]
) -> None:
    cache.settle(prompts[0][: WORTH - 10])
    cache.settle(prompts[1])
    assert cache.parked.sizes == []
    cache.settle([*prompts[1][:-20], *prompts[0][:20]])
    assert cache.parked.sizes == []


def test_memory_is_never_taken_beyond_its_share(cache: ChatCache, prompts: list[list[int]]) -> None:
    cache.settle(prompts[0])
    one = int(lib.llama_state_seq_get_size(cache.context, 0))
    cache.parked = Parked(lambda: 4 * (one + one // 2))
    for ids in (*prompts, prompts[0]):
        cache.settle(ids)
        assert len(cache.parked.sizes) <= 1
    cache.parked = Parked(lambda: one)
    for ids in prompts:
        cache.settle(ids)
    assert cache.parked.sizes == []
    assert cache.tokens == prompts[2]


def test_free_memory_is_a_number_of_bytes() -> None:
    assert free_memory() > 16 << 20


def test_several_prompts_are_kept_ready_as_far_as_memory_allows(
    cache: ChatCache, prompts: list[list[int]]
) -> None:
    first, *others = prompts
    cache.settle_all(first, others)
    assert cache.tokens == first and sorted(cache.parked.sizes) == [LONG, LONG]
    for ids in (others[1], first, others[0]):
        assert after(cache, [*ids, *others[0][:10]])[0] == LONG
    cache.parked = Parked(lambda: 0)
    cache.settle_all(others[0], [first])
    assert cache.tokens == others[0] and cache.parked.sizes == []
