"""The model that training data is written for: its chat template and its tokens, no weights."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from rpterm.errors import RptermError
from rpterm.prompt.template import PlainTemplate, TemplateError

if TYPE_CHECKING:
    from rpterm.engine.llama.vocab import Vocabulary

PER_MESSAGE = 8
"""Default number of tokens that a chat template adds to a message."""

_SYSTEM = (("system", "CANARY-1"),)
_GREETING_FIRST = (("assistant", "CANARY-2"), ("user", "CANARY-3"), ("assistant", "CANARY-4"))
_USER_FIRST = (("user", "CANARY-5"), *_GREETING_FIRST)


class Count(Protocol):
    """Starts counting the tokens of each text; the returned function waits for the numbers."""

    def __call__(self, texts: Sequence[str], *, special: bool = False) -> Callable[[], list[int]]:
        """``special`` counts control tokens in the texts as one token each."""
        ...


class Render(Protocol):
    """Renders messages with a chat template."""

    def __call__(self, messages: Sequence[tuple[str, str]], *, reply: bool) -> str:
        """The text, with the beginning of a reply at its end if ``reply`` is true.

        Raises:
            RptermError: The template rejects the messages.
        """
        ...


@dataclass(frozen=True, slots=True)
class TrainerModel:
    """A model as trainers see it.

    Attributes:
        end: The text that ends a reply.
        user_first: Whether the template rejects a greeting before the first user turn.
        no_system: Whether the template rejects system messages.
        per_message: Tokens that the template adds to a message, at most.
        exact: Whether tokens are the model's own.
    """

    name: str
    render: Render
    count: Count
    end: str
    user_first: bool = False
    no_system: bool = False
    per_message: int = PER_MESSAGE
    exact: bool = True

    def texts(self, prompt: str | Sequence[tuple[str, str]], replies: Sequence[str]) -> list[str]:
        """The prompt, rendered unless it is a text already, then the replies with their end.

        Raises:
            RptermError: The template rejects the prompt.
        """
        if not isinstance(prompt, str):
            prompt = self.render(prompt, reply=True)
        return [prompt, *(reply + self.end for reply in replies)]


def build_trainer_model(
    name: str, source: str, bos: str, eos: str, vocabulary: Vocabulary | None
) -> TrainerModel:
    """A model with a template's ``source``; without a vocabulary, tokens are estimated.

    Raises:
        RptermError: The template cannot be used.
    """
    try:
        render = PlainTemplate(source, bos=bos, eos=eos)
    except TemplateError as error:
        raise RptermError(f"The chat template of {name} cannot be used ({error}).") from error
    system = _accepts(render, (*_SYSTEM, *_USER_FIRST))
    greeting = _accepts(render, (*(_SYSTEM if system else ()), *_GREETING_FIRST))
    count: Count = _estimate if vocabulary is None else _TokenCounts(vocabulary).begin
    return TrainerModel(
        name=name,
        render=render,
        count=count,
        end=_end(render, eos),
        user_first=not greeting,
        no_system=not system,
        per_message=_tokens_per_message(render, count, system),
        exact=vocabulary is not None,
    )


class _TokenCounts:
    """Requests counts ahead: they arrive in the order of the requests, whoever waits first."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._pending: deque[list[list[int]]] = deque()

    def begin(self, texts: Sequence[str], *, special: bool = False) -> Callable[[], list[int]]:
        """Request counts; the function returned waits for them."""
        self._receive_all()
        self._vocabulary.ask(texts, special=special)
        received: list[list[int]] = []
        self._pending.append(received)

        def wait() -> list[int]:
            if not received:
                self._receive_all()
            return received[0]

        return wait

    def _receive_all(self) -> None:
        while self._pending:
            self._pending.popleft().append(self._vocabulary.answer())


def _estimate(texts: Sequence[str], *, special: bool = False) -> Callable[[], list[int]]:
    """One token per three bytes: more than any common tokenizer makes of European text."""
    return lambda: [len(text.encode("utf-8", "replace")) // 3 + 1 for text in texts]


def _accepts(render: Render, messages: Sequence[tuple[str, str]]) -> bool:
    try:
        text = render(messages, reply=False)
    except RptermError:
        return False
    # A template may also drop messages that it does not know.
    return all(content in text for _, content in messages)


def _end(render: Render, eos: str) -> str:
    """What follows the text of a reply, up to and including the token that ends it."""
    text = render((("user", "u"), ("assistant", "REPLY")), reply=False)
    tail = text.rpartition("REPLY")[2]
    return tail[: tail.index(eos) + len(eos)] if eos and eos in tail else eos or tail.rstrip()


def _tokens_per_message(render: Render, count: Count, system: bool) -> int:
    """Tokens that the template adds to each message, rounded up."""
    messages = [("user", "u"), ("assistant", "a"), ("user", "v"), ("assistant", "b")]
    if system:
        messages.insert(0, ("system", "s"))
    (many,) = count([render(messages, reply=True)], special=True)()
    return -(-(many - len(messages)) // len(messages)) + 1
