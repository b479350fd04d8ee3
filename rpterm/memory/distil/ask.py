"""Putting one short question to the chat model beside the chat, under a grammar.

Knows the model's template and tokenizer, nothing of what is asked. A question that is interrupted
gives ``None``, one that does not fit "".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from rpterm.engine.protocol import BackgroundEngine, GenerateRequest, Piece
from rpterm.types import Role, Sampling

ROOM = 1000
"""Tokens of question and answer together that an engine takes beside the chat."""
Message = tuple[Role, str]
Ask = Callable[[Sequence[Message], str, int], str | None]
"""Messages, a grammar and the most tokens, to the answer or ``None``."""
Tokenize = Callable[[Sequence[Piece]], list[list[int]]]


class Part(Protocol):
    """A piece of a rendered chat: scaffold, or the place of a message."""

    @property
    def text(self) -> str: ...
    @property
    def index(self) -> int | None: ...


class Template(Protocol):
    """A model's chat template; ``rpterm.prompt.template.ChatTemplate`` is one."""

    def parts(self, roles: Sequence[Role]) -> Sequence[Part]: ...


class Asker:
    """Asks one engine; see ``Ask``."""

    def __init__(self, engine: BackgroundEngine, tokenize: Tokenize, template: Template) -> None:
        self._engine = engine
        self._tokenize = tokenize
        self._template = template

    def __call__(self, messages: Sequence[Message], grammar: str, most: int) -> str | None:
        """Raises:
        EngineError: The engine failed, or cannot work beside the chat.
        """
        parts = self._template.parts([role for role, _ in messages])
        pieces = [
            Piece(part.text, special=True) if part.index is None
            else Piece(messages[part.index][1])
            for part in parts
        ]  # fmt: skip
        ids = tuple(token for tokens in self._tokenize(pieces) for token in tokens)
        if len(ids) + most > ROOM:
            return ""
        return self._engine.generate_in_background(
            GenerateRequest(
                ids,
                Sampling(
                    seed=1, max_tokens=most, temperature=0, repeat_penalty=1, dry_multiplier=0,
                    min_p=0, grammar=grammar,
                ),
                prompt_text="".join(piece.text for piece in pieces),
                messages=tuple(messages),
            )
        )  # fmt: skip
