"""Tokens are counted as llama.cpp counts them, without the weights."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rpterm.engine.llama import vocab
from rpterm.engine.llama.vocab import TokenCounter, Vocabulary
from rpterm.engine.protocol import EngineError, ModelError
from rpterm.models.starter import llm_path

pytestmark = pytest.mark.model
VERY_MANY = Path(vocab.__file__).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def vocabulary() -> Iterator[Vocabulary]:
    with Vocabulary(llm_path()) as made:
        yield made


def test_control_tokens_count_once_only_where_they_are_special(vocabulary: Vocabulary) -> None:
    text = "<|im_start|>user\nHello there<|im_end|>"
    (special,), (plain,) = vocabulary.counts([text], special=True), vocabulary.counts([text])
    assert special == 6 and plain > 10


def test_counts_equal_those_of_the_engine(vocabulary: Vocabulary) -> None:
    from rpterm.engine.llama import LlamaEngine, ModelOptions
    from rpterm.engine.protocol import Piece

    source = Path(__file__).read_text(encoding="utf-8")
    said = '*She sets the lamp down.* "You were at the door, 12 steps away," she said; I  nodded.'
    parts = [source, source.upper(), *source.split("\n"), said, "", "naïve 12 über, x  y z. a 1 b"]
    engine = LlamaEngine(ModelOptions(llm_path(), context=256, threads=1))
    try:
        engine.load()
        whole = [len(ids) for ids in engine.tokenize([Piece(part) for part in parts])]
    finally:
        engine.close()
    assert vocabulary.counts(parts) == whole and max(whole) > 500


def test_joined_counts_equal_single_counts(vocabulary: Vocabulary) -> None:
    words = sorted(set(re.findall("[a-z]+", VERY_MANY.lower())))
    together = vocabulary.counts([f"a {word}, b" for word in words])
    with Vocabulary(llm_path()) as other:
        alone = [other.counts([f"a {word}, b"])[0] for word in words]
    assert together == alone and len(set(together)) > 3


class Pairs:
    """A vocabulary whose every token is two bytes, wherever words end."""

    LLAMA_VOCAB_TYPE_BPE = 1
    llama_token = ctypes.c_int32

    def llama_vocab_type(self, vocab: object) -> int:
        return 1

    def llama_tokenize(self, vocab: object, raw: bytes, size: int, room: Any, *more: Any) -> int:
        many = -(-size // 2)
        for at in range(many if room is not None else 0):
            room[at] = min(2, size - 2 * at)
        return many if room is not None else -many

    def llama_token_to_piece(self, vocab: object, token: int, *more: Any) -> int:
        return -token


def test_words_that_share_a_token_are_counted_alone() -> None:
    counter = TokenCounter(Pairs(), None)
    counter.by_words = True
    assert counter.count(["x ab cd", "x abc"], False) == [1 + 2 + 2, 1 + 2]


def test_a_bad_file_and_a_dead_process_are_errors(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no model file"):
        Vocabulary(tmp_path / "none.gguf")
    (tmp_path / "bad.gguf").write_bytes(b"GGUF" + b"\0" * 40)
    with pytest.raises(ModelError, match=r"bad\.gguf"):
        Vocabulary(tmp_path / "bad.gguf")
    dead = Vocabulary(llm_path())
    dead._process.kill()
    dead._process.wait()
    with pytest.raises(EngineError, match="run the command again"):
        dead.counts(["x"])
    dead.close()
