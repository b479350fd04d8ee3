"""A model on another machine, behind any server that speaks the OpenAI chat protocol.

For example llama-server, Ollama or vLLM. The server manages its own cache and hides its tokens:
counts here are estimates, the context window is what the settings or the server say, and no reply
can be replayed bit for bit. Samplers outside the protocol are sent as extra fields, under the names
that llama-server and vLLM use; if the server rejects them, the request is repeated without. Not
available: banned phrases, scoring (a fixed local model scores, whichever model replies) and saved
states.
"""

from __future__ import annotations

import contextlib
import queue
import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import Any

from rpterm.engine.protocol import (
    Delta,
    EngineError,
    EngineEvent,
    EngineInfo,
    Finished,
    GenerateRequest,
    ModelError,
    Piece,
    PromptProgress,
)
from rpterm.engine.remote.context import context_length
from rpterm.engine.remote.errors import connection_broke, explain, pause_s
from rpterm.engine.remote.fields import FALLBACKS, extra_fields, standard_fields
from rpterm.engine.remote.reply import RemoteReply

_TOKEN_LIKE = re.compile(r" ?[^\W\d_]{1,7}|\d{1,3}|\s+|.", re.DOTALL)
_CONNECT_TIMEOUT_S = 10.0
_LIST_MODELS_TIMEOUT_S = 20.0
_READ_TIMEOUT_S = 600.0
_PATIENCE_S = 120.0
"""Longest wait for a server that asks for one; the user can stop it at once."""
_REJECTED = (400, 422, 500)
"""How servers answer an unknown field; 500 is llama-cpp-python's own server."""
UNEXPECTED_THOUGHT_TOKENS = 1024
"""Tokens for the thought of a model that thinks although it was asked not to."""


@dataclass(slots=True)
class _Call:
    """One ``generate`` call: its replies, and a queue of what their threads receive.

    Attributes:
        inbox: Pairs of a reply and a chunk of it, an error, or ``None`` at the end of its stream.
    """

    inbox: queue.SimpleQueue[tuple[RemoteReply, Any]] = field(default_factory=queue.SimpleQueue)
    replies: list[RemoteReply] = field(default_factory=list)
    cancelled: threading.Event = field(default_factory=threading.Event)

    def cancel(self) -> None:
        """End all replies as cancelled, even if the server does not react."""
        self.cancelled.set()
        for reply in self.replies:
            self.inbox.put((reply, "cancelled"))

    def close_streams(self) -> None:
        """Close the streams; servers stop generating when the connection is gone."""
        for reply in self.replies:
            with contextlib.suppress(Exception):
                reply.stream.close()


