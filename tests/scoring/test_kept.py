"""Vectors of lines that never change: kept in a file, and made again where that is of no use."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from letters import Letters

from rpterm.scoring.embedding_folder import EmbeddingFolder
from rpterm.scoring.scene import Fact, ReplyScene
from rpterm.scoring.scorer import Scorer
from rpterm.scoring.similarity import ContrastiveSimilarity

LINES = ("i have a boat", "grey wind")


class Counted(Letters):
    def __init__(self) -> None:
        self.asked: list[int] = []

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        self.asked.append(len(texts))
        return super().encode(texts)


def test_the_second_run_reads_what_the_first_one_made(tmp_path: Path) -> None:
    first, second = Counted(), Counted()
    rows = EmbeddingFolder(tmp_path, "small").rows(LINES, first.encode)
    again = EmbeddingFolder(tmp_path, "small").rows(LINES, second.encode)
    assert np.array_equal(rows, again) and again.dtype == np.float32
    assert (first.asked, second.asked) == ([2], [])
    assert len([*tmp_path.iterdir()]) == 1


@pytest.mark.parametrize(("model", "lines"), [("large", LINES), ("small", LINES[:1])])
def test_other_lines_and_other_models_are_made_anew(
    tmp_path: Path, model: str, lines: Sequence[str]
) -> None:
    EmbeddingFolder(tmp_path, "small").rows(LINES, Letters().encode)
    encode = Counted()
    assert len(EmbeddingFolder(tmp_path, model).rows(lines, encode.encode)) == len(lines)
    assert encode.asked == [len(lines)]


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 no archive", "cut", "folder"])
def test_a_damaged_file_is_no_error(tmp_path: Path, damage: bytes | str) -> None:
    rows = EmbeddingFolder(tmp_path, "small").rows(LINES, Letters().encode)
    (file,) = tmp_path.iterdir()
    if isinstance(damage, bytes):
        file.write_bytes(damage)
    elif damage == "cut":
        file.write_bytes(file.read_bytes()[:-30])
    else:
        tmp_path = tmp_path / "none"
    assert np.array_equal(EmbeddingFolder(tmp_path, "small").rows(LINES, Letters().encode), rows)


def test_a_reply_is_measured_the_same_with_kept_lines(tmp_path: Path) -> None:
    facts, encode = ["i have a boat"], Counted()
    value = ContrastiveSimilarity(Letters().encode).to_facts("my boat leaks", facts)
    ContrastiveSimilarity(Letters().encode, EmbeddingFolder(tmp_path, "small")).warm()
    kept = ContrastiveSimilarity(encode.encode, EmbeddingFolder(tmp_path, "small"))
    assert kept.to_facts("my boat leaks", facts)[1] == pytest.approx(value[1], abs=1e-5)
    assert max(encode.asked) == 1


def test_the_lines_of_a_card_are_embedded_in_one_run_only(tmp_path: Path) -> None:
    voices = (tuple(f"the {n} gulls of {name}" for n in range(9)) for name in ("mara", "otto"))
    own, other = voices
    scene = ReplyScene(
        char="Mara", facts=(Fact("f", "i have a boat"),), own_lines=own, other_lines=(other,)
    )

    def open_chat() -> int:
        embed = Counted()
        Scorer(embed=embed, kept=EmbeddingFolder(tmp_path, "small")).warm_embeddings(scene)
        return sum(embed.asked)

    first, second = open_chat(), open_chat()
    assert first > 18 and second == 1  # the name, to start the embedder
