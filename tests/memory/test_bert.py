"""The embedder's own arithmetic: the vectors of sentence-transformers, without torch."""

import json
import shutil
import subprocess
import sys

import numpy as np
import pytest

from rpterm.memory.embedding.bert import can_read
from rpterm.memory.embedding.embed import STARTER, WorkerEmbedder
from rpterm.models.starter import embedder_folder

BY_SENTENCE_TRANSFORMERS = {
    "I walked past the third lamp on the quay and somebody had scratched a cross into the post.":
        [0.02029, -0.01147, -0.00403, -0.0496, 0.04621],
    "My brother Tom swears he saw the cab again.": [-0.0456, 0.03868, 0.00454, 0.02409, -0.03562],
    " Ça va? éé 你好 ": [-0.00053, 0.04068, 0.07964, -0.03502, -0.04756],
    "": [-0.11884, 0.0483, -0.00255, -0.01101, 0.05195],
    "word " * 400: [-0.00812, -0.09559, -0.03867, 0.04966, -0.04379],
}  # fmt: skip
"""The first five numbers of each vector, by sentence-transformers 6.2.0 and torch 2.13.0."""


@pytest.fixture(scope="module")
def encoder():
    """In its own process, as in the program, where numpy does not use all cores."""
    embedder = WorkerEmbedder(embedder_folder, STARTER)
    yield embedder
    embedder.close()


def test_its_vectors_are_those_of_sentence_transformers(encoder):
    rows = encoder.encode(list(BY_SENTENCE_TRANSFORMERS))
    assert np.allclose(rows[:, :5], list(BY_SENTENCE_TRANSFORMERS.values()), atol=1e-5)
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    assert rows.dtype == np.float32


def test_a_vector_does_not_depend_on_the_texts_beside_it(encoder):
    texts = list(BY_SENTENCE_TRANSFORMERS)
    apart = np.concatenate([encoder.encode([text]) for text in texts])
    assert np.allclose(encoder.encode(texts), apart, atol=1e-6)


def test_the_worker_answers_without_torch():
    code = (
        "import sys\n"
        "from rpterm.memory.embedding import embed_worker\n"
        f"assert embed_worker._load({str(embedder_folder())!r})(['a']).shape == (1, 384)\n"
        "assert not {'torch', 'sentence_transformers', 'transformers'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    ("file", "changed"),
    [
        ("config.json", {"model_type": "mpnet"}),
        ("config.json", {"hidden_act": "gelu_new"}),
        ("sentence_bert_config.json", {"do_lower_case": True}),
        ("1_Pooling/config.json", {"pooling_mode_cls_token": True}),
        ("config_sentence_transformers.json", {"default_prompt_name": "query"}),
    ],
)
def test_another_kind_of_model_is_left_to_sentence_transformers(tmp_path, file, changed):
    model = tmp_path / "model"
    without_weights = shutil.ignore_patterns("*.safetensors")
    shutil.copytree(embedder_folder(), model, ignore=without_weights)
    (model / "model.safetensors").symlink_to(embedder_folder() / "model.safetensors")
    assert can_read(model)
    values = json.loads((model / file).read_text(encoding="utf-8")) | changed
    (model / file).write_text(json.dumps(values), encoding="utf-8")
    assert not can_read(model)


def test_a_folder_without_a_model_cannot_be_read(tmp_path):
    assert not can_read(tmp_path)
    assert not can_read(tmp_path / "missing")
