"""The model that training data is made for: its own template and its own tokens, no weights.

Where the model is not a local file (a remote engine), ChatML stands in for its template and its
tokens are reckoned from the bytes; ``name`` says so.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rpterm import config
from rpterm import paths as folders
from rpterm.types import RptermError

if TYPE_CHECKING:
    from rpterm.engine.llama.vocab import Vocabulary

Messages = Sequence[tuple[str, str]]
_SYSTEM = (("system", "CANARY-1"),)
_GREETED = (("assistant", "CANARY-2"), ("user", "CANARY-3"), ("assistant", "CANARY-4"))
_ASKED = (("user", "CANARY-5"), *_GREETED)


@dataclass(frozen=True, slots=True)
class TrainerModel:
    """A model as trainers see it.

    Attributes:
        count: Begins to count the tokens of texts on their own.
        count_rendered: Tokens of texts in which control tokens are meant.
        render: Messages in the template; ``reply`` ends with what opens a reply. It raises
            ``ValueError`` where the template refuses them.
        end: What ends a reply.
        user_first: The template refuses a greeting before the first user turn.
        no_system: The template refuses system messages.
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
def opened(name: str | None) -> Iterator[TrainerModel]:
    """A model by its name or file, or the one of the settings.

    Raises:
        RptermError: It cannot be used.
    """
    paths = folders.find()
    settings = config.load(paths.config_file, os.environ, {})
    if name is None and settings.engine != "llama":
        yield built("ChatML, tokens reckoned", "", "", "<|im_end|>", None)
        return
    from rpterm.engine.llama.vocab import Vocabulary
    from rpterm.models import library, templates
    from rpterm.models.engine_factory import checked_header

    path = library.find_model(settings.model if name is None else name, paths.models, paths.cache)
    header = checked_header(path, folders.make(paths.cache))
    with Vocabulary(path) as vocabulary:
        source = templates.load_template(settings.chat_template) or header.chat_template
        yield built(path.stem, source, header.bos, header.eos, vocabulary)


def built(
    name: str, source: str, bos: str, eos: str, vocabulary: Vocabulary | None
) -> TrainerModel:
    from rpterm.prompt.template import PlainTemplate, TemplateError

    try:
        render = PlainTemplate(source, bos=bos, eos=eos)
    except TemplateError as error:
        raise RptermError(f"The chat template of {name} cannot be used ({error}).") from error
    system = _accepts(render, (*_SYSTEM, *_ASKED))
    greeting = _accepts(render, (*(_SYSTEM if system else ()), *_GREETED))
    counting = _Counting(vocabulary)
    return TrainerModel(
        name=name,
        count=counting.begin,
        count_rendered=counting.rendered,
        render=render,
        end=_end(render, eos),
        user_first=not greeting,
        no_system=not system,
        per_message=_scaffold(render, counting, system),
        exact=vocabulary is not None,
    )


class _Counting:
    """Counts ahead: answers come in the order of the questions, whoever takes them first."""

    def __init__(self, vocabulary: Vocabulary | None) -> None:
        self._vocabulary = vocabulary
        self._open: deque[list[list[int]]] = deque()

    def begin(self, texts: Sequence[str]) -> Callable[[], list[int]]:
        if self._vocabulary is None:
            return lambda: _reckoned(texts)
        self._settle()
        self._vocabulary.ask(texts)
        box: list[list[int]] = []
        self._open.append(box)

        def wait() -> list[int]:
            if not box:
                self._settle()
            return box[0]

        return wait

    def rendered(self, texts: Sequence[str]) -> list[int]:
        if self._vocabulary is None:
            return _reckoned(texts)
        self._settle()
        return self._vocabulary.counts(texts, special=True)

    def _settle(self) -> None:
        while self._open:
            assert self._vocabulary is not None
            self._open.popleft().append(self._vocabulary.answer())


def _reckoned(texts: Sequence[str]) -> list[int]:
    """Three bytes a token: more than any common tokenizer makes of European text."""
    return [len(text.encode("utf-8", "replace")) // 3 + 1 for text in texts]


def _accepts(render: Callable[..., str], messages: Messages) -> bool:
    try:
        text = render(messages, reply=False)
    except RptermError:
        return False
    # A template may also drop what it does not know.
    return all(content in text for _, content in messages)


def _end(render: Callable[..., str], eos: str) -> str:
    """What follows a reply's words, up to the token that ends it."""
    text: str = render((("user", "u"), ("assistant", "REPLY")), reply=False)
    tail = text.rpartition("REPLY")[2]
    return tail[: tail.index(eos) + len(eos)] if eos and eos in tail else eos or tail.rstrip()


def _scaffold(render: Callable[..., str], counting: _Counting, system: bool) -> int:
    """Tokens around a message, the dearest case."""
    messages = [("user", "u"), ("assistant", "a"), ("user", "v"), ("assistant", "b")]
    if system:
        messages.insert(0, ("system", "s"))
    (many,) = counting.rendered([render(messages, reply=True)])
    return -(-(many - len(messages)) // len(messages)) + 1
