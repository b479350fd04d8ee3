"""The process that owns the embedding model, and cross-encoders where the user named some:
``python -m rpterm.memory.embed_worker FOLDER [RERANKER [NLI]]``; "" is none.

One request a line on stdin, ``{"id": 7, "texts": […]}``; one answer a line on stdout,
``{"id": 7, "dim": 384, "rows": "<base64 of little-endian float32>"}`` or ``{"id": 7, "error": …}``.
With ``"query": …`` in the request the texts are not embedded: the reranker says how well each
answers the query, in one column. ``{"id": 7, "pairs": [[premise, hypothesis], …]}`` asks the NLI
model, which answers with the probabilities of entailment and of contradiction, in two columns. Both
are loaded for the first such request.
The first line of all is ``{"ready": true, "dim": 384}`` or ``{"error": …}``. It ends when stdin
ends, so it never outlives its parent. Whatever libraries print goes to stderr.
"""

from __future__ import annotations

import base64
import json
import os
import sys
from typing import Any, TextIO

_BATCH = 16
_APART = 160
"""Characters, about forty tokens: the padding of so many costs as much as another call."""


def main(folder: str, reranker: str = "", nli: str = "") -> int:
    """Load the model, then answer until stdin ends; returns the exit status."""
    rank, infer = _CrossEncoder(reranker), _CrossEncoder(nli)
    answers = _take_stdout()
    if hasattr(os, "nice"):
        os.nice(10)  # the reply goes first
    try:
        model = _load(folder)
        dim = int(model.encode(["."], show_progress_bar=False).shape[1])
    except Exception as error:  # noqa: BLE001 - whatever went wrong, the parent must hear of it
        _tell(answers, {"error": f"{type(error).__name__}: {error}"})
        return 1
    _tell(answers, {"ready": True, "dim": dim})
    for line in sys.stdin:
        _tell(answers, _answer(model, rank, infer, line))
    return 0


def _take_stdout() -> TextIO:
    """The real stdout for answers alone; file descriptor 1 is stderr from now on."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8", newline="\n")
    os.dup2(2, 1)
    return answers


def _load(folder: str) -> Any:
    import torch
    from sentence_transformers import SentenceTransformer

    torch.set_num_threads(max(1, (os.cpu_count() or 2) // 2))
    return SentenceTransformer(folder, device="cpu", local_files_only=True)


class _CrossEncoder:
    """Reads pairs of texts; loaded when it is first asked. Nothing is downloaded."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._model: Any = None

    def rank(self, query: str, texts: list[str]) -> Any:
        """How well each text answers the query, one row each."""
        pairs = [(query, text) for text in texts]
        found = self._loaded().predict(pairs, show_progress_bar=False)
        return found.reshape(len(texts), -1)[:, -1:]

    def infer(self, pairs: list[tuple[str, str]]) -> Any:
        """Probabilities of entailment and of contradiction, one row for each pair."""
        from rpterm.memory.inference import columns

        model = self._loaded()
        wanted = list(columns(model.model.config.id2label))
        asked = [tuple(pair) for pair in pairs]
        return model.predict(asked, apply_softmax=True, show_progress_bar=False)[:, wanted]

    def _loaded(self) -> Any:
        if self._model is None:
            from sentence_transformers import CrossEncoder

            self._model = CrossEncoder(self._name, device="cpu", local_files_only=True)
        return self._model


def _vectors(model: Any, texts: list[str]) -> Any:
    """Unit vectors, one row each; texts of very different lengths do not go together."""
    import numpy as np

    runs = together(texts)
    rows = [
        model.encode(
            [texts[at] for at in run],
            batch_size=_BATCH,
            normalize_embeddings=True,
            show_progress_bar=False,
            convert_to_numpy=True,
        )
        for run in runs
    ]
    order = np.argsort([at for run in runs for at in run])
    return np.concatenate(rows)[order].astype("<f4")


def together(texts: list[str]) -> list[list[int]]:
    """Which texts to embed in one call: in a batch each costs as much as the longest.

    Measured on one core: a call costs 12 ms and 0.27 ms for each token of each row.
    """
    runs: list[list[int]] = []
    for at in sorted(range(len(texts)), key=lambda each: len(texts[each])):
        least = len(texts[runs[-1][0]]) if runs else 0
        if not runs or len(texts[at]) > max(2 * least, least + _APART):
            runs.append([])
        runs[-1].append(at)
    return runs


def _answer(model: Any, rank: _CrossEncoder, infer: _CrossEncoder, line: str) -> dict[str, object]:
    request: dict[str, Any] = json.loads(line)
    try:
        if "query" in request:
            rows = rank.rank(request["query"], request["texts"]).astype("<f4")
        elif "pairs" in request:
            rows = infer.infer(request["pairs"]).astype("<f4")
        else:
            rows = _vectors(model, request["texts"])
    except Exception as error:  # noqa: BLE001 - one bad request must not end the worker
        return {"id": request["id"], "error": f"{type(error).__name__}: {error}"}
    data = base64.b64encode(rows.tobytes()).decode()
    return {"id": request["id"], "dim": int(rows.shape[1]), "rows": data}


def _tell(answers: TextIO, message: dict[str, object]) -> None:
    answers.write(json.dumps(message) + "\n")
    answers.flush()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:4]))
