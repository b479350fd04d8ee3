"""Evaluates the prompt of a message while the user is still typing it.

The memories of a turn stand between the chat and the user's words, so they can only be evaluated
once something was typed. Whenever typing pauses, the engine evaluates the prompt of the draft. What
it recalls changes with the last words, and a cache holds only a common beginning: memories that
are evaluated already therefore stay at the front of the block, in their order, for as long as the
draft still recalls them.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile
from typing import NamedTuple

from rpterm.engine.protocol import Engine
from rpterm.prompt.static_block import Insert
from rpterm.types import Prompt

_UNSURE = 2
"""Tokens at the end of a draft that may become others with the next letters."""


class _Block(NamedTuple):
    """The memories of a prompt, in its order, and the turn that the message answers."""

    parent_id: int | None = None
    memories: tuple[str, ...] = ()


class PreparedDraft:
    """The memories of a draft's prompt that the engine has evaluated, in the prompt's order."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._begun = _Block()
        self._evaluated = _Block()

    def evaluate(self, prompt: Prompt, parent_id: int | None) -> None:
        """Let the engine evaluate the prompt of a draft in the background.

        Args:
            parent_id: The turn that the draft answers.
        """
        end = max(i for i, span in enumerate(prompt.spans) if span.source.startswith("turn:"))
        ids = [token for span in prompt.spans[: end + 1] for token in span.ids]
        self._engine.settle(ids[:-_UNSURE])
        sources = [span.source for span in prompt.spans]
        memories = tuple(source for source in sources if source.startswith("memory:"))
        self._begun = _Block(parent_id, memories)

    def put_first(
        self, memories: Sequence[Insert], parent_id: int | None
    ) -> tuple[tuple[Insert, ...], frozenset[str]]:
        """Put memories that are evaluated already where they are in the cache.

        Args:
            memories: The memories of a prompt, best first.
            parent_id: The turn that the message answers.

        Returns:
            The same memories, and the sources of those that need no evaluation.
        """
        if self._engine.settled(0):
            self._evaluated = self._begun
        prepared = self._evaluated if self._evaluated.parent_id == parent_id else _Block()
        by_source = {memory.source: memory for memory in memories}
        kept = list(takewhile(lambda source: source in by_source, prepared.memories))
        new = [memory for memory in memories if memory.source not in kept]
        return (*(by_source[source] for source in kept), *new), frozenset(kept)
