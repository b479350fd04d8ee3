"""Asks the chat model one short question outside the chat, constrained by a grammar.

Knows the model's template and tokenizer, nothing of what is asked. An interrupted question gives
``None``; one that is too long gives "".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from rpterm.engine.protocol import BackgroundEngine, GenerateRequest, Piece
from rpterm.types import Role, Sampling

MAX_TOKENS = 1000
"""Tokens of question and answer together that an engine accepts outside the chat."""
Message = tuple[Role, str]
Ask = Callable[[Sequence[Message], str, int], str | None]
"""Messages, a grammar and the answer's token limit → the answer, or ``None``."""
Tokenize = Callable[[Sequence[Piece]], list[list[int]]]


class Part(Protocol):
    """A piece of a rendered chat: literal template text, or the place of a message."""

    @property
    def text(self) -> str: ...
    @property
    def index(self) -> int | None: ...


class Template(Protocol):
    """A model's chat template, such as ``rpterm.prompt.template.ChatTemplate``."""

    def parts(self, roles: Sequence[Role]) -> Sequence[Part]: ...


class Asker:
    """Puts questions to one engine."""

    def __init__(self, engine: BackgroundEngine, tokenize: Tokenize, template: Template) -> None:
        self._engine = engine
        self._tokenize = tokenize
        self._template = template

    def __call__(self, messages: Sequence[Message], grammar: str, max_answer: int) -> str | None:
        """Ask; see ``Ask``.

        Raises:
            EngineError: The engine failed, or cannot work outside the chat.
        """
        parts = self._template.parts([role for role, _ in messages])
        pieces = [
            Piece(part.text, special=True) if part.index is None
            else Piece(messages[part.index][1])
            for part in parts
        ]  # fmt: skip
        ids = tuple(token for tokens in self._tokenize(pieces) for token in tokens)
        if len(ids) + max_answer > MAX_TOKENS:
            return ""
        return self._engine.generate_in_background(
            GenerateRequest(
                ids,
                Sampling(
                    seed=1, max_tokens=max_answer, temperature=0, repeat_penalty=1,
                    dry_multiplier=0, min_p=0, grammar=grammar,
                ),
                prompt_text="".join(piece.text for piece in pieces),
                messages=tuple(messages),
            )
        )  # fmt: skip
