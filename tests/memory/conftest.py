"""Embedding models of their own process take seconds to start: one of each kind for all tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rpterm.memory.embed import STARTER, WorkerEmbedder
from rpterm.models.starter import embedder_folder


@pytest.fixture(scope="session")
def starter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkerEmbedder]:
    """The starter's embedder, told of cross-encoders that are not there: that changes nothing."""
    none = str(tmp_path_factory.mktemp("missing") / "none")
    embedder = WorkerEmbedder(embedder_folder, STARTER, reranker=none, nli=none)
    yield embedder
    embedder.close()


@pytest.fixture(scope="session")
def with_tiny(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkerEmbedder]:
    """Another with two cross-encoders of random weights; one finds a contradiction everywhere."""
    import torch

    torch.manual_seed(0)  # Small weights drawn at random may tell two texts apart by nothing.
    ranker, nli = tmp_path_factory.mktemp("ranker"), tmp_path_factory.mktemp("nli")
    _save(ranker, num_labels=1, initializer_range=1.0)
    names = ("contradiction", "entailment", "neutral")
    _save(
        nli, bias=9.0, id2label=dict(enumerate(names)), label2id={n: i for i, n in enumerate(names)}
    )
    embedder = WorkerEmbedder(embedder_folder, STARTER, reranker=str(ranker), nli=str(nli))
    yield embedder
    embedder.close()


def _save(folder: Path, *, bias: float = 0.0, **config: Any) -> None:
    """A cross-encoder of sixteen dimensions; ``bias`` goes to its first label."""
    from transformers import AutoTokenizer, BertConfig, BertForSequenceClassification

    tokenizer = AutoTokenizer.from_pretrained(embedder_folder(), local_files_only=True)
    model = BertForSequenceClassification(
        BertConfig(
            vocab_size=len(tokenizer), hidden_size=16, num_hidden_layers=1,
            num_attention_heads=2, intermediate_size=16, **config,
        )
    )  # fmt: skip
    model.classifier.bias.data[0] += bias
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
