"""Creates the embedder of memory, without starting it.

The weights and thresholds of recall were measured with the embedder shipped with rpterm; another
model uses the same ones.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from rpterm.config import Settings
from rpterm.memory.embedding.embed import STARTER, WorkerEmbedder
from rpterm.models.starter import embedder_folder
from rpterm.paths import Paths


def open_embedder(named: str, settings: Settings, paths: Paths) -> WorkerEmbedder:
    """An embedder for memory; its worker process starts with the first request.

    Args:
        named: A folder, or a name in the local Hugging Face cache; "" is the shipped embedder.
    """
    folder = partial(Path(named).expanduser) if named else partial(embedder_folder, paths.cache)
    return WorkerEmbedder(
        folder, named or STARTER, log=paths.logs / "embedder.log", reranker=settings.reranker,
        nli=settings.scoring.nli_model,
    )  # fmt: skip
