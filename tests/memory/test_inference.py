"""The optional NLI cross-encoder: what its labels mean, that it answers, and how it fails."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from rpterm import doctor
from rpterm.config import Scoring, Settings
from rpterm.memory.embed import WorkerEmbedder
from rpterm.memory.inference import columns, labels_of
from rpterm.types import RptermError


@pytest.mark.parametrize(
    ("labels", "wanted"),
    [
        ({0: "contradiction", 1: "entailment", 2: "neutral"}, (1, 0)),
        ({"0": "ENTAILMENT", "1": "NEUTRAL", "2": "CONTRADICTION"}, (0, 2)),
    ],
)
def test_the_columns_are_read_from_the_labels(labels, wanted):
    assert columns(labels) == wanted


def test_labels_that_say_nothing_are_refused_with_their_names():
    with pytest.raises(RptermError, match="LABEL_0, LABEL_1"):
        columns({0: "LABEL_0", 1: "LABEL_1"})
    with pytest.raises(RptermError, match="none"):
        columns({})


def test_the_doctor_says_whether_one_is_set(tmp_path: Path):
    def check(name: str) -> doctor.Check:
        return doctor._contradictions(Settings(scoring=Scoring(nli_model=name)))

    assert check("").verdict == "ok" and "rules alone" in check("").detail
    assert check(str(tmp_path)).verdict == "broken"
    (tmp_path / "config.json").write_text(json.dumps({"id2label": {"0": "yes"}}))
    assert "labels are yes" in check(str(tmp_path)).detail
    labels = {"0": "contradiction", "1": "entailment"}
    (tmp_path / "config.json").write_text(json.dumps({"id2label": labels}))
    assert labels_of(tmp_path) == labels
    assert check(str(tmp_path)).verdict == "ok"
    assert check(str(tmp_path / "none")).verdict == "slow"


@pytest.fixture(scope="module")
def tiny(tmp_path_factory) -> Path:
    """A cross-encoder of random weights that says contradiction, entailment or neutral."""
    from transformers import AutoTokenizer, BertConfig, BertForSequenceClassification

    from rpterm.models.starter import embedder_folder

    folder = tmp_path_factory.mktemp("nli")
    tokenizer = AutoTokenizer.from_pretrained(embedder_folder(), local_files_only=True)
    labels = {0: "contradiction", 1: "entailment", 2: "neutral"}
    config = BertConfig(
        vocab_size=len(tokenizer), hidden_size=16, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=16, id2label=labels, label2id={name: at for at, name in labels.items()},
    )  # fmt: skip
    model = BertForSequenceClassification(config)
    model.classifier.bias.data[0] = 9.0  # It finds a contradiction everywhere.
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.mark.model
def test_a_real_cross_encoder_of_tiny_size_tells_contradictions(tiny: Path):
    from rpterm.models.starter import embedder_folder

    embedder = WorkerEmbedder(embedder_folder(), "starter", nli=str(tiny))
    try:
        pairs = [("Ann keeps bees.", "I never kept bees."), ("It rains.", "The sun is out.")] * 3
        rows = embedder.infer(pairs)
        assert embedder.nli_error == "" and rows is not None
        assert rows.shape == (6, 2)
        assert (rows[:, 1] > 0.9).all() and (rows[:, 0] < 0.1).all()
        np.testing.assert_allclose(rows[:2], rows[2:4], atol=1e-5)
        assert embedder.encode(["still embeds"]).shape == (1, 384)
    finally:
        embedder.close()


@pytest.mark.model
def test_one_that_cannot_be_used_is_told_in_a_sentence(tmp_path: Path):
    from rpterm.models.starter import embedder_folder

    embedder = WorkerEmbedder(embedder_folder(), "starter", nli=str(tmp_path / "none"))
    try:
        assert embedder.infer([("a", "b")]) is None
        assert embedder.nli_error.startswith("The NLI model")
        assert "none' cannot be used" in embedder.nli_error and "\n" not in embedder.nli_error
        assert embedder.infer([("a", "b")]) is None
        assert embedder.encode(["still embeds"]).shape == (1, 384)
    finally:
        embedder.close()
