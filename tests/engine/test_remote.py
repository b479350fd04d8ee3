"""The remote engine against a tiny server in this process."""

from __future__ import annotations

import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from rpterm.engine.protocol import (
    Delta,
    EngineError,
    EngineEvent,
    Finished,
    GenerateRequest,
    ModelError,
    Piece,
    Retracted,
    Thought,
)
from rpterm.engine.remote import engine as remote
from rpterm.engine.remote import errors as remote_errors
from rpterm.engine.remote.engine import RemoteEngine
from rpterm.types import Sampling

ASK = GenerateRequest(
    (1, 2, 3), Sampling(seed=5, min_p=0.07), messages=(("system", "Be Ann."), ("user", "Hi"))
)


class FakeServer(ThreadingHTTPServer):
    """Answers like a small OpenAI-compatible server, and remembers what it was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[dict[str, Any]] = []
        self.words = ["*smiles* ", "Hello ", "é🎉", "\nUs", "er: x"]
        self.finish = "stop"
        self.key = "secret"
        self.refuses = ""
        self.refused_top_k: tuple[int, ...] = ()
        self.deltas: list[dict[str, Any]] = []
        self.then: list[dict[str, Any]] = []
        """What is streamed the next time, where it is something else than words."""
        self.models: dict[str, Any] = {"object": "list", "data": [model("tiny"), model("big")]}
        self.refusals: list[tuple[int, str, dict[str, str]]] = []
        """Status, message and headers of the next answers, in place of a reply."""
        self.error_fields: dict[str, Any] = {}
        self.breaks_at: int | None = None
        """The delta before which the connection is reset."""
        self.props: Any = []
        self.is_ollama = False
        self.loaded: list[dict[str, Any]] = []
        """The models that an Ollama has loaded."""
        self.silent_end = False
        """Whether the stream ends after the last delta, without a word that the reply is whole."""
        self.body: tuple[str, bytes] | None = None
        """Content type and bytes of every reply, instead of a proper one."""
        self.hold = threading.Event()
        self.hold.set()
        self.hold_at = 1
        self.hung_up = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"


def model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "x", "max_model_len": 2048}


class Handler(BaseHTTPRequestHandler):
    server: FakeServer

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def answer(self, code: int, body: Any, headers: dict[str, str] | None = None) -> None:
        raw = json.dumps(body).encode()
        self.send_response(code)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def allowed(self) -> bool:
        if self.headers.get("Authorization") == f"Bearer {self.server.key}":
            return True
        self.answer(401, {"error": {"message": "who are you?"}})
        return False

    def do_GET(self) -> None:
        if self.allowed():
            if self.path == "/api/ps" and self.server.is_ollama:
                self.answer(200, {"models": self.server.loaded})
                return
            is_props = self.path == "/props"
            self.answer(200, self.server.props if is_props else self.server.models)

    def do_POST(self) -> None:
        if not self.allowed():
            return
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append(body)
        if self.path == "/api/generate":
            self.server.loaded = [{"name": f"{body['model']}:latest", "context_length": 4096}]
            self.answer(200, {"model": body["model"], "done": True})
            return
        if self.server.refusals:
            code, message, headers = self.server.refusals.pop(0)
            error = {"message": message, **self.server.error_fields}
            self.answer(code, {"error": error}, headers)
            return
        if self.server.refuses and self.server.refuses in body:
            self.answer(400, {"error": {"message": f"unknown field {self.server.refuses}"}})
            return
        if body.get("top_k") in self.server.refused_top_k:
            self.answer(500, {"error": {"message": "top_k is out of range"}})
            return
        kind, raw = self.server.body or ("text/event-stream", None)
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.end_headers()
        try:
            self.wfile.write(raw) if raw is not None else self.stream()
        except OSError:
            self.server.hung_up.set()

    def stream(self) -> None:
        server = self.server
        deltas = server.deltas or [{"content": word} for word in server.words]
        for number, delta in enumerate(deltas):
            if number == self.server.hold_at:
                while not self.server.hold.wait(0.02):
                    self.wfile.write(b": still here\n\n")
            if number == self.server.breaks_at:
                self.wfile.flush()
                reset_when_closed = struct.pack("ii", 1, 0)
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset_when_closed)
                self.connection.close()
                raise BrokenPipeError
            self.event({"choices": [{"index": 0, "delta": delta}]})
        if server.silent_end:
            return
        if server.then:
            server.deltas, server.then = server.then, []
        last = {"index": 0, "delta": {}, "finish_reason": self.server.finish}
        self.event({"choices": [last]})
        counts = {"prompt_tokens": 9, "completion_tokens": 7, "total_tokens": 16}
        self.event(
            {"choices": [], "usage": counts | {"prompt_tokens_details": {"cached_tokens": 4}}}
        )
        self.wfile.write(b"data: [DONE]\n\n")

    def event(self, fields: dict[str, Any]) -> None:
        chunk = {"id": "1", "object": "chat.completion.chunk", "created": 0, "model": "tiny"}
        self.wfile.write(b"data: " + json.dumps(chunk | fields).encode() + b"\n\n")


@pytest.fixture
def server() -> Iterator[FakeServer]:
    made = FakeServer()
    thread = threading.Thread(target=made.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield made
    made.hold.set()
    made.shutdown()
    made.server_close()


@pytest.fixture
def engine(server: FakeServer) -> Iterator[RemoteEngine]:
    made = RemoteEngine(server.url, "tiny", key="secret")
    yield made
    made.close()


def text_of(events: list[EngineEvent], index: int = 0) -> str:
    return "".join(e.text for e in events if isinstance(e, Delta) and e.index == index)


def ends(events: list[EngineEvent]) -> list[Finished]:
    return [event for event in events if isinstance(event, Finished)]


def test_load_uses_what_the_server_reports(engine: RemoteEngine, server: FakeServer) -> None:
    info = engine.load()
    assert (info.engine, info.model, info.context) == ("remote", "tiny", 2048)
    assert not info.exact_tokens and not info.can_score
    assert engine.load() is info is engine.info
    first = RemoteEngine(server.url, "", key="secret", context=99).load()
    assert (first.model, first.context) == ("tiny", 99)


@pytest.mark.parametrize(
    ("props", "context"),
    [({"default_generation_settings": {"n_ctx": 4096}}, 4096), ("hello", 131072), ({}, 131072)],
)
def test_a_llama_server_may_have_been_started_with_less_context_than_the_model_was_trained_for(
    engine: RemoteEngine, server: FakeServer, props: Any, context: int
) -> None:
    plain = {key: value for key, value in model("tiny").items() if key != "max_model_len"}
    server.models["data"] = [plain | {"meta": {"n_ctx_train": 131072}}]
    server.props = props
    assert engine.load().context == context


@pytest.mark.parametrize(("wanted", "context"), [(0, 4096), (2000, 2000), (16384, 4096)])
def test_no_prompt_is_longer_than_the_context_that_ollama_loads(
    server: FakeServer, wanted: int, context: int
) -> None:
    server.is_ollama = True
    server.models["data"] = [{"id": "tiny", "object": "model", "created": 0, "owned_by": "library"}]
    for _ in range(2):  # The second time it is loaded already.
        with closing(RemoteEngine(server.url, "tiny", key="secret", context=wanted)) as engine:
            assert engine.load().context == context
    assert [sorted(body) for body in server.asked] == [["model", "stream"]]


def test_streams_and_counts(engine: RemoteEngine, server: FakeServer) -> None:
    events = list(engine.generate(ASK))
    assert text_of(events) == "*smiles* Hello é🎉\nUser: x"
    (end,) = ends(events)
    assert (end.reason, end.usage.generated) == ("end", 7)
    assert (end.usage.reused, end.usage.evaluated) == (4, 5)
    (asked,) = server.asked
    assert asked["messages"] == [
        {"role": "system", "content": "Be Ann."},
        {"role": "user", "content": "Hi"},
    ]
    assert (asked["seed"], asked["min_p"], asked["dry_multiplier"]) == (5, 0.07, 0.8)
    assert "grammar" not in asked and "mirostat" not in asked


def test_without_token_counts_of_the_server_the_pieces_are_counted(
    engine: RemoteEngine, server: FakeServer
) -> None:
    def piece(delta: dict[str, str], finish: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        return b"data: " + json.dumps({"choices": [choice]}).encode() + b"\n\n"

    pieces = [piece({"content": word}) for word in ("Aye", ", ", "sir.")]
    server.body = "text/event-stream", b"".join([*pieces, piece({}, "stop"), b"data: [DONE]\n\n"])
    events = list(engine.generate(ASK))
    (end,) = ends(events)
    assert (text_of(events), end.usage.generated) == ("Aye, sir.", 3)


def test_samplers_a_server_has_on_by_default_are_switched_off(
    engine: RemoteEngine, server: FakeServer
) -> None:
    list(engine.generate(replace(ASK, sampling=Sampling(top_k=0, min_p=0.0))))
    list(engine.generate(replace(ASK, sampling=Sampling(top_k=30, min_p=0.2))))
    assert [(asked["top_k"], asked["min_p"]) for asked in server.asked] == [(-1, 0.0), (30, 0.2)]


def test_length_is_a_stop_reason_of_its_own(engine: RemoteEngine, server: FakeServer) -> None:
    server.finish = "length"
    (end,) = ends(list(engine.generate(ASK)))
    assert (end.reason, end.usage.generated) == ("length", 7)


def test_stop_texts_are_found_by_the_client(engine: RemoteEngine) -> None:
    stops = ("a1", "b2", "c3", "d4", "\nUser:")
    events = list(engine.generate(replace(ASK, stop=stops)))
    assert text_of(events) == "*smiles* Hello é🎉"
    assert ends(events)[0].reason == "stop"


def test_a_long_reply_is_closed_on_this_side(engine: RemoteEngine) -> None:
    sampling = replace(ASK.sampling, close_after=1)
    events = list(engine.generate(replace(ASK, sampling=sampling)))
    assert text_of(events).rstrip() == "*smiles*"
    assert ends(events)[0].reason == "closed"


def test_a_server_that_knows_only_the_protocol(engine: RemoteEngine, server: FakeServer) -> None:
    server.refuses = "min_p"
    for _ in range(2):
        assert ends(list(engine.generate(ASK)))
    assert ["min_p" in asked for asked in server.asked] == [True] * 4 + [False, False]


def test_candidates_are_requests_side_by_side(engine: RemoteEngine, server: FakeServer) -> None:
    events = list(engine.generate(replace(ASK, seeds=(1, 2, 3))))
    assert [end.index for end in ends(events)] == [0, 1, 2]
    assert text_of(events, 0) == text_of(events, 2) != ""
    assert sorted(asked["seed"] for asked in server.asked) == [1, 2, 3]


def until_held(events: Iterator[EngineEvent]) -> None:
    while not isinstance(next(events), Delta):
        pass


def test_cancel_ends_at_once_and_hangs_up(engine: RemoteEngine, server: FakeServer) -> None:
    server.hold.clear()
    stream = engine.generate(ASK)
    until_held(stream)
    engine.cancel()
    rest = list(stream)
    assert ends(rest)[0].reason == "cancelled"
    assert not server.hold.is_set(), "the server was still in the middle of it"
    assert server.hung_up.wait(10)


def test_closing_hangs_up(engine: RemoteEngine, server: FakeServer) -> None:
    server.hold.clear()
    stream: Any = engine.generate(ASK)
    until_held(stream)
    stream.close()
    assert server.hung_up.wait(10)


def refused(server: FakeServer) -> RemoteEngine:
    return RemoteEngine(server.url, "tiny", key="wrong")


def unknown(server: FakeServer) -> RemoteEngine:
    return RemoteEngine(server.url, "tyni", key="secret")


def nobody(_server: FakeServer) -> RemoteEngine:
    return RemoteEngine("http://127.0.0.1:9/v1", "tiny")


def unset(_server: FakeServer) -> RemoteEngine:
    return RemoteEngine("", "tiny")


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (refused, "rejects the key"),
        (unknown, "no model 'tyni'; it has tiny"),
        (nobody, "No server answers at"),
        (unset, "remote_url"),
    ],
)
def test_a_server_that_cannot_be_used_is_told_in_a_sentence(
    server: FakeServer, make: Callable[[FakeServer], RemoteEngine], says: str
) -> None:
    engine = make(server)
    with pytest.raises(ModelError, match=says):
        list(engine.generate(ASK))
    engine.close()


@pytest.fixture
def silent() -> Iterator[socket.socket]:
    """A server that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as made:
        made.settimeout(20)
        yield made


