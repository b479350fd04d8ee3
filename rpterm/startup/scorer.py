"""Creates the Scorer of this installation. The starter model scores, whatever model writes replies.

Nothing is started here. The embedder starts with the first request for a vector, and the language
model with the first full score, in a separate process of low priority.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rpterm.config import Settings
from rpterm.paths import Paths

if TYPE_CHECKING:
    from rpterm.engine.protocol import Engine
    from rpterm.memory.embedding.embed import Embedder
    from rpterm.scoring.scorer import Scorer

_CONTEXT = 2048
_EMBEDDINGS = "card-lines"
"""Folder of the embeddings of everyday lines and of cards' facts and lines."""
_PROMPTS = "scorer"
"""Folder of the saved KV caches of cards that the language model has read."""


def open_scorer(
    settings: Settings, paths: Paths, *, embed: Embedder | None = None, slow: bool = True,
    polite: bool = True,
) -> Scorer:  # fmt: skip
    """A Scorer, which the caller has to close.

    Args:
        settings: With ``engine = "scripted"`` (tests, the tour) it uses no model.
        embed: The embedder shared with memory; ``None`` scores without embeddings.
        slow: Whether the language model may be used.
        polite: Whether the language model yields to everything else, as it does during a chat.
    """
    from rpterm.scoring.embedding_folder import EmbeddingFolder
    from rpterm.scoring.likelihood import EngineLikelihood
    from rpterm.scoring.scorer import Scorer

    if settings.engine == "scripted":
        return Scorer()

    def make() -> Engine:
        from rpterm.models.engine_factory import open_starter

        log = paths.logs / "scorer.log" if paths.logs.is_dir() else None
        return open_starter(paths.cache, context=_CONTEXT, log=log)

    prompts = paths.cache / _PROMPTS
    likelihood = EngineLikelihood(make, polite=polite, kept=prompts) if slow else None
    infer = getattr(embed, "infer", None) if settings.scoring.nli_model else None
    if embed is None:
        return Scorer(likelihood=likelihood, infer=infer)
    return Scorer(
        embed=embed, likelihood=likelihood, infer=infer,
        kept=EmbeddingFolder(paths.cache / _EMBEDDINGS, embed.model),
    )  # fmt: skip
