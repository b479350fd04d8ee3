"""Samplers, drawn from the real model's logits inside this process.

One thread, because only the worker sets up OpenMP's waiting (see ``threads``).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from rpterm.engine.llama.binding import lib
from rpterm.engine.llama.cache.kv import Batch
from rpterm.engine.llama.messages import ModelOptions
from rpterm.engine.llama.model import Model
from rpterm.engine.llama.sampling import sampler_chain
from rpterm.engine.llama.sampling.token_sampler import TokenSampler
from rpterm.types import Sampling

HARD = Sampling(repeat_penalty=1.5, presence_penalty=1.0, frequency_penalty=0.5)


class Loop:
    """A prompt evaluated, and the loop that goes on from it."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.context = model.new_context(512, 1, unified=True, name="a test")
        self.ids = model.tokenize("The sea was calm, and the sea was calm, and the sea was", False)
        self.batch = Batch(64)

    def tokens(self, wanted: Sampling, count: int) -> list[int]:
        lib.llama_memory_clear(lib.llama_get_memory(self.context), True)
        sampler = TokenSampler(self.model, wanted, 3, self.ids)
        self._decode(self.ids, 0)
        found = [sampler.sample(self.context, -1)]
        while len(found) < count:
            self._decode(found[-1:], len(self.ids) + len(found) - 1)
            found.append(sampler.sample(self.context, -1))
        sampler.free()
        return found

    def support(self, wanted: Sampling) -> set[int]:
        self.tokens(wanted, 1)
        drawn = set()
        for seed in range(300):
            sampler = TokenSampler(self.model, wanted, seed, self.ids)
            drawn.add(sampler.sample(self.context, -1))
            sampler.free()
        return drawn

    def _decode(self, ids: list[int], start: int) -> None:
        for row, token in enumerate(ids):
            self.batch.put(row, token, start + row, 0, row == len(ids) - 1)
        self.batch.decode(self.context, len(ids))


@pytest.fixture(scope="module")
def loop(starter: Path) -> Iterator[Loop]:
    yield Loop(Model(ModelOptions(starter, 512, threads=1, gpu_layers=0), lambda _share: None))


@pytest.mark.model
def test_a_shortlist_does_not_change_greedy_tokens(
    loop: Loop, monkeypatch: pytest.MonkeyPatch
) -> None:
    greedy = replace(HARD, temperature=0)
    short = loop.tokens(greedy, 30)
    monkeypatch.setattr(sampler_chain, "_can_shortlist", lambda _sampling: False)
    assert loop.tokens(greedy, 30) == short
    assert len(set(short)) > 20


@pytest.mark.model
def test_a_shortlist_keeps_all_tokens_that_can_be_sampled(
    loop: Loop, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = loop.support(HARD)
    monkeypatch.setattr(sampler_chain, "_can_shortlist", lambda _sampling: False)
    assert loop.support(HARD) == short
    assert len(short) > 1


@pytest.mark.parametrize(
    ("changed", "taken"),
    [
        ({}, True),
        ({"temperature": 0.0, "min_p": 0.0}, True),
        ({"min_p": 0.0}, False),
        ({"min_p": 0.0, "top_k": 40}, True),
        ({"top_p": 0.9}, False),
        ({"top_n_sigma": 1.0}, False),
        ({"typical_p": 0.5}, False),
        ({"mirostat": 2}, False),
        ({"presence_penalty": -0.5}, False),
        ({"repeat_penalty": 1.0, "dry_multiplier": 0.0}, False),
    ],
)
def test_a_shortlist_is_used_only_where_it_changes_nothing(
    changed: dict[str, float], taken: bool
) -> None:
    assert sampler_chain._can_shortlist(Sampling(**changed)) is taken  # type: ignore[arg-type]


@pytest.mark.model
def test_a_cloned_dry_sampler_equals_a_new_one(loop: Loop, monkeypatch: pytest.MonkeyPatch) -> None:
    strict = Sampling(dry_multiplier=5.0, dry_allowed_length=1)
    with monkeypatch.context() as patched:
        patched.setattr(lib, "llama_sampler_clone", lambda made: made)
        loop.model.dry = None
        new = loop.tokens(strict, 10)
        loop.model.dry = None  # it was freed with its chain
    assert loop.tokens(strict, 10) == loop.tokens(strict, 10) == new
    assert loop.tokens(Sampling(dry_multiplier=0.0), 10) != new
    loop.tokens(replace(strict, dry_allowed_length=2), 1)
    assert loop.model.dry is not None and loop.model.dry[0][2] == 2