def of(listening: socket.socket) -> RemoteEngine:
    return RemoteEngine(f"http://127.0.0.1:{listening.getsockname()[1]}/v1", "tiny")


def test_cancel_does_not_wait_for_a_silent_server(silent: socket.socket) -> None:
    engine = of(silent)
    failed = threading.Event()

    def load() -> None:
        with pytest.raises(ModelError):
            engine.load()
        failed.set()

    loading = threading.Thread(target=load)
    loading.start()
    connection, _ = silent.accept()
    with connection:
        connection.recv(1)  # It has been asked for its models.
        engine.cancel()
        assert engine.tokenize([Piece("Hello")])
        engine.close()
        assert loading.is_alive(), "all that came while the server was waited for"
    loading.join(20)
    assert failed.is_set()


def test_a_silent_server_is_an_error_soon(
    silent: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote, "_LIST_MODELS_TIMEOUT_S", 0.1)
    with pytest.raises(ModelError, match="did not answer in time"):
        of(silent).load()


def test_a_server_of_another_kind(server: FakeServer) -> None:
    server.models = {"hello": "world"}
    with pytest.raises(ModelError):
        RemoteEngine(server.url, "", key="secret").load()


@pytest.mark.parametrize(
    ("kind", "body", "message"),
    [
        ("text/html; charset=utf-8", b"<html>Log in</html>", "answered with a web page"),
        ("text/event-stream", b"data: {nonsense}\n\n", "does not speak the OpenAI protocol"),
        (
            "text/event-stream",
            b'data: {"error": {"message": "CUDA out of memory", "code": 500}}\n\n',
            "failed: CUDA out of memory",
        ),
    ],
)
def test_what_is_no_reply_is_called_by_its_name(
    engine: RemoteEngine, server: FakeServer, kind: str, body: bytes, message: str
) -> None:
    server.body = kind, body
    with pytest.raises(EngineError, match=message):
        list(engine.generate(ASK))


