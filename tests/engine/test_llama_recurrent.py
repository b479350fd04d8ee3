"""A model whose memory cannot be truncated returns to checkpoints instead of to the start."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tiny import write_model

from rpterm.engine.llama import LlamaEngine, ModelOptions
from rpterm.engine.llama.cache.prefix_reuse import MIN_BATCH
from rpterm.engine.protocol import EngineError, Finished, GenerateRequest, Piece
from rpterm.types import Sampling

pytestmark = pytest.mark.model

SAMPLING = Sampling(seed=3, max_tokens=12)
Ids = tuple[int, ...]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("model") / "mamba.gguf", architecture="mamba")


@pytest.fixture
def engine(path: Path) -> Iterator[LlamaEngine]:
    engine = LlamaEngine(ModelOptions(path, context=256, threads=1, sequences=3))
    engine.load()
    yield engine
    engine.close()


def words(engine: LlamaEngine, text: str) -> Ids:
    return tuple(engine.tokenize([Piece(text)])[0])


def reply(engine: LlamaEngine, prompt: Ids, *seeds: int) -> tuple[list[Ids], int]:
    """The tokens of each reply, and how many of the prompt needed no evaluation."""
    events = engine.generate(GenerateRequest(prompt, SAMPLING, seeds=seeds))
    ends = [event for event in events if isinstance(event, Finished)]
    return [end.ids for end in ends], ends[0].usage.reused


def test_another_reply_and_the_next_turn_cost_a_few_tokens(engine: LlamaEngine) -> None:
    prompt = words(engine, "hello hello, he lolo hell " * 3)
    (first,), reused = reply(engine, prompt)
    assert reused == 0
    assert reply(engine, prompt) == ([first], len(prompt) - MIN_BATCH)
    several, reused = reply(engine, prompt, 3, 4, 5)
    assert (several[0], reused) == (first, len(prompt) - MIN_BATCH)
    clean = prompt + first
    engine.settle(clean)
    assert engine.settled(10)
    after, reused = reply(engine, clean + words(engine, " hello"))
    assert reused == len(clean)
    # A volatile block stood before the last words: the cache returns to the clean beginning.
    engine.settle(clean + words(engine, " he lo"))
    assert engine.settled(10)
    assert reply(engine, clean + words(engine, " hello")) == (after, len(clean))


def test_replies_equal_those_after_a_fresh_evaluation(engine: LlamaEngine, path: Path) -> None:
    prompt = words(engine, "hello, hell lo " * 4)
    engine.settle(prompt)
    assert engine.settled(10)
    made = [reply(engine, prompt + words(engine, end))[0] for end in (" he", " lo", " he")]
    other = LlamaEngine(ModelOptions(path, context=256, threads=1, sequences=3))
    other.load()
    assert reply(other, prompt + words(other, " he"))[0] == made[0] == made[2] != made[1]
    other.close()


def test_a_saved_cache_is_continued(engine: LlamaEngine, tmp_path: Path) -> None:
    prompt = words(engine, "hello, hell lo " * 4)
    engine.settle(prompt)
    assert engine.settled(10)
    assert engine.save_state(tmp_path / "state")
    reply(engine, words(engine, "hell"))
    assert engine.load_state(tmp_path / "state") == len(prompt)
    assert reply(engine, prompt + words(engine, " he lo"))[1] == len(prompt)


def test_a_banned_phrase_that_would_need_a_rewind_is_an_error(engine: LlamaEngine) -> None:
    banned = replace(SAMPLING, max_tokens=60, banned=("\ufffd\ufffd",))
    with pytest.raises(EngineError, match=r"clear the setting sampling\.banned"):
        list(engine.generate(GenerateRequest(words(engine, "hello, " * 5), banned)))
