"""Counts the tokens of card texts with the user's model if that is cheap, else estimates them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rpterm.config import Settings
from rpterm.errors import RptermError
from rpterm.paths import Paths

if TYPE_CHECKING:
    from rpterm.engine.protocol import Engine

CHEAP_BYTES = 1_500_000_000
"""Weights up to this size are loaded just for counting."""
_CONTEXT = 256


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
        exact: Whether to load the model: always (True), never (False), or if cheap (``None``).

    Raises:
        RptermError: The model cannot be used, and ``exact`` is True.
    """
    from rpterm.cards.lore.records import rough_count

    rough = TokenCounter(rough_count, "estimated at four characters per token", False)
    if exact is False:
        yield rough
        return
    engine: Engine | None = None
    try:
        try:
            engine = _engine(settings, paths, cheap=exact is None)
            found = _counting(engine) if engine else rough
        except RptermError:
            if exact:
                raise
            found = rough
        yield found
    finally:
        if engine is not None:
            engine.close()


def _counting(engine: Engine) -> TokenCounter:
    from rpterm.engine.protocol import Piece

    info = engine.load()
    known: dict[str, int] = {}

    def count(text: str) -> int:
        if text not in known:
            known[text] = len(engine.tokenize([Piece(text)])[0])
        return known[text]

    return TokenCounter(count, f"tokens of {info.model}", info.exact_tokens)


def _engine(settings: Settings, paths: Paths, *, cheap: bool) -> Engine | None:
    """The engine to count with; ``None`` if it has to be ``cheap`` and is not."""
    from rpterm.models import library
    from rpterm.models.engine_factory import checked_header, open_engine

    if settings.engine == "llama":
        file = library.find_model(settings.model, paths.models, paths.cache)
        if cheap and checked_header(file, paths.cache).file_size > CHEAP_BYTES:
            return None
        settings = replace(settings, context=_CONTEXT, gpu_layers=0, adapter="")
    elif settings.engine == "remote" and cheap:
        return None
    return open_engine(settings, paths, sequences=1)