def test_a_server_that_ignores_the_limit_is_stopped(
    engine: RemoteEngine, server: FakeServer
) -> None:
    server.words = ["word "] * 5000
    events = list(engine.generate(replace(ASK, sampling=Sampling(seed=5, max_tokens=20))))
    assert ends(events)[0].reason == "length"
    assert len(text_of(events)) < 1000


def test_a_server_that_goes_away(engine: RemoteEngine, server: FakeServer) -> None:
    engine.load()
    server.shutdown()
    server.server_close()
    with pytest.raises(EngineError, match=r"No server|broke"):
        list(engine.generate(ASK))


def test_a_busy_server_is_asked_again_when_it_says(
    engine: RemoteEngine, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote_errors, "_LOADING_PAUSE_S", 0.01)
    server.refusals = [(429, "slow down", {"Retry-After": "0.2"}), (503, "Loading model", {})]
    began = time.monotonic()
    assert text_of(list(engine.generate(ASK))).startswith("*smiles*")
    assert len(server.asked) == 3
    assert time.monotonic() - began >= 0.2


@pytest.mark.parametrize(
    ("code", "headers", "end"),
    [(429, {}, "in a moment"), (429, {"Retry-After": "3600"}, "in 3600 s")],
)
def test_a_server_that_is_busy_for_long_is_told_with_its_own_words(
    engine: RemoteEngine, server: FakeServer, code: int, headers: dict[str, str], end: str
) -> None:
    server.refusals = [(code, "quota exceeded", headers)]
    with pytest.raises(EngineError, match=rf"busy \(quota exceeded\): try again {end}\."):
        list(engine.generate(ASK))
    assert len(server.asked) == 1


