"""Opens the models that a scoring benchmark needs, and closes them at its end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rpterm import paths as folders
from rpterm.bench.likelihood_cache import CachedLikelihood
from rpterm.engine.protocol import Engine
from rpterm.scoring.embedding import EmbeddingCache
from rpterm.scoring.likelihood import EngineLikelihood, Likelihood


@contextmanager
def open_models(cache: Path | None = None) -> Iterator[tuple[EmbeddingCache, Likelihood]]:
    """The embeddings and the fixed language model; each starts on first use.

    Args:
        cache: A file of known log-probabilities, to which new ones are appended.
    """
    from rpterm.memory.embedding.embed import STARTER, WorkerEmbedder
    from rpterm.models.starter import embedder_folder

    embedder = WorkerEmbedder(embedder_folder, STARTER)
    likelihood = CachedLikelihood(EngineLikelihood(_engine, polite=False), cache)
    try:
        yield EmbeddingCache(embedder), likelihood
    finally:
        likelihood.close()
        embedder.close()


def _engine() -> Engine:
    from rpterm.models.engine_factory import open_starter

    return open_starter(folders.make_folder(folders.find().cache), context=2048)
