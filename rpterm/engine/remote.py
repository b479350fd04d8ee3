"""A model on another machine, behind any server that speaks the OpenAI chat protocol.

llama-server, Ollama, vLLM and the like. The server keeps its own cache and hides its tokens: counts
here are estimates, the window is what the settings or the server say, and nothing can be replayed
bit for bit. Samplers beyond the protocol travel as extra fields, under the names llama-server and
vLLM use; a server that refuses them is asked again without. Not available: banned phrases, scoring
(a fixed local model scores, whatever plays), saved states.
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
from rpterm.engine.remote_fields import LESS, extras, fields
from rpterm.engine.remote_lane import RemoteLane

_PIECE = re.compile(r" ?[^\W\d_]{1,7}|\d{1,3}|\s+|.", re.DOTALL)
_DEFAULT_CONTEXT = 8192
_CONNECT_S = 10.0
_LISTING_S = 20.0
_SILENCE_S = 600.0
_REFUSALS = (400, 422, 500)
"""What servers answer to a field they do not take; llama-cpp-python's own says 500."""
ROOM = 1024
"""Tokens for the thought of a model that thinks although it was asked not to."""


@dataclass(slots=True)
class _Call:
    """One ``generate``: its lanes' news, and whether anybody still wants it."""

    news: queue.SimpleQueue[tuple[RemoteLane, Any]] = field(default_factory=queue.SimpleQueue)
    lanes: list[RemoteLane] = field(default_factory=list)
    cancelled: threading.Event = field(default_factory=threading.Event)

    def stop(self) -> None:
        """Close the streams; the servers stop generating when their reader is gone."""
        for lane in self.lanes:
            with contextlib.suppress(Exception):
                lane.stream.close()


