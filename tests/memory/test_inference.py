"""The optional NLI cross-encoder: what its labels mean, that it answers, and how it fails."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from rpterm.cli import doctor_checks
from rpterm.config import ScoringSettings, Settings
from rpterm.errors import RptermError
from rpterm.memory.embedding.embed import WorkerEmbedder
from rpterm.memory.embedding.nli_labels import label_positions, read_labels


@pytest.mark.parametrize(
    ("labels", "wanted"),
    [
        ({0: "contradiction", 1: "entailment", 2: "neutral"}, (1, 0)),
        ({"0": "ENTAILMENT", "1": "NEUTRAL", "2": "CONTRADICTION"}, (0, 2)),
    ],
)
def test_the_columns_are_read_from_the_labels(labels, wanted):
    assert label_positions(labels) == wanted


def test_labels_that_say_nothing_are_refused_with_their_names():
    with pytest.raises(RptermError, match="LABEL_0, LABEL_1"):
        label_positions({0: "LABEL_0", 1: "LABEL_1"})
    with pytest.raises(RptermError, match="none"):
        label_positions({})


def test_the_doctor_says_whether_one_is_set(tmp_path: Path):
    def check(name: str) -> doctor_checks.Finding:
        return doctor_checks._contradictions(Settings(scoring=ScoringSettings(nli_model=name)))

    assert check("").verdict == "ok" and "rules only" in check("").detail
    assert check(str(tmp_path)).verdict == "broken"
    (tmp_path / "config.json").write_text(json.dumps({"id2label": {"0": "yes"}}))
    assert "labels are yes" in check(str(tmp_path)).detail
    labels = {"0": "contradiction", "1": "entailment"}
    (tmp_path / "config.json").write_text(json.dumps({"id2label": labels}))
    assert read_labels(tmp_path) == labels
    assert check(str(tmp_path)).verdict == "ok"
    assert check(str(tmp_path / "none")).verdict == "slow"


@pytest.mark.model
def test_a_real_cross_encoder_of_tiny_size_tells_contradictions(with_tiny: WorkerEmbedder) -> None:
    pairs = [("Ann keeps bees.", "I never kept bees."), ("It rains.", "The sun is out.")] * 3
    rows = with_tiny.infer(pairs)
    assert with_tiny.nli_error == "" and rows is not None
    assert rows.shape == (6, 2)
    assert (rows[:, 1] > 0.9).all() and (rows[:, 0] < 0.1).all()
    np.testing.assert_allclose(rows[:2], rows[2:4], atol=1e-5)
    assert with_tiny.encode(["still embeds"]).shape == (1, 384)


@pytest.mark.model
def test_one_that_cannot_be_used_is_told_in_a_sentence(starter: WorkerEmbedder) -> None:
    assert starter.infer([("a", "b")]) is None
    assert starter.nli_error.startswith("The NLI model")
    assert "none' cannot be used" in starter.nli_error and "\n" not in starter.nli_error
    assert starter.infer([("a", "b")]) is None
    assert starter.encode(["still embeds"]).shape == (1, 384)
