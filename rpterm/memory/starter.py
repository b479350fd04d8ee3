"""The embedder that comes with rpterm, ready to be started. Knows where its weights lie."""

from __future__ import annotations

from pathlib import Path

from rpterm.memory.embed import WorkerEmbedder

_NAME = "all-MiniLM-L6-v2"


def starter_embedder(*, cache: Path | None = None, log: Path | None = None) -> WorkerEmbedder:
    """The starter embedder; nothing is loaded, located or checked before it starts.

    Args:
        cache: Where the verdict on the weights' hash is kept, as for the starter models.
        log: A file for what its process has to say.
    """
    from rpterm.models.starter import EMBEDDER, embedder_folder

    return WorkerEmbedder(
        lambda: embedder_folder(cache), f"{_NAME}:{EMBEDDER.sha256[:12]}", log=log
    )