class RemoteEngine:
    """Talks to a server; see ``rpterm.engine.protocol.Engine``."""

    def __init__(self, base_url: str, model: str = "", key: str = "", context: int = 0) -> None:
        """Args:
        base_url: Such as ``http://gpu-box:8080/v1``.
        model: The name the server knows; "" takes the only or first one it lists.
        key: What the server wants as a key; "" where it wants none.
        context: Tokens of the window; 0 asks the server.
        """
        self._url = base_url
        self._model = model
        self._key = key
        self._context = context
        self._client: Any = None
        self._info: EngineInfo | None = None
        self._less = 0
        self._thinks = False
        self._loading = threading.Lock()
        self._lock = threading.Lock()
        self._calls: list[_Call] = []
        self._asides: list[_Call] = []
        self._numbers: dict[str, int] = {}
        self._pieces: list[str] = []

    def load(self, on_progress: Callable[[float], None] | None = None) -> EngineInfo:
        """See the contract; asks the server for its models, which also proves address and key."""
        with self._loading:  # Held while the server is asked; ``cancel`` must not wait for that.
            if (info := self._info) is None:
                client, info = self._look_around()
                with self._lock:
                    self._client, self._info = client, info
        if on_progress is not None:
            on_progress(1.0)
        return info

    @property
    def info(self) -> EngineInfo | None:
        return self._info

    def tokenize(self, pieces: Sequence[Piece]) -> list[list[int]]:
        """An estimate: about as many tokens as most models make of such text."""
        with self._lock:
            return [[self._number(part) for part in _PIECE.findall(p.text)] for p in pieces]

    def detokenize(self, ids: Sequence[int]) -> str:
        known = self._pieces
        return "".join(known[i] if 0 <= i < len(known) else "\ufffd" for i in ids)

    def generate(self, request: GenerateRequest) -> Iterator[EngineEvent]:
        return self._generating(request, _Call())

    def _generating(self, request: GenerateRequest, call: _Call) -> Iterator[EngineEvent]:
        self.load()
        began = time.perf_counter()
        seeds = request.seeds or (request.sampling.seed or 0,)
        call.lanes = [self._lane(index, request) for index in range(len(seeds))]
        with self._lock:
            self._calls.append(call)
        try:
            yield PromptProgress(0, len(request.prompt_ids), 0)

            def start(lane: RemoteLane) -> None:
                work = (call, lane, request, seeds[lane.index])
                threading.Thread(target=self._fetch, args=work, daemon=True).start()

            for lane in call.lanes:
                start(lane)
            yield from self._follow(call, start)
            for lane in call.lanes:
                yield from lane.finish(began)
        finally:
            call.cancelled.set()
            with self._lock:
                self._calls.remove(call)
            call.stop()

    def cancel(self) -> None:
        with self._lock:
            calls = list(self._calls)
        _stop(calls)

    def settle(self, ids: Sequence[int], others: Sequence[Sequence[int]] = ()) -> None:
        """The server looks after its own cache."""

    def settled(self, timeout: float | None = None) -> bool:
        return True

    def aside(self, request: GenerateRequest) -> str | None:
        """See ``AsideEngine``. A server with a single slot evaluates the chat again afterwards."""
        call = _Call()
        with self._lock:
            self._asides.append(call)
        pieces: list[str] = []
        try:
            for event in self._generating(request, call):
                if isinstance(event, Finished) and event.reason == "cancelled":
                    return None
                if isinstance(event, Delta):
                    pieces.append(event.text)
        finally:
            with self._lock:
                self._asides.remove(call)
        return "".join(pieces)

    def cancel_aside(self) -> None:
        with self._lock:
            calls = list(self._asides)
        _stop(calls)

    def logprobs(self, reply: Sequence[int], prompts: Sequence[Sequence[int]]) -> list[list[float]]:
        raise EngineError("A remote server does not tell how likely a given reply is.")

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

    def _number(self, piece: str) -> int:
        number = self._numbers.get(piece)
        if number is None:
            number = self._numbers[piece] = len(self._pieces)
            self._pieces.append(piece)
        return number

    def _look_around(self) -> tuple[Any, EngineInfo]:
        """A client of the server, and what the server tells of itself."""
        import openai

        if not self._url:
            raise ModelError("No server is set: give remote_url, such as http://host:8080/v1.")
        client = openai.OpenAI(
            base_url=self._url,
            api_key=self._key or "none",
            timeout=openai.Timeout(_SILENCE_S, connect=_CONNECT_S),
            max_retries=0,
        )
        try:
            listed = {model.id: model for model in client.models.list(timeout=_LISTING_S)}
        except openai.NotFoundError:
            listed = {}
        except (openai.OpenAIError, ValueError, TypeError, AttributeError) as error:
            raise self._explain(error, ModelError) from error
        name = self._choose(list(listed))
        context = self._context or _window(listed.get(name)) or _DEFAULT_CONTEXT
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

    def _choose(self, names: list[str]) -> str:
        if not self._model and not names:
            raise ModelError(f"The server {self._url} lists no model: name one with `model`.")
        if not self._model:
            return names[0]
        if names and self._model not in names:
            near = get_close_matches(self._model, names, 3, 0.3) or names[:3]
            raise ModelError(
                f"The server {self._url} has no model {self._model!r}; it has {', '.join(near)}."
            )
        return self._model

    def _lane(self, index: int, request: GenerateRequest) -> RemoteLane:
        sampling = request.sampling
        room = sampling.think_tokens or (ROOM if self._thinks else 0)
        return RemoteLane(index, request.stop, sampling.max_tokens, room, sampling.close_after)

    def _follow(self, call: _Call, start: Callable[[RemoteLane], None]) -> Iterator[EngineEvent]:
        """Events until every lane is over, or until somebody cancels.

        Args:
            start: Asks for a reply once more: its tokens went into a thought nobody asked for.
        """
        if call.cancelled.is_set():  # before there were lanes to tell
            _stop([call])
        while any(lane.reason is None for lane in call.lanes):
            lane, news = call.news.get()
            if lane.reason is not None:
                continue
            if isinstance(news, EngineError):
                raise news
            if call.cancelled.is_set():
                lane.reason = "cancelled"
            elif news is None and lane.starved:
                lane.room, lane.ending = ROOM, "end"
                start(lane)
            elif news is None:
                lane.reason = lane.ending
            else:
                yield from lane.take(news)
                self._thinks = self._thinks or lane.thought
                if lane.reason is not None:
                    with contextlib.suppress(Exception):
                        lane.stream.close()

    def _fetch(self, call: _Call, lane: RemoteLane, request: GenerateRequest, seed: int) -> None:
        """Read one stream and pass its chunks on; runs in a thread of its own."""
        import openai

        try:
            lane.stream = self._open(request, seed, lane.room)
            for chunk in lane.stream:
                if call.cancelled.is_set():
                    break
                call.news.put((lane, chunk))
            call.news.put((lane, None))
        except openai.OpenAIError as error:
            call.news.put((lane, self._explain(error, EngineError)))
        except Exception as error:  # noqa: BLE001 - a closed or broken stream raises all sorts
            broken = EngineError(f"The connection to {self._url} broke ({error}). Try again.")
            call.news.put((lane, broken))
        finally:
            if call.cancelled.is_set():
                call.stop()

    def _open(self, request: GenerateRequest, seed: int, room: int) -> Any:
        """Ask, with as many fields beyond the protocol as the server takes."""
        import openai

        given = fields(request, seed, room) | {"model": self._info.model if self._info else ""}
        create = self._client.chat.completions.create
        for less in range(self._less, len(LESS)):
            try:
                stream = create(**given, extra_body=extras(request, LESS[less]))
            except openai.APIStatusError as error:
                if error.status_code not in _REFUSALS or less == len(LESS) - 1:
                    raise
            else:
                self._less = less
                return stream
        raise AssertionError("the last try returns or raises")

    def _explain(self, error: Exception, kind: type[EngineError]) -> EngineError:
        """One sentence for people."""
        import openai

        match error:
            case openai.APITimeoutError():
                said = f"The server {self._url} did not answer in time: is it busy or asleep?"
            case openai.APIConnectionError():
                said = f"There is no server at {self._url}: check remote_url and that it runs."
            case openai.AuthenticationError() | openai.PermissionDeniedError():
                said = f"The server {self._url} refuses the key: check what remote_key_env names."
            case openai.NotFoundError():
                said = f"The server {self._url} does not know {self._model or 'this model'!r}."
            case openai.RateLimitError():
                said = f"The server {self._url} is asked too often: wait a moment."
            case openai.APIStatusError():
                said = f"The server {self._url} answered {error.status_code}: {error.message}"
            case _:
                said = f"The server {self._url} does not speak the OpenAI protocol ({error})."
        return kind(said)


def _stop(calls: Sequence[_Call]) -> None:
    """Let these calls end as cancelled, whatever the server does."""
    for call in calls:
        call.cancelled.set()
        for lane in call.lanes:
            call.news.put((lane, "cancelled"))


def _window(model: Any) -> int:
    """The window a listed model has, under the names vLLM and llama-server give it, or 0."""
    extra: dict[str, Any] = getattr(model, "model_extra", None) or {}
    meta = extra.get("meta")
    meta = meta if isinstance(meta, dict) else {}
    for value in (extra.get("max_model_len"), meta.get("n_ctx"), meta.get("n_ctx_train")):
        if isinstance(value, int) and value > 0:
            return value
    return 0
