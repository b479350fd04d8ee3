"""Counts the tokens of card texts with the user's model, or estimates them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import cache

from rpterm.config import Settings
from rpterm.errors import RptermError
from rpterm.paths import Paths


@dataclass(frozen=True, slots=True)
class TokenCounter:
    """A way of counting tokens.

    Attributes:
        count: Number of tokens of a text.
        by: What was used to count, as text for people.
        exact: False for an estimate.
    """

    count: Callable[[str], int]
    by: str
    exact: bool


@contextmanager
def open_counter(
    settings: Settings, paths: Paths, exact: bool | None = None
) -> Iterator[TokenCounter]:
    """A counter, usable inside the block.

    Args:
        exact: Whether the model counts: always (True), never (False), or, with ``None``, if it can
            be used and is not on a server.

    Raises:
        RptermError: The model cannot be used, and ``exact`` is True.
    """
    from rpterm.cards.lore.records import rough_count

    counter = TokenCounter(rough_count, "estimated at four characters per token", False)
    with ExitStack() as stack:
        if exact or (exact is None and settings.engine != "remote"):
            try:
                counter = _open_model(settings, paths, stack)
            except RptermError:
                if exact:
                    raise
        yield counter


def _open_model(settings: Settings, paths: Paths, stack: ExitStack) -> TokenCounter:
    """The counter of the user's model; of a model on this machine no weights are loaded."""
    if settings.engine == "llama":
        from rpterm.engine.llama.vocab import Vocabulary
        from rpterm.models import library

        path = library.find_model(settings.model, paths.models, paths.cache)
        vocabulary = stack.enter_context(Vocabulary(path))
        count = cache(lambda text: vocabulary.counts([text])[0])
        return TokenCounter(count, f"tokens of {path.stem}", True)
    from rpterm.engine.protocol import Piece
    from rpterm.models.engine_factory import open_engine

    engine = stack.enter_context(closing(open_engine(settings, paths, sequences=1)))
    info = engine.load()
    count = cache(lambda text: len(engine.tokenize([Piece(text)])[0]))
    return TokenCounter(count, f"tokens of {info.model}", info.exact_tokens)
