"""A single prompt to a model outside any chat, for example to draft a card or to judge a reply.

Applies the model's chat template and checks its context window. Knows no card, no store and no user
interface. ``background_asker`` asks while a chat is open, without disturbing its cache.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, cast

from rpterm.engine.protocol import (
    BackgroundEngine,
    Delta,
    Engine,
    EngineEvent,
    GenerateRequest,
    Piece,
    Retracted,
)
from rpterm.errors import RptermError
from rpterm.prompt.template import ChatTemplate
from rpterm.types import Role, Sampling

if TYPE_CHECKING:
    from collections.abc import Generator

Message = tuple[Role, str]
Ask = Callable[[Sequence[Message], str, int], str | None]
"""Messages, a grammar and the answer's token limit → the answer; "" if the question is too long,
``None`` if it was interrupted."""
BACKGROUND_TOKENS = 1000
"""Tokens of question and answer together that an engine accepts outside the chat."""


def ask(engine: Engine, system: str, question: str, sampling: Sampling) -> str:
    """Send a question and wait for the complete answer.

    Args:
        sampling: Without a seed, seed 0 is used. A grammar constrains the engines that support one.

    Raises:
        RptermError: The question and the longest possible answer do not fit into the context
            window, or the engine failed.
    """
    request = build_request(engine, system, question, sampling)
    text = ""
    # Closing the generator stops the engine, even when the user interrupts.
    stream = cast("Generator[EngineEvent, None, None]", engine.generate(request))
    with closing(stream):
        for event in stream:
            if isinstance(event, Retracted):
                text = text[: len(text) - event.characters]
            elif isinstance(event, Delta):
                text += event.text
    return text


def build_request(
    engine: Engine, system: str, question: str, sampling: Sampling
) -> GenerateRequest:
    """The engine request for a question, in the model's chat template.

    Raises:
        RptermError: The question and the longest possible answer do not fit into the context
            window.
    """
    info = engine.load()
    template = _template(info.chat_template, info.bos, info.eos)
    sampling = replace(sampling, seed=sampling.seed or 0)
    messages: list[Message] = [("system", system), ("user", question)]
    request = _render(engine, template, messages, sampling)
    if len(request.prompt_ids) + sampling.max_tokens > info.context:
        raise RptermError(
            f"The question has {len(request.prompt_ids)} tokens and its answer may take "
            f"{sampling.max_tokens}, but {info.model} has a context window of {info.context}. Use "
            "a larger --context."
        )
    return request


@lru_cache(maxsize=4)
def _template(source: str, bos: str, eos: str) -> ChatTemplate:
    """A model's template; cached, because finding the shape that works takes longer than a use."""
    return ChatTemplate(source, bos=bos, eos=eos)


def background_asker(engine: BackgroundEngine, template: ChatTemplate) -> Ask:
    """A function that asks short questions outside the open chat.

    It raises ``EngineError`` if the engine failed, or cannot work outside the chat.
    """

    def ask(messages: Sequence[Message], grammar: str, max_answer: int) -> str | None:
        sampling = Sampling(
            seed=1, max_tokens=max_answer, temperature=0, repeat_penalty=1, dry_multiplier=0,
            min_p=0, grammar=grammar,
        )  # fmt: skip
        request = _render(engine, template, messages, sampling)
        too_long = len(request.prompt_ids) + max_answer > BACKGROUND_TOKENS
        return "" if too_long else engine.generate_in_background(request)

    return ask


def _render(
    engine: Engine, template: ChatTemplate, messages: Sequence[Message], sampling: Sampling
) -> GenerateRequest:
    """The messages in the model's chat template, ending with the generation prompt."""
    pieces = [
        Piece(part.text, special=True) if part.index is None else Piece(messages[part.index][1])
        for part in template.parts([role for role, _ in messages])
    ]
    return GenerateRequest(
        prompt_ids=tuple(token for tokens in engine.tokenize(pieces) for token in tokens),
        prompt_text="".join(piece.text for piece in pieces),
        messages=tuple(messages),
        sampling=sampling,
    )
