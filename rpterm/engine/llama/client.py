"""``LlamaEngine``: implements ``Engine`` with a worker process that runs llama.cpp.

This module starts, calls and restarts the worker; it imports neither llama_cpp nor numpy and never
touches the model. The worker carries out requests one after the other, so no lock is held during a
request, and a thread waits for another only while that one uses the model.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from rpterm.engine.llama.load_checks import check_context, check_file
from rpterm.engine.llama.messages import (
    Message,
    ModelOptions,
    pack_options,
    pack_request,
    unfinished_file,
    unpack_event,
    unpack_info,
)
from rpterm.engine.llama.process import Pending, WorkerProcess
from rpterm.engine.protocol import (
    EngineError,
    EngineEvent,
    EngineInfo,
    GenerateRequest,
    ModelError,
    Piece,
)

_SAVE_WAIT_S = 3.0
"""How long ``save_state`` waits: a gigabyte takes a second on a fast disk, twenty on a slow one."""
_REACT_S = 20.0
"""A worker that does not end a cancelled request within this time is killed; it takes milliseconds,
unless a driver hangs or the machine swaps."""


class LlamaEngine:
    """Runs a GGUF model with llama.cpp; see ``rpterm.engine.protocol.Engine``."""

    def __init__(
        self, options: ModelOptions, *, chat_template: str = "", log: Path | None = None
    ) -> None:
        """Create the engine; no process is started and no file is read yet.

        Args:
            chat_template: Replaces the model's own template; "" keeps that.
            log: File for llama.cpp's messages; a temporary one when ``None``.
        """
        self._options = options
        self._chat_template = chat_template
        self._log = log
        self._worker: WorkerProcess | None = None
        self._info: EngineInfo | None = None
        self._loaded = False
        self._closed = False
        self._state = threading.Lock()
        self._loading = threading.Lock()
        self._generating: set[int] = set()
        self._background: set[int] = set()
        self._settle: Pending | None = None
        self._settle_requested = False
        self._unfinished: list[Path] = []

    def start(self) -> None:
        """Start the process without waiting, so that its imports are done before ``load``."""
        with self._state:
            self._live_worker()

    def load(self, on_progress: Callable[[float], None] | None = None) -> EngineInfo:
        with self._loading:
            if self._info is not None and self._running_worker() is not None:
                return self._info
            check_file(self._options.path)
            check_context(self._options.context)
            if self._options.adapter is not None:
                check_file(self._options.adapter, "adapter")
            info = self._load(on_progress)
            # Requantized weights were written once; a restarted worker loads them directly.
            self._options = replace(
                self._options,
                path=Path(info.path),
                model_hash=info.model_hash,
                requantize_to=None,
            )
            with self._state:
                self._info, self._loaded = info, True
            return info

    @property
    def info(self) -> EngineInfo | None:
        return self._info

    @property
    def pid(self) -> int | None:
        """Process id of the worker, for ``rpterm doctor`` and tests."""
        with self._state:
            return self._worker.pid if self._worker is not None and self._worker.alive else None

    def tokenize(self, pieces: Sequence[Piece]) -> list[list[int]]:
        result: list[list[int]] = self._call("tokenize", pieces=list(pieces))
        return result

    def detokenize(self, ids: Sequence[int]) -> str:
        return str(self._call("detokenize", ids=list(ids)))

    def generate(self, request: GenerateRequest) -> Iterator[EngineEvent]:
        worker = self._loaded_worker()
        pending = worker.request("generate", **pack_request(request))
        done = False
        try:
            with self._cancellable(self._generating, pending):
                while not done:
                    message = self._receive(worker, pending)
                    done = "ok" in message
                    for event in message.get("ev", ()):
                        yield unpack_event(event)
        except EngineError:
            done = True
            raise
        finally:
            if not done:
                worker.send({"id": 0, "op": "cancel", "ids": [pending.number]})
                worker.forget(pending)

    def cancel(self) -> None:
        """Cancel every ``generate`` that is running or waiting; returns at once."""
        self._cancel(self._generating)

    def settle(self, ids: Sequence[int], others: Sequence[Sequence[int]] = ()) -> None:
        """See ``Engine``; while no model is loaded there is nothing to settle."""
        pending = None
        if (worker := self._running_worker()) is not None:
            with contextlib.suppress(EngineError):
                pending = worker.request(
                    "settle", ids=list(ids), others=[list(other) for other in others]
                )
        with self._state:
            self._settle, self._settle_requested = pending, True

    def settled(self, timeout: float | None = None) -> bool:
        with self._state:
            settle, requested = self._settle, self._settle_requested
        if settle is None:
            return not requested  # Requested while no worker ran: nothing was settled.
        if not settle.done.wait(timeout):
            return False
        return bool(settle.answer and settle.answer.get("ok"))

    def generate_in_background(self, request: GenerateRequest) -> str | None:
        """See ``BackgroundEngine``; never starts or restarts the worker."""
        if (worker := self._running_worker()) is None:
            return None
        pending = worker.request("background", **pack_request(request))
        with self._cancellable(self._background, pending):
            text: str | None = self._receive(worker, pending)["ok"]
        return text

    def cancel_background(self) -> None:
        """Cancel a running ``generate_in_background``; returns at once."""
        self._cancel(self._background)

    def logprobs(self, reply: Sequence[int], prompts: Sequence[Sequence[int]]) -> list[list[float]]:
        result: list[list[float]] = self._call(
            "logprobs", reply=list(reply), prompts=[list(prompt) for prompt in prompts]
        )
        return result

    def load_prompt(self, prompt: Sequence[int], path: Path, room: int) -> bool:
        location = str(path.absolute())
        return bool(self._call("load_prompt", prompt=list(prompt), path=location, room=room))

    def save_prompt(self, prompt: Sequence[int], path: Path) -> bool:
        return bool(self._call("save_prompt", prompt=list(prompt), path=str(path.absolute())))

    def save_state(self, path: Path) -> bool:
        """See ``Engine``; a worker that is not running has no state and is not started.

        A file that takes longer than ``_SAVE_WAIT_S`` is finished by the worker alone, and given
        up where the engine is closed before that.
        """
        if (worker := self._running_worker()) is None:
            return False
        pending = worker.request("save", path=str(path.absolute()))
        if not pending.done.wait(_SAVE_WAIT_S):
            self._unfinished.append(unfinished_file(path, worker.pid))
            return False
        return bool(self._receive(worker, pending)["ok"])

    def load_state(self, path: Path) -> int:
        return int(self._call("restore", path=str(path.absolute())))

    def close(self) -> None:
        with self._state:
            self._closed = True
            worker, self._worker, self._loaded = self._worker, None, False
        if worker is not None:
            worker.close()
        for part in self._unfinished:
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)

    @contextlib.contextmanager
    def _cancellable(self, numbers: set[int], pending: Pending) -> Iterator[None]:
        """List a request among those that ``_cancel`` cancels, while the block runs."""
        with self._state:
            numbers.add(pending.number)
        try:
            yield
        finally:
            with self._state:
                numbers.discard(pending.number)

    def _cancel(self, numbers: set[int]) -> None:
        """Cancel the requests with these numbers, and end a worker that does not react to that."""
        with self._state:
            worker, ids = self._worker, list(numbers)
        if worker is not None and ids:
            worker.send({"id": 0, "op": "cancel", "ids": ids})
            timer = threading.Timer(_REACT_S, worker.end_unresponsive, (ids,))
            timer.daemon = True
            timer.start()

    def _running_worker(self) -> WorkerProcess | None:
        """The worker if it is alive and has loaded the model."""
        with self._state:
            worker = self._worker
            return worker if worker is not None and worker.alive and self._loaded else None

    def _live_worker(self) -> WorkerProcess:
        """The running worker, or a new one; the caller holds ``_state``."""
        if self._closed:
            raise EngineError("The engine was closed.")
        if self._worker is None or not self._worker.alive:
            self._loaded = False
            self._worker = WorkerProcess(self._log)
        return self._worker

    def _load(self, on_progress: Callable[[float], None] | None) -> EngineInfo:
        with self._state:
            worker = self._live_worker()
        pending = worker.request("load", options=pack_options(self._options))
        try:
            while "ok" not in (message := self._receive(worker, pending)):
                if on_progress is not None:
                    on_progress(message["progress"])
        except ModelError:
            worker.close()
            raise
        info = unpack_info(message["ok"])
        return replace(info, chat_template=self._chat_template or info.chat_template)

    def _loaded_worker(self) -> WorkerProcess:
        self.load()
        with self._state:
            return self._live_worker()

    def _call(self, op: str, **fields: object) -> Any:
        worker = self._loaded_worker()
        return self._receive(worker, worker.request(op, **fields))["ok"]

    def _receive(self, worker: WorkerProcess, pending: Pending) -> Message:
        message = worker.receive(pending)
        if "error" in message:
            kind = ModelError if message["error"] == "model" else EngineError
            raise kind(message["text"], worker.log_tail())
        return message