def test_a_prompt_too_long_for_the_server_is_told_with_the_setting(
    engine: RemoteEngine, server: FakeServer
) -> None:
    server.refusals = [(400, "the request exceeds the available context size", {})] * 9
    server.error_fields = {"type": "exceed_context_size_error", "n_ctx": 2048}
    with pytest.raises(EngineError, match=r"`rpterm config set context 2048`\.$"):
        list(engine.generate(ASK))


def test_cancel_does_not_wait_for_a_busy_server(
    engine: RemoteEngine, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote, "_PATIENCE_S", 1e6)
    server.refusals = [(429, "slow down", {"Retry-After": "100000"})]
    events = engine.generate(ASK)
    next(events)
    engine.cancel()
    assert ends(list(events))[0].reason == "cancelled"


def test_a_connection_that_breaks_in_the_middle_keeps_the_text(
    engine: RemoteEngine, server: FakeServer
) -> None:
    server.breaks_at = 2
    server.hold.clear()
    server.hold_at = 2
    stream = engine.generate(ASK)
    events = [next(stream), next(stream)]
    server.hold.set()
    with pytest.raises(EngineError, match=r"broke\. What was received is kept"):
        list(stream)
    assert text_of(events).startswith("*smiles*")


def test_a_stream_that_ends_in_the_middle_is_no_complete_reply(
    engine: RemoteEngine, server: FakeServer
) -> None:
    server.silent_end = True
    with pytest.raises(EngineError, match=r"broke\. What was received is kept"):
        list(engine.generate(ASK))


