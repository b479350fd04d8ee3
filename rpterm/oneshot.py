"""A single prompt to a model outside any chat, for example to draft a card or to judge a reply.

Applies the model's chat template and checks its context window. Knows no card, no store and no user
interface.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from rpterm.engine.protocol import Delta, Engine, EngineEvent, GenerateRequest, Piece, Retracted
from rpterm.prompt.template import ChatTemplate
from rpterm.types import Role, RptermError, Sampling

if TYPE_CHECKING:
    from collections.abc import Generator


class AskError(RptermError):
    """The question does not fit into the model's context window."""


def ask(
    engine: Engine,
    system: str,
    question: str,
    sampling: Sampling,
    on_text: Callable[[str], None] | None = None,
) -> str:
    """Send a question and wait for the complete answer.

    Args:
        sampling: Without a seed, seed 0 is used. A grammar constrains the engines that support one.
        on_text: Called with the answer so far, each time it changes.

    Raises:
        AskError: The question and the longest possible answer do not fit into the context window.
        RptermError: The engine failed.
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
            if on_text:
                on_text(text)
    return text


def build_request(
    engine: Engine, system: str, question: str, sampling: Sampling
) -> GenerateRequest:
    """The engine request for a question, in the model's chat template.

    Raises:
        AskError: The question and the longest possible answer do not fit into the context window.
    """
    info = engine.load()
    template = ChatTemplate(info.chat_template, bos=info.bos, eos=info.eos)
    roles: list[Role] = ["system", "user"]
    texts = [system, question]
    pieces = [
        Piece(part.text, special=True) if part.index is None else Piece(texts[part.index])
        for part in template.parts(roles)
    ]
    ids = tuple(token for tokens in engine.tokenize(pieces) for token in tokens)
    if len(ids) + sampling.max_tokens > info.context:
        raise AskError(
            f"The question has {len(ids)} tokens and its answer may take {sampling.max_tokens}, "
            f"but {info.model} has a context window of {info.context}. Use a larger --context."
        )
    return GenerateRequest(
        prompt_ids=ids,
        prompt_text="".join(piece.text for piece in pieces),
        messages=tuple(zip(roles, texts, strict=True)),
        sampling=replace(sampling, seed=sampling.seed or 0),
    )
