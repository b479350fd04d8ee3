"""Which model makes the vectors of memory. Nothing is started here.

Weights and floors of recall were measured with the starter; another model serves with the same.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from rpterm.config import Settings
from rpterm.memory.embed import STARTER, WorkerEmbedder
from rpterm.models.starter import embedder_folder
from rpterm.paths import Paths


def open_embedder(named: str, settings: Settings, paths: Paths) -> WorkerEmbedder:
    """An embedder for memory, in a process of its own once it is asked.

    Args:
        named: A folder, or a name in the local cache; "" is the starter.
    """
    folder = partial(Path(named).expanduser) if named else partial(embedder_folder, paths.cache)
    return WorkerEmbedder(
        folder, named or STARTER, log=paths.logs / "embedder.log", reranker=settings.reranker,
        nli=settings.scoring.nli_model,
    )  # fmt: skip