def test_token_estimates_are_near_and_reversible(engine: RemoteEngine) -> None:
    text = "It was the captain's habit, in 1887, to walk the deck before breakfast."
    (ids,) = engine.tokenize([Piece(text)])
    assert engine.detokenize(ids) == text
    assert 12 <= len(ids) <= 24, "a model makes about 17 of it"
    assert engine.tokenize([Piece(text)]) == [ids]


def test_settling_and_states_do_nothing_and_scoring_is_refused(
    engine: RemoteEngine, tmp_path: Any
) -> None:
    engine.settle([1])
    assert engine.settled(0)
    assert not engine.save_state(tmp_path / "x")
    assert engine.load_state(tmp_path / "x") == 0
    with pytest.raises(EngineError, match="log-probabilities"):
        engine.logprobs([1], [[2]])


def test_text_is_generated_in_the_background(engine: RemoteEngine, server: FakeServer) -> None:
    assert engine.generate_in_background(replace(ASK, stop=())) == "*smiles* Hello é🎉\nUser: x"
    assert server.asked[-1]["messages"][1]["content"] == "Hi"


def test_background_generation_is_cancelled(engine: RemoteEngine, server: FakeServer) -> None:
    server.hold.clear()
    said: list[str | None] = []
    work = threading.Thread(target=lambda: said.append(engine.generate_in_background(ASK)))
    work.start()
    while not server.asked:
        work.join(0.01)
    engine.cancel_background()
    work.join(20)
    assert said == [None]
    assert server.hung_up.wait(10)


def thought_of(events: list[EngineEvent]) -> str:
    return "".join(e.text for e in events if isinstance(e, Thought))


def test_a_thought_in_a_field_of_its_own(engine: RemoteEngine, server: FakeServer) -> None:
    server.deltas = [{"reasoning_content": "He "}, {"reasoning": "lies."}, {"content": "Yes."}]
    events = list(engine.generate(ASK))
    assert (thought_of(events), text_of(events)) == ("He lies.", "Yes.")
    asked = server.asked[0]
    assert asked["chat_template_kwargs"] == {"enable_thinking": False}
    assert asked["reasoning_effort"] == "none"
    list(engine.generate(replace(ASK, sampling=Sampling(think_tokens=50, max_tokens=10))))
    asked = server.asked[1]
    assert asked["chat_template_kwargs"] == {"enable_thinking": True}
    assert "reasoning_effort" not in asked and asked["max_tokens"] == 60


