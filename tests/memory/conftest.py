"""Embedding models of their own process take seconds to start: one of each kind for all tests."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from rpterm.memory.embedding.embed import STARTER, WorkerEmbedder
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
    ranker, nli = tmp_path_factory.mktemp("ranker"), tmp_path_factory.mktemp("nli")
    _write_cross_encoder(ranker, ["relevance"], scale=1.0)
    _write_cross_encoder(nli, ["contradiction", "entailment", "neutral"], scale=0.02, bias=9.0)
    embedder = WorkerEmbedder(embedder_folder, STARTER, reranker=str(ranker), nli=str(nli))
    yield embedder
    embedder.close()


_WIDTH = 16
_CONFIG = {
    "architectures": ["BertForSequenceClassification"], "model_type": "bert",
    "hidden_size": _WIDTH, "intermediate_size": _WIDTH, "num_hidden_layers": 1,
    "num_attention_heads": 2, "max_position_embeddings": 512, "type_vocab_size": 2,
    "vocab_size": 30522,
}  # fmt: skip
_DENSE = ("attention.self.query", "attention.self.key", "attention.self.value",
          "attention.output.dense", "intermediate.dense", "output.dense")  # fmt: skip


def _write_cross_encoder(
    folder: Path, labels: list[str], *, scale: float, bias: float = 0.0
) -> None:
    """A model of one layer with the starter's tokenizer; importing torch here would take seconds.

    Args:
        scale: Standard deviation of the weights; small ones may tell two texts apart by nothing.
        bias: Goes to the first label.
    """
    from safetensors.numpy import save_file

    draw = np.random.default_rng(0)
    layer, width = "bert.encoder.layer.0", (_WIDTH,)
    tables = {"word": _CONFIG["vocab_size"], "position": 512, "token_type": 2}
    shapes = {f"bert.embeddings.{name}_embeddings": (rows, _WIDTH) for name, rows in tables.items()}
    shapes |= {f"{layer}.{name}": (_WIDTH, _WIDTH) for name in _DENSE}
    shapes |= {"bert.pooler.dense": (_WIDTH, _WIDTH), "classifier": (len(labels), _WIDTH)}
    weights = {f"{name}.weight": scale * draw.standard_normal(at) for name, at in shapes.items()}
    weights |= {f"{name}.bias": np.zeros(at[:1]) for name, at in shapes.items()
                if not name.endswith("embeddings")}  # fmt: skip
    for norm in ("bert.embeddings", f"{layer}.attention.output", f"{layer}.output"):
        weights |= {f"{norm}.LayerNorm.weight": np.ones(width),
                    f"{norm}.LayerNorm.bias": np.zeros(width)}  # fmt: skip
    weights["classifier.bias"][0] = bias
    save_file({name: each.astype(np.float32) for name, each in weights.items()},
              folder / "model.safetensors", {"format": "pt"})  # fmt: skip
    names = {"id2label": dict(enumerate(labels)), "label2id": {n: i for i, n in enumerate(labels)}}
    (folder / "config.json").write_text(json.dumps(_CONFIG | names), encoding="utf-8")
    for name in ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.txt"):
        shutil.copy(embedder_folder() / name, folder)
