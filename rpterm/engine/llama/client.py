"""``LlamaEngine``: the engine's contract, kept by a worker process.

This module starts, asks and restarts the worker; it imports neither llama_cpp nor numpy, and does
not touch the model. Requests are carried out by the worker one after the other, so no lock is held
while one runs and no thread can keep another waiting for anything but the model itself.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from rpterm.engine.llama.process import Pending, WorkerProcess
from rpterm.engine.llama.weights import check_context, check_file
from rpterm.engine.llama.wire import (
    Message,
    pack_request,
    unpack_event,
    unpack_info,
)
from rpterm.engine.protocol import (
    EngineError,
    EngineEvent,
    EngineInfo,
    GenerateRequest,
    ModelError,
    Piece,
)


class LlamaEngine:
    """Runs a GGUF model with llama.cpp; see ``rpterm.engine.protocol.Engine``."""

    def __init__(
        self,
        model: Path,
        *,
        context: int,
        threads: int = 0,
        gpu_layers: int = -1,
        kv_type: str = "auto",
        adapter: Path | None = None,
        model_hash: str = "",
        chat_template: str = "",
        starter: bool = False,
        sequences: int = 8,
        requantize_to: Path | None = None,
        log: Path | None = None,
    ) -> None:
        """Nothing is started or read yet.

        Args:
            model: The weights, in GGUF format.
            context: Tokens of the window, at most what the model was trained for.
            threads: 0 chooses, see ``threads``.
            gpu_layers: -1 is all; without a GPU build of llama.cpp it means nothing.
            kv_type: ``auto``, ``q8_0/f16``, ``f16``, ``q8_0`` or ``q4_0``; the latter two are not
                exact (see ``kv``).
            adapter: A LoRA adapter in GGUF format.
            model_hash: SHA-256 of the weights where known; keys the saved states.
            chat_template: In the place of the model's own; "" keeps that.
            starter: Whether these are the weights that ship with rpterm.
            sequences: Most candidates at once.
            requantize_to: Where the weights are written as Q8_0 before they are loaded from there;
                where that fails, ``model`` itself is loaded.
            log: Where llama.cpp's messages go; a temporary file when ``None``.
        """
        self._path = Path(model)
        self._adapter = Path(adapter) if adapter is not None else None
        self._context = context
        self._options: Message = {
            "path": str(self._path),
            "context": context,
            "threads": threads,
            "gpu_layers": gpu_layers,
            "kv_type": kv_type,
            "adapter": str(self._adapter) if self._adapter is not None else None,
            "model_hash": model_hash,
            "starter": starter,
            "sequences": max(1, sequences),
            "requantize_to": str(requantize_to) if requantize_to is not None else None,
        }
        self._chat_template = chat_template
        self._log = log
        self._worker: WorkerProcess | None = None
        self._info: EngineInfo | None = None
        self._loaded = False
        self._closed = False
        self._state = threading.Lock()
        self._loading = threading.Lock()
        self._generating: set[int] = set()
        self._asides: set[int] = set()
        self._settle: Pending | None = None
        self._settle_asked = False

    def start(self) -> None:
        """Start the process without waiting; ``load`` then finds it with its imports done."""
        with self._state:
            self._live_worker()

    def load(self, on_progress: Callable[[float], None] | None = None) -> EngineInfo:
        with self._loading:
            with self._state:
                if self._info is not None and self._loaded and self._alive():
                    return self._info
            check_file(self._path)
            check_context(self._context)
            if self._adapter is not None:
                check_file(self._adapter, "adapter")
            info = self._load(on_progress)
            self._path = Path(info.path)
            found = {"path": info.path, "model_hash": info.model_hash, "requantize_to": None}
            self._options |= found  # what was written once is loaded the next time
            with self._state:
                self._info, self._loaded = info, True
            return info

    @property
    def info(self) -> EngineInfo | None:
        return self._info

    @property
    def pid(self) -> int | None:
        """The worker's process, for ``rpterm doctor`` and tests."""
        with self._state:
            return self._worker.pid if self._worker is not None and self._worker.alive else None

    def tokenize(self, pieces: Sequence[Piece]) -> list[list[int]]:
        asked = [(piece.text, piece.special) for piece in pieces]
        result: list[list[int]] = self._ask("tokenize", pieces=asked)
        return result

    def detokenize(self, ids: Sequence[int]) -> str:
        return str(self._ask("detokenize", ids=list(ids)))

    def generate(self, request: GenerateRequest) -> Iterator[EngineEvent]:
        worker = self._ready()
        pending = worker.request("generate", **pack_request(request))
        with self._state:
            self._generating.add(pending.number)
        done = False
        try:
            while not done:
                message = self._receive(worker, pending)
                done = "ok" in message
                for event in message.get("ev", ()):
                    yield unpack_event(event)
        except EngineError:
            done = True
            raise
        finally:
            with self._state:
                self._generating.discard(pending.number)
            if not done:
                worker.send({"id": 0, "op": "cancel", "ids": [pending.number]})
                worker.forget(pending)

    def cancel(self) -> None:
        """Stop every ``generate`` that is running or waiting its turn; returns at once."""
        with self._state:
            worker, ids = self._worker, list(self._generating)
        if worker is not None and ids:
            worker.send({"id": 0, "op": "cancel", "ids": ids})

    def settle(self, ids: Sequence[int], others: Sequence[Sequence[int]] = ()) -> None:
        """See the contract; while no model is loaded there is nothing to settle."""
        with self._state:
            worker = self._worker if self._loaded else None
        pending = None
        if worker is not None and worker.alive:
            with contextlib.suppress(EngineError):
                pending = worker.request(
                    "settle", ids=list(ids), others=[list(other) for other in others]
                )
        with self._state:
            self._settle, self._settle_asked = pending, True

    def settled(self, timeout: float | None = None) -> bool:
        with self._state:
            settle, asked = self._settle, self._settle_asked
        if settle is None:
            return not asked  # Never asked is settled; asked while no worker ran is not.
        if not settle.done.wait(timeout):
            return False
        return bool(settle.answer and settle.answer.get("ok"))

    def aside(self, request: GenerateRequest) -> str | None:
        """See ``AsideEngine``; never starts or restarts the worker."""
        with self._state:
            worker = self._worker if self._loaded else None
        if worker is None or not worker.alive:
            return None
        pending = worker.request("aside", **pack_request(request))
        with self._state:
            self._asides.add(pending.number)
        try:
            text: str | None = self._receive(worker, pending)["ok"]
        finally:
            with self._state:
                self._asides.discard(pending.number)
        return text

    def cancel_aside(self) -> None:
        """Stop a running ``aside``; returns at once."""
        with self._state:
            worker, ids = self._worker, list(self._asides)
        if worker is not None and ids:
            worker.send({"id": 0, "op": "cancel", "ids": ids})

    def logprobs(self, reply: Sequence[int], prompts: Sequence[Sequence[int]]) -> list[list[float]]:
        asked = [list(prompt) for prompt in prompts]
        result: list[list[float]] = self._ask("logprobs", reply=list(reply), prompts=asked)
        return result

    def recall_prompt(self, prompt: Sequence[int], path: Path, room: int) -> bool:
        asked = {"prompt": list(prompt), "path": str(path.absolute()), "room": room}
        return bool(self._ask("recall_prompt", **asked))

    def keep_prompt(self, prompt: Sequence[int], path: Path) -> bool:
        return bool(self._ask("keep_prompt", prompt=list(prompt), path=str(path.absolute())))

    def save_state(self, path: Path) -> bool:
        """See the contract; a worker that is not running holds nothing, and is not started."""
        with self._state:
            if self._worker is None or not self._worker.alive or not self._loaded:
                return False
        return bool(self._ask("save", path=str(path.absolute())))

    def load_state(self, path: Path) -> int:
        return int(self._ask("restore", path=str(path.absolute())))

    def close(self) -> None:
        with self._state:
            self._closed = True
            worker, self._worker, self._loaded = self._worker, None, False
        if worker is not None:
            worker.close()

    def _alive(self) -> bool:
        return self._worker is not None and self._worker.alive

    def _live_worker(self) -> WorkerProcess:
        """The running worker, or a new one; call it with the state locked."""
        if self._closed:
            raise EngineError("The engine was closed.")
        if self._worker is None or not self._worker.alive:
            self._loaded = False
            self._worker = WorkerProcess(self._log)
        return self._worker

    def _load(self, on_progress: Callable[[float], None] | None) -> EngineInfo:
        with self._state:
            worker = self._live_worker()
        pending = worker.request("load", options=self._options)
        try:
            while "ok" not in (message := self._receive(worker, pending)):
                if on_progress is not None:
                    on_progress(message["progress"])
        except ModelError:
            worker.close()
            raise
        info = unpack_info(message["ok"])
        return replace(info, chat_template=self._chat_template or info.chat_template)

    def _ready(self) -> WorkerProcess:
        self.load()
        with self._state:
            return self._live_worker()

    def _ask(self, op: str, **fields: object) -> Any:
        worker = self._ready()
        return self._receive(worker, worker.request(op, **fields))["ok"]

    def _receive(self, worker: WorkerProcess, pending: Pending) -> Message:
        message = worker.receive(pending)
        if "error" in message:
            kind = ModelError if message["error"] == "model" else EngineError
            raise kind(message["text"], worker.log_tail())
        return message
