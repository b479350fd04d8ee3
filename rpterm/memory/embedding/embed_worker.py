"""The process that owns the embedding model, and cross-encoders if the user named some.

Run as ``python -m rpterm.memory.embedding.embed_worker FOLDER [RERANKER [NLI]]``; "" means none.

Each line on stdin is a request, ``{"id": 7, "texts": […]}``; each line on stdout is an answer,
``{"id": 7, "dim": 384, "rows": "<base64 of little-endian float32>"}`` or ``{"id": 7, "error": …}``.
With ``"query": …`` in the request, the texts are not embedded; instead the reranker scores how well
each answers the query, in one column. ``{"id": 7, "pairs": [[premise, hypothesis], …]}`` asks the
NLI model, which answers with the probabilities of entailment and of contradiction, in two columns.
Either model is loaded at its first request.

The very first line of output is ``{"ready": true, "dim": 384}`` or ``{"error": …}``. The process
ends when stdin ends, so it never outlives its parent. Whatever the libraries print goes to stderr.
"""

from __future__ import annotations

import base64
import json
import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, TextIO

_Encode = Callable[[list[str]], Any]
"""Turns texts into unit vectors, one row each."""

_BATCH = 16
_LENGTH_GAP = 160
"""Characters, about forty tokens: padding by this much costs as much as another call."""


def main(folder: str, reranker_name: str = "", nli_name: str = "") -> int:
    """Load the model, then answer until stdin ends; returns the exit status."""
    reranker, nli = _CrossEncoder(reranker_name), _CrossEncoder(nli_name)
    answers = _take_stdout()
    if hasattr(os, "nice"):
        # The chat model's reply has priority. With 10, the vector of a draft took 560 ms on a busy
        # machine, with 4 it takes 180, and recall waits 300.
        os.nice(4)
    try:
        if reranker_name or nli_name:
            import sentence_transformers  # noqa: F401 - no first request waits for this import
        encode = _load(folder)
        dim = int(encode(["."]).shape[1])
    except Exception as error:  # noqa: BLE001 - whatever went wrong, the parent must be told
        _send(answers, {"error": f"{type(error).__name__}: {error}"})
        return 1
    _send(answers, {"ready": True, "dim": dim})
    for line in sys.stdin:
        _send(answers, _answer(encode, reranker, nli, line))
    return 0


def _take_stdout() -> TextIO:
    """The real stdout, reserved for answers; file descriptor 1 becomes stderr."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8", newline="\n")
    os.dup2(2, 1)
    return answers


def _load(folder: str) -> _Encode:
    from rpterm.memory.embedding import bert

    if bert.can_read(Path(folder)):
        return bert.BertEncoder(Path(folder)).encode
    from sentence_transformers import SentenceTransformer

    return partial(_vectors, SentenceTransformer(folder, device="cpu", local_files_only=True))


class _CrossEncoder:
    """A model that reads pairs of texts; loaded at its first use. Nothing is downloaded."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._model: Any = None

    def rank(self, query: str, texts: list[str]) -> Any:
        """How well each text answers the query, one row each."""
        pairs = [(query, text) for text in texts]
        scores = self._loaded().predict(pairs, show_progress_bar=False)
        return scores.reshape(len(texts), -1)[:, -1:]

    def infer(self, pairs: list[tuple[str, str]]) -> Any:
        """Probabilities of entailment and of contradiction, one row for each pair."""
        from rpterm.memory.embedding.nli_labels import label_positions

        model = self._loaded()
        label_columns = list(label_positions(model.model.config.id2label))
        inputs = [tuple(pair) for pair in pairs]
        return model.predict(inputs, apply_softmax=True, show_progress_bar=False)[:, label_columns]

    def _loaded(self) -> Any:
        if self._model is None:
            from sentence_transformers import CrossEncoder

            self._model = CrossEncoder(self._name, device="cpu", local_files_only=True)
        return self._model


def _vectors(model: Any, texts: list[str]) -> Any:
    """Unit vectors by sentence-transformers; texts of very different lengths are embedded in
    separate calls."""
    import numpy as np

    groups = length_groups(texts)
    rows = [
        model.encode(
            [texts[index] for index in group],
            batch_size=_BATCH,
            normalize_embeddings=True,
            show_progress_bar=False,
            convert_to_numpy=True,
        )
        for group in groups
    ]
    order = np.argsort([index for group in groups for index in group])
    return np.concatenate(rows)[order]


def length_groups(texts: list[str]) -> list[list[int]]:
    """Group text indices into calls: within a batch each text costs as much as the longest.

    Measured on one core: a call costs 12 ms plus 0.27 ms for each token of each row.
    """
    groups: list[list[int]] = []
    for index in sorted(range(len(texts)), key=lambda i: len(texts[i])):
        shortest = len(texts[groups[-1][0]]) if groups else 0
        if not groups or len(texts[index]) > max(2 * shortest, shortest + _LENGTH_GAP):
            groups.append([])
        groups[-1].append(index)
    return groups


def _answer(
    encode: _Encode, reranker: _CrossEncoder, nli: _CrossEncoder, line: str
) -> dict[str, object]:
    request: dict[str, Any] = json.loads(line)
    try:
        if "query" in request:
            rows = reranker.rank(request["query"], request["texts"])
        elif "pairs" in request:
            rows = nli.infer(request["pairs"])
        else:
            rows = encode(request["texts"])
    except Exception as error:  # noqa: BLE001 - one bad request must not end the worker
        return {"id": request["id"], "error": f"{type(error).__name__}: {error}"}
    data = base64.b64encode(rows.astype("<f4").tobytes()).decode()
    return {"id": request["id"], "dim": int(rows.shape[1]), "rows": data}


def _send(answers: TextIO, message: dict[str, object]) -> None:
    answers.write(json.dumps(message) + "\n")
    answers.flush()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:4]))
