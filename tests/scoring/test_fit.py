"""Fit against contrasts, and the weights made of it, on vectors small enough to see through."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from rpterm.bench.persona import measure
from rpterm.scoring.calibrate import chances, fit, frozen
from rpterm.scoring.convai2 import draw, read
from rpterm.scoring.fit import NAMES, Fit
from rpterm.types import RptermError

LINE = "2 where are you ?\ta\t\tthe cow eats|my boat leaks\n"


def letters(texts: Sequence[str]) -> np.ndarray:
    rows = np.array([[text.lower().count(chr(97 + at)) + 0.01 for at in range(26)]
                     for text in texts], dtype=np.float32)  # fmt: skip
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_the_reply_that_fits_this_card_rates_higher() -> None:
    rows = Fit(letters).measure(["my boat leaks", "grey wind"], ["i have a boat"], "a boat ?")
    assert (rows[0] > rows[1]).all()
    assert not Fit(letters).measure(["x"], [], "").any()


def test_weights_find_the_number_that_tells() -> None:
    rng = np.random.default_rng(3)
    rows = [rng.normal(size=(4, 2)) for _ in range(80)]
    weights = fit(rows, [int(row[:, 1].argmax()) for row in rows])
    assert weights[1] > 5 * abs(weights[0])
    assert chances(rows[0], weights).sum() == pytest.approx(1)


def test_frozen_weights_name_the_numbers() -> None:
    table = frozen()
    assert set(table["weights"]) == set(NAMES) and table["fitted"]


def test_convai2_is_read_and_measured(tmp_path: Path) -> None:
    path = tmp_path / "talk.txt"
    path.write_text("1 your persona: i have a boat\n" + LINE)
    (question,) = read(path)
    assert question.candidates[question.gold] == "my boat leaks"
    assert draw([question], 5, frozenset([question.key])) == []
    report = measure([question], letters, frozen()["weights"])
    assert report["hits@1_no_lm"] == 1.0


def test_a_file_without_candidates_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "talk.txt"
    path.write_text("1 hello\n")
    with pytest.raises(RptermError, match="line 1"):
        read(path)
