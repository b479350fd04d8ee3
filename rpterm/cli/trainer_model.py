"""The chat template and the tokenizer of the model for which training data is written.

No weights are loaded. If the model is not a local file (a remote engine), ChatML replaces its
template and its tokens are estimated from the number of bytes; ``name`` says so.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rpterm import paths as folders
from rpterm.cli.user_files import load_settings
from rpterm.errors import RptermError

if TYPE_CHECKING:
    from rpterm.engine.llama.vocab import Vocabulary

Messages = Sequence[tuple[str, str]]
_SYSTEM = (("system", "CANARY-1"),)
_GREETING_FIRST = (("assistant", "CANARY-2"), ("user", "CANARY-3"), ("assistant", "CANARY-4"))
_USER_FIRST = (("user", "CANARY-5"), *_GREETING_FIRST)


@dataclass(frozen=True, slots=True)
class TrainerModel:
    """A model as trainers see it.

    Attributes:
        count: Starts to count the tokens of each text; call the result to get the counts.
        count_rendered: Counts the tokens of texts that contain control tokens.
        render: Renders messages with the template; with ``reply`` it ends with the beginning of a
            reply. Raises ``ValueError`` if the template refuses them.
        end: The text that ends a reply.
        user_first: Whether the template refuses a greeting before the first user turn.
        no_system: Whether the template refuses system messages.
        per_message: Tokens that the template adds to a message, at most.
        exact: Whether tokens are the model's own.
    """

    name: str
    count: Callable[[Sequence[str]], Callable[[], list[int]]]
    count_rendered: Callable[[Sequence[str]], list[int]]
    render: Callable[..., str]
    end: str
    user_first: bool
    no_system: bool
    per_message: int
    exact: bool


@contextmanager
def open_trainer_model(name: str | None) -> Iterator[TrainerModel]:
    """A model by its name or file, or the one of the settings.

    Raises:
        RptermError: It cannot be used.
    """
    paths = folders.find()
    settings = load_settings()
    if name is None and settings.engine != "llama":
        yield build_trainer_model("ChatML, tokens estimated", "", "", "<|im_end|>", None)
        return
    from rpterm.engine.llama.vocab import Vocabulary
    from rpterm.models import library, templates
    from rpterm.models.engine_factory import checked_header

    path = library.find_model(settings.model if name is None else name, paths.models, paths.cache)
    header = checked_header(path, folders.make_folder(paths.cache))
    with Vocabulary(path) as vocabulary:
        source = templates.load_template(settings.chat_template) or header.chat_template
        yield build_trainer_model(path.stem, source, header.bos, header.eos, vocabulary)


def build_trainer_model(
    name: str, source: str, bos: str, eos: str, vocabulary: Vocabulary | None
) -> TrainerModel:
    """A model with a template's ``source``; without a vocabulary, tokens are estimated.

    Raises:
        RptermError: The template cannot be used.
    """
    from rpterm.prompt.template import PlainTemplate, TemplateError

    try:
        render = PlainTemplate(source, bos=bos, eos=eos)
    except TemplateError as error:
        raise RptermError(f"The chat template of {name} cannot be used ({error}).") from error
    system = _accepts(render, (*_SYSTEM, *_USER_FIRST))
    greeting = _accepts(render, (*(_SYSTEM if system else ()), *_GREETING_FIRST))
    counting = _TokenCounts(vocabulary)
    return TrainerModel(
        name=name,
        count=counting.begin,
        count_rendered=counting.rendered,
        render=render,
        end=_end(render, eos),
        user_first=not greeting,
        no_system=not system,
        per_message=_tokens_per_message(render, counting, system),
        exact=vocabulary is not None,
    )


class _TokenCounts:
    """Requests counts ahead: they arrive in the order of the requests, whoever waits first."""

    def __init__(self, vocabulary: Vocabulary | None) -> None:
        self._vocabulary = vocabulary
        self._pending: deque[list[list[int]]] = deque()

    def begin(self, texts: Sequence[str]) -> Callable[[], list[int]]:
        """Request counts; the function returned waits for them."""
        if self._vocabulary is None:
            return lambda: _estimated(texts)
        self._receive_all()
        self._vocabulary.ask(texts)
        received: list[list[int]] = []
        self._pending.append(received)

        def wait() -> list[int]:
            if not received:
                self._receive_all()
            return received[0]

        return wait

    def rendered(self, texts: Sequence[str]) -> list[int]:
        """Counts of texts that contain control tokens."""
        if self._vocabulary is None:
            return _estimated(texts)
        self._receive_all()
        return self._vocabulary.counts(texts, special=True)

    def _receive_all(self) -> None:
        while self._pending:
            assert self._vocabulary is not None
            self._pending.popleft().append(self._vocabulary.answer())


def _estimated(texts: Sequence[str]) -> list[int]:
    """One token per three bytes: more than any common tokenizer makes of European text."""
    return [len(text.encode("utf-8", "replace")) // 3 + 1 for text in texts]


def _accepts(render: Callable[..., str], messages: Messages) -> bool:
    try:
        text = render(messages, reply=False)
    except RptermError:
        return False
    # A template may also drop messages that it does not know.
    return all(content in text for _, content in messages)


def _end(render: Callable[..., str], eos: str) -> str:
    """What follows the text of a reply, up to and including the token that ends it."""
    text: str = render((("user", "u"), ("assistant", "REPLY")), reply=False)
    tail = text.rpartition("REPLY")[2]
    return tail[: tail.index(eos) + len(eos)] if eos and eos in tail else eos or tail.rstrip()


def _tokens_per_message(render: Callable[..., str], counting: _TokenCounts, system: bool) -> int:
    """Tokens that the template adds to each message, rounded up."""
    messages = [("user", "u"), ("assistant", "a"), ("user", "v"), ("assistant", "b")]
    if system:
        messages.insert(0, ("system", "s"))
    (many,) = counting.rendered([render(messages, reply=True)])
    return -(-(many - len(messages)) // len(messages)) + 1