@pytest.mark.parametrize(
    "words", [["<thi", "nk>He lies.</think>", "\n\nYes."], ["He lies.", "\n</thi", "nk>\n\nYes."]]
)
def test_a_thought_in_the_text(engine: RemoteEngine, server: FakeServer, words: list[str]) -> None:
    server.words = words
    events = list(engine.generate(ASK))
    reply = ""
    for event in events:
        if isinstance(event, Delta):
            reply += event.text
        elif isinstance(event, Retracted):
            reply = reply[: len(reply) - event.characters]
    assert (thought_of(events).strip(), reply) == ("He lies.", "Yes.")


@pytest.mark.parametrize(
    "odd",
    [
        {"usage": ["no"]},
        {"usage": {"prompt_tokens": "3", "completion_tokens": "4"}},
        {"choices": 5},
        {"choices": [None, "x", {"index": 0, "delta": "x"}]},
        {"choices": [{"index": 0, "delta": {"content": 5, "reasoning": {}}}]},
    ],
)
def test_a_part_of_a_chunk_in_another_form_is_ignored(
    engine: RemoteEngine, server: FakeServer, odd: dict[str, Any]
) -> None:
    whole = {"choices": [{"index": 0, "delta": {"content": "Hello"}, "finish_reason": "stop"}]}
    chunks = [{"choices": []} | odd, whole]
    body = "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks)
    server.body = "text/event-stream", body.encode()
    assert text_of(list(engine.generate(ASK))) == "Hello"


def test_thought_and_text_in_typed_pieces(engine: RemoteEngine, server: FakeServer) -> None:
    thought = {"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]}
    server.deltas = [{"content": [thought]}, {"content": [{"type": "text", "text": "Hello."}]}]
    events = list(engine.generate(ASK))
    assert [event.text for event in events if isinstance(event, Thought)] == ["Hm."]
    assert text_of(events) == "Hello."


def test_an_unexpected_thought_gets_extra_tokens(engine: RemoteEngine, server: FakeServer) -> None:
    """As some do behind servers that cannot switch it off: all tokens go into the thought."""
    few, more = Sampling(max_tokens=3), [{"content": word} for word in ("One ", "two ", "three ")]
    server.deltas, server.finish = [{"reasoning": "Hm."}], "length"
    server.then = [{"reasoning": "Hm."}, *more, {"content": "four"}]
    events = list(engine.generate(replace(ASK, sampling=few)))
    assert (text_of(events).strip(), ends(events)[0].reason) == ("One two three", "length")
    room = remote.UNEXPECTED_THOUGHT_TOKENS
    assert [asked["max_tokens"] for asked in server.asked] == [3, 3 + room]
    list(engine.generate(replace(ASK, sampling=few)))
    assert server.asked[2]["max_tokens"] == 3 + room


def test_a_server_that_refuses_the_switch_keeps_the_samplers(
    engine: RemoteEngine, server: FakeServer
) -> None:
    server.refuses = "reasoning_effort"
    for _ in range(2):
        assert ends(list(engine.generate(ASK)))
    said = [("reasoning_effort" in asked, "min_p" in asked) for asked in server.asked]
    assert said == [(True, True), (True, True), (False, True), (False, True)]


def test_a_server_that_knows_another_word_for_no_top_k(
    engine: RemoteEngine, server: FakeServer
) -> None:
    server.refused_top_k = (-1,)
    for _ in range(2):
        assert ends(list(engine.generate(ASK)))
    said = [
        (asked["top_k"], "min_p" in asked, "reasoning_effort" in asked) for asked in server.asked
    ]
    assert said == [(-1, True, True), (0, True, True), (0, True, True)]
