"""Opens the Scorer of this installation: the starter model judges, whatever model plays.

Nothing is started here: the embedder when a vector is first asked for, the language model with the
first full score, in a process of its own that leaves the player the processor.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rpterm.config import Settings
from rpterm.paths import Paths

if TYPE_CHECKING:
    from rpterm.engine.protocol import Engine
    from rpterm.memory.embed import Embedder
    from rpterm.scoring.scorer import Scorer

_CONTEXT = 2048
_EVERYDAY = "everyday.npz"
_PROMPTS = "scorer"
"""The folder of what the language model has read of cards."""


def open_scorer(
    settings: Settings, paths: Paths, *, embed: Embedder | None = None, slow: bool = True,
    polite: bool = True,
) -> Scorer:  # fmt: skip
    """A Scorer; close it at the end.

    Args:
        settings: ``engine = "scripted"`` (tests, the tour) does without any model.
        embed: The embedder of the memory, shared; ``None`` does without meaning.
        slow: Whether the language model may be asked.
        polite: Whether everything else goes first, as behind a chat.
    """
    from rpterm.scoring.kept import Kept
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
    kept = Kept(paths.cache / _EVERYDAY, embed.model) if embed is not None else None
    return Scorer(embed=embed, kept=kept, likelihood=likelihood, infer=infer)