class RemoteEngine:
    """Talks to a server; see ``rpterm.engine.protocol.Engine``."""

    def __init__(self, base_url: str, model: str = "", key: str = "", context: int = 0) -> None:
        """Args:
        base_url: Such as ``http://gpu-box:8080/v1``.
        model: The model's name on the server; "" takes the first one it lists.
        key: API key; "" if the server needs none.
        context: Context window in tokens; 0 asks the server.
        """
        self._url = base_url
        self._model = model
        self._key = key
        self._context = context
        self._client: Any = None
        self._info: EngineInfo | None = None
        self._fallback = 0
        self._always_thinks = False
        self._loading = threading.Lock()
        self._lock = threading.Lock()
        self._calls: list[_Call] = []
        self._background_calls: list[_Call] = []
        self._token_ids: dict[str, int] = {}
        self._token_texts: list[str] = []

    def load(self, on_progress: Callable[[float], None] | None = None) -> EngineInfo:
        """See ``Engine``; lists the server's models, which also checks address and key."""
        with self._loading:  # Held while the server is asked; ``cancel`` must not wait for that.
            if (info := self._info) is None:
                client, info = self._connect()
                with self._lock:
                    self._client, self._info = client, info
        if on_progress is not None:
            on_progress(1.0)
        return info

    @property
    def info(self) -> EngineInfo | None:
        return self._info

    def tokenize(self, pieces: Sequence[Piece]) -> list[list[int]]:
        """An estimate: about as many tokens as most models need for the text."""
        with self._lock:
            return [[self._token_id(part) for part in _TOKEN_LIKE.findall(p.text)] for p in pieces]

    def detokenize(self, ids: Sequence[int]) -> str:
        texts = self._token_texts
        return "".join(texts[i] if 0 <= i < len(texts) else "\ufffd" for i in ids)

    def generate(self, request: GenerateRequest) -> Iterator[EngineEvent]:
        return self._run(request, _Call())

    def _run(self, request: GenerateRequest, call: _Call) -> Iterator[EngineEvent]:
        self.load()
        began = time.perf_counter()
        seeds = request.seeds or (request.sampling.seed or 0,)
        call.replies = [self._new_reply(index, request) for index in range(len(seeds))]
        with self._lock:
            self._calls.append(call)
        try:
            yield PromptProgress(0, len(request.prompt_ids), 0)

            def start(reply: RemoteReply) -> None:
                arguments = (call, reply, request, seeds[reply.index])
                threading.Thread(target=self._read_stream, args=arguments, daemon=True).start()

            for reply in call.replies:
                start(reply)
            yield from self._receive(call, start)
            for reply in call.replies:
                yield from reply.finish(began)
        finally:
            call.cancelled.set()
            with self._lock:
                self._calls.remove(call)
            call.close_streams()

    def cancel(self) -> None:
        self._cancel(self._calls)

    def settle(self, ids: Sequence[int], others: Sequence[Sequence[int]] = ()) -> None:
        """Nothing to do: the server manages its own cache."""

    def settled(self, timeout: float | None = None) -> bool:
        return True

    def generate_in_background(self, request: GenerateRequest) -> str | None:
        """See ``BackgroundEngine``; a server with a single slot must evaluate the chat again."""
        call = _Call()
        with self._lock:
            self._background_calls.append(call)
        pieces: list[str] = []
        try:
            for event in self._run(request, call):
                if isinstance(event, Finished) and event.reason == "cancelled":
                    return None
                if isinstance(event, Delta):
                    pieces.append(event.text)
        finally:
            with self._lock:
                self._background_calls.remove(call)
        return "".join(pieces)

    def cancel_background(self) -> None:
        self._cancel(self._background_calls)

    def logprobs(self, reply: Sequence[int], prompts: Sequence[Sequence[int]]) -> list[list[float]]:
        raise EngineError("A remote server cannot compute the log-probabilities of a given reply.")

    def save_state(self, path: Path) -> bool:
        return False

    def load_state(self, path: Path) -> int:
        return 0

    def close(self) -> None:
        self.cancel()
        with self._lock:
            client, self._client, self._info = self._client, None, None
        if client is not None:
            client.close()

    def _cancel(self, calls: Sequence[_Call]) -> None:
        with self._lock:
            calls = list(calls)
        for call in calls:
            call.cancel()

    def _token_id(self, text: str) -> int:
        token = self._token_ids.get(text)
        if token is None:
            token = self._token_ids[text] = len(self._token_texts)
            self._token_texts.append(text)
        return token

    def _connect(self) -> tuple[Any, EngineInfo]:
        """Create a client, and find out what the server offers."""
        import openai

        if not self._url:
            raise ModelError(
                "No server is set: set remote_url, for example to http://host:8080/v1."
            )
        client = openai.OpenAI(
            base_url=self._url,
            api_key=self._key or "none",
            timeout=openai.Timeout(_READ_TIMEOUT_S, connect=_CONNECT_TIMEOUT_S),
            max_retries=0,
        )
        try:
            listed = {
                model.id: model for model in client.models.list(timeout=_LIST_MODELS_TIMEOUT_S)
            }
        except openai.NotFoundError:
            listed = {}
        except (openai.OpenAIError, ValueError, TypeError, AttributeError) as error:
            raise ModelError(explain(error, self._url, self._model)) from error
        name = self._choose_model(list(listed))
        context = context_length(client, self._url, name, listed.get(name), self._context)
        return client, EngineInfo(
            engine="remote",
            model=name,
            path=self._url,
            model_hash=name,
            context=context,
            sequences=8,
            exact_tokens=False,
            detail={"server": self._url, "models": ", ".join(listed)},
        )

    def _choose_model(self, names: list[str]) -> str:
        if not self._model and not names:
            raise ModelError(
                f"The server {self._url} lists no model: set `model` to the name of one."
            )
        if not self._model:
            return names[0]
        if names and self._model not in names:
            near = get_close_matches(self._model, names, 3, 0.3) or names[:3]
            raise ModelError(
                f"The server {self._url} has no model {self._model!r}; it has {', '.join(near)}."
            )
        return self._model

    def _new_reply(self, index: int, request: GenerateRequest) -> RemoteReply:
        sampling = request.sampling
        thought_tokens = sampling.think_tokens
        if not thought_tokens and self._always_thinks:
            thought_tokens = UNEXPECTED_THOUGHT_TOKENS
        return RemoteReply(
            index, request.stop, sampling.max_tokens, thought_tokens, sampling.close_after
        )

    def _receive(self, call: _Call, start: Callable[[RemoteReply], None]) -> Iterator[EngineEvent]:
        """Events until every reply has ended or the call is cancelled.

        Args:
            start: Requests a reply; used again where an unexpected thought took all its tokens.
        """
        if call.cancelled.is_set():  # Before there were replies to cancel.
            call.cancel()
        while any(reply.reason is None for reply in call.replies):
            reply, item = call.inbox.get()
            if reply.reason is not None:
                continue
            if isinstance(item, EngineError):
                raise item
            if call.cancelled.is_set():
                reply.reason = "cancelled"
            elif item is None and reply.consumed_by_thought:
                reply.thought_tokens = UNEXPECTED_THOUGHT_TOKENS
                reply.expected_reason, reply.ended = "end", False
                start(reply)
            elif item is None and reply.cut_short:
                raise EngineError(connection_broke(self._url))
            elif item is None:
                reply.reason = reply.expected_reason
            else:
                yield from reply.take(item)
                self._always_thinks = self._always_thinks or reply.has_thought
                if reply.reason is not None:
                    with contextlib.suppress(Exception):
                        reply.stream.close()

    def _read_stream(
        self, call: _Call, reply: RemoteReply, request: GenerateRequest, seed: int
    ) -> None:
        """Request one reply and pass its chunks to the inbox; runs in a thread of its own."""
        try:
            reply.stream = self._open_stream(call, request, seed, reply.thought_tokens)
            for chunk in reply.stream:
                if call.cancelled.is_set():
                    break
                call.inbox.put((reply, chunk))
            call.inbox.put((reply, None))
        except Exception as error:  # noqa: BLE001 - a closed or broken stream raises anything
            begun = reply.stream is not None
            text = explain(error, self._url, self._model, begun=begun)
            call.inbox.put((reply, EngineError(text)))
        finally:
            if call.cancelled.is_set():
                call.close_streams()

    def _open_stream(
        self, call: _Call, request: GenerateRequest, seed: int, thought_tokens: int
    ) -> Any:
        """Send the request, with as many fields outside the protocol as the server accepts."""
        import openai

        standard = standard_fields(request, seed, thought_tokens)
        standard["model"] = self._info.model if self._info else ""
        create = partial(self._create_when_free, call, **standard)
        for number in range(self._fallback, len(FALLBACKS)):
            try:
                stream = create(extra_body=extra_fields(request, FALLBACKS[number]))
            except openai.APIStatusError as error:
                if error.status_code not in _REJECTED or number == len(FALLBACKS) - 1:
                    raise
            else:
                self._check_is_stream(stream)
                self._fallback = number
                return stream
        raise AssertionError("the last attempt returns or raises")

    def _create_when_free(self, call: _Call, **fields: Any) -> Any:
        """Send the request, again and again while the server is busy or loads its model."""
        import openai

        waited = 0.0
        while True:
            try:
                return self._client.chat.completions.create(**fields)
            except openai.APIStatusError as error:
                pause = pause_s(error)
                if pause is None or waited + pause > _PATIENCE_S or call.cancelled.wait(pause):
                    raise
                waited += pause

    def _check_is_stream(self, stream: Any) -> None:
        """Check that the server did not answer with a web page, such as a login form.

        Raises:
            EngineError: It did.
        """
        if "text/html" in stream.response.headers.get("content-type", ""):
            stream.close()
            raise EngineError(
                f"The server {self._url} answered with a web page instead of a reply: check "
                "remote_url, which often ends with /v1."
            )
