"""Vocabularies that put a space before every text: pieces of a prompt must not get one each."""

from __future__ import annotations

from pathlib import Path

import pytest
from tiny import write_model

from rpterm.engine.llama import LlamaEngine, ModelOptions
from rpterm.engine.protocol import Piece

pytestmark = pytest.mark.model


@pytest.mark.parametrize("space_prefix", [True, False])
def test_tokenizing_adds_no_space(tmp_path: Path, space_prefix: bool) -> None:
    path = write_model(tmp_path / "tiny.gguf", space_prefix=space_prefix)
    engine = LlamaEngine(ModelOptions(path, context=256, threads=1, sequences=1))
    try:
        engine.load()
        said = ["hello", " hello", "\nhello", "hello hello", ",", ""]
        for text, ids in zip(said, engine.tokenize([Piece(text) for text in said]), strict=True):
            assert engine.detokenize(ids) == text
        marked = "<s>hello</s>hello"
        (ids,) = engine.tokenize([Piece(marked, special=True)])
        assert (ids[0], ids.count(2)) == (1, 1)
    finally:
        engine.close()
