"""One question to a model, outside of any chat: to draft a card, to judge a reply.

It knows the model's chat template and its window. It knows no card, no store and no front end.
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
    """The question does not fit the model's window."""


def ask(
    engine: Engine,
    system: str,
    question: str,
    sampling: Sampling,
    on_text: Callable[[str], None] | None = None,
) -> str:
    """Ask, and wait for the whole answer.

    Args:
        sampling: With a seed, or 0 is taken; its grammar binds engines that know grammars.
        on_text: Told the answer so far, as it grows.

    Raises:
        AskError: The question and the longest answer do not fit the window.
        RptermError: The engine failed.
    """
    request = request_of(engine, system, question, sampling)
    text = ""
    # Closing the generator stops the engine, also when the user interrupts.
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


def request_of(engine: Engine, system: str, question: str, sampling: Sampling) -> GenerateRequest:
    """The question as the model reads it.

    Raises:
        AskError: The question and the longest answer do not fit the window.
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
            f"The question has {len(ids)} tokens and its answer may take {sampling.max_tokens}; "
            f"the window of {info.model} has {info.context}. Use a larger --context."
        )
    return GenerateRequest(
        prompt_ids=ids,
        prompt_text="".join(piece.text for piece in pieces),
        messages=tuple(zip(roles, texts, strict=True)),
        sampling=replace(sampling, seed=sampling.seed or 0),
    )
