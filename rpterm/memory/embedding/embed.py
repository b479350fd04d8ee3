"""Turns texts into vectors with a model in a process of its own. Imports nothing of torch.

``start`` returns at once. Until the model is loaded ``encode_now`` answers ``None``, and the caller
does without. A user's request goes ahead of background batches. A worker process that dies is
restarted and its request repeated, up to three times in a row.
"""

from __future__ import annotations

import base64
import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from rpterm.errors import RptermError
from rpterm.paths import open_log

Floats = NDArray[np.float32]
State = Literal["off", "loading", "ready", "failed"]

STARTER = "all-MiniLM-L6-v2"
"""Name of the model that comes with rpterm, as stored next to its vectors."""
BATCH = 8
"""Texts per background request: a user's request waits for one such batch at most."""
_FAILURES = {
    "query": "The memories could not be reranked",
    "pairs": "Contradictions could not be checked",
    "texts": "A text could not be embedded",
}
_MAX_ATTEMPTS = 3
_RECENT = 8
"""Texts whose vectors ``encode_now`` keeps: memory and examples ask for the same draft, and the
preview of the prompt has asked before it is sent."""
_URGENT, _BACKGROUND, _END = 0, 1, 2


class EmbedError(RptermError):
    """The embedder could not do what was requested; the text says why and what to do."""


class Embedder(Protocol):
    """Turns texts into unit vectors."""

    model: str
    """Name of the model. Vectors of different models are never compared."""

    @property
    def dim(self) -> int:
        """Dimensions of its vectors; 0 before it is ready."""
        ...

    @property
    def state(self) -> State: ...

    def start(self) -> None:
        """Load the model in the background; returns at once. Safe to call twice."""
        ...

    def encode_now(self, text: str, timeout: float) -> Floats | None:
        """The vector of a text, or ``None`` if it is not available in time."""
        ...

    def encode(self, texts: Sequence[str]) -> Floats:
        """Vectors of several texts, one row each; blocks.

        Raises:
            EmbedError: The model cannot be loaded, or the embedder was closed.
        """
        ...

    def start_encoding(self, texts: Sequence[str]) -> Callable[[], Floats]:
        """Start ``encode`` ahead of background work; the returned function waits for the
        vectors."""
        ...

    def close(self) -> None:
        """End the worker process. Safe to call twice and at any time."""
        ...


@dataclass(order=True)
class _Job:
    priority: int
    number: int
    request: dict[str, object] = field(compare=False)
    result: Future[Floats] = field(compare=False, default_factory=Future)


class WorkerEmbedder:
    """An embedder that talks to an ``embed_worker`` process.

    Args:
        folder: The model, as sentence-transformers saves it.
        model: Its name, as stored next to every vector.
        log: File for the worker's stderr; ``None`` discards it.
        command: The worker's command line, for tests.
        reranker: A cross-encoder's folder, or its name in the local cache; "" is none.
        nli: The same for an NLI cross-encoder, which finds contradictions.
    """

    def __init__(
        self,
        folder: Path | Callable[[], Path],
        model: str,
        *,
        log: Path | None = None,
        command: Sequence[str] | None = None,
        reranker: str = "",
        nli: str = "",
    ) -> None:
        self.model = model
        self.rank_error = ""
        """Why the reranker cannot be used, or ""."""
        self.nli_error = ""
        """Why the NLI model cannot be used, or ""."""
        self._reranker, self._nli = reranker, nli
        self._folder = folder
        self._log = log
        self._command = command
        self._jobs: queue.PriorityQueue[_Job] = queue.PriorityQueue()
        self._numbers = count()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._state: State = "off"
        self._dim = 0
        self._failure = ""
        self._closed = False
        self._recent: dict[str, Floats] = {}

    @property
    def dim(self) -> int:
        return self._dim

    @property
    def state(self) -> State:
        return self._state

    def start(self) -> None:
        with self._lock:
            if self._thread is None and not self._closed:
                self._state = "loading"
                self._thread = threading.Thread(target=self._run, name="embedder", daemon=True)
                self._thread.start()

    def encode_now(self, text: str, timeout: float) -> Floats | None:
        if self._state != "ready":
            return None
        recent = self._recent
        if text not in recent:
            job = self._submit(_URGENT, {"texts": [text]})
            try:
                vector: Floats = job.result.result(timeout)[0]
            except (EmbedError, FutureTimeout):
                job.result.cancel()
                return None
            # A new dictionary: another thread may be reading the old one.
            recent = self._recent = {**dict(list(recent.items())[1 - _RECENT :]), text: vector}
        return recent[text]

    def rank(self, query: str, texts: Sequence[str], timeout: float) -> Floats | None:
        """How well each text answers a query; larger is better.

        Returns:
            ``None`` if there is no reranker, or it does not answer in time.
        """
        if not self._reranker or self.rank_error or self._state != "ready" or not texts:
            return None
        job = self._submit(_URGENT, {"texts": list(texts), "query": query or " "})
        try:
            return job.result.result(timeout)[:, 0]
        except EmbedError as error:
            self.rank_error = f"The reranker {self._reranker!r} cannot be used: {error}"
        except FutureTimeout:
            job.result.cancel()
        return None

    def infer(self, pairs: Sequence[tuple[str, str]]) -> Floats | None:
        """Probabilities that the first text of a pair entails the second, and contradicts it;
        blocks.

        A user's request waits for all pairs of one call, so pass a few at a time.

        Returns:
            A row of both for each pair; ``None`` if no NLI model can be used.
        """
        if not self._nli or self.nli_error:
            return None
        self.start()
        try:
            job = self._submit(_BACKGROUND, {"pairs": [list(pair) for pair in pairs]})
            return job.result.result()
        except EmbedError as error:
            self.nli_error = f"The NLI model {self._nli!r} cannot be used: {error}"
        return None

    def encode(self, texts: Sequence[str]) -> Floats:
        return self._encode_with(_BACKGROUND, texts)()

    def start_encoding(self, texts: Sequence[str]) -> Callable[[], Floats]:
        return self._encode_with(_URGENT, texts)

    def _encode_with(self, priority: int, texts: Sequence[str]) -> Callable[[], Floats]:
        jobs = [
            self._submit(priority, {"texts": list(texts[start : start + BATCH])})
            for start in range(0, len(texts), BATCH)
        ]
        self.start()

        def rows() -> Floats:
            blocks = [job.result.result() for job in jobs]
            return np.concatenate(blocks) if blocks else np.zeros((0, self._dim), np.float32)

        return rows

    def close(self) -> None:
        with self._lock:
            self._closed = True
            self._jobs.put(_Job(_END, next(self._numbers), {}))
            process, thread = self._process, self._thread
        if process is not None:
            _terminate(process)
        if thread is not None:
            thread.join(timeout=5)
        self._fail_all("The embedder is closed.")

    def _submit(self, priority: int, request: dict[str, object]) -> _Job:
        job = _Job(priority, next(self._numbers), request)
        with self._lock:
            if self._closed or self._state == "failed":
                job.result.set_exception(EmbedError(self._failure or "The embedder is closed."))
            else:
                self._jobs.put(job)
        return job

    # The thread that owns the process ----------------------------------------------------------
    def _run(self) -> None:
        if not self._launch():
            return
        while True:
            job = self._jobs.get()
            if job.priority == _END or self._closed:
                break
            if not job.result.set_running_or_notify_cancel():
                continue
            try:
                job.result.set_result(self._run_job(job))
            except EmbedError as error:
                job.result.set_exception(error)
                if self._state == "failed":
                    break
        self._fail_all(self._failure or "The embedder is closed.")

    def _launch(self) -> bool:
        """Start the worker and wait until it has loaded; False if it cannot be used."""
        try:
            process = self._spawn()
            with self._lock:
                self._process = process
                if self._closed:  # ``close`` found no process to end.
                    _terminate(process)
            greeting = _read_answer(process)
        except (RptermError, OSError, ValueError) as error:
            greeting = {"error": str(error)}
        if greeting.get("ready"):
            self._dim, self._state = int(greeting["dim"]), "ready"
            return True
        self._failure = (
            f"The embedding model cannot be used: {greeting.get('error', 'its process ended')}. "
            "Memory still searches by words; `rpterm doctor` shows more."
        )
        self._state = "failed"
        self._fail_all(self._failure)
        return False

    def _spawn(self) -> subprocess.Popen[bytes]:
        folder = self._folder() if callable(self._folder) else self._folder
        if folder.is_absolute() and not folder.is_dir():
            # The libraries would take seconds to find this out.
            raise RptermError(f"there is no folder {folder}")
        worker = (sys.executable, "-P", "-m", "rpterm.memory.embedding.embed_worker", str(folder))
        command = self._command or (*worker, self._reranker, self._nli)
        with open_log(self._log or Path(os.devnull)) as log:
            return subprocess.Popen(
                list(command),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env={**os.environ, **_QUIET_ENV, "OMP_NUM_THREADS": str(_half_of_cores())},
                start_new_session=True,
            )

    def _run_job(self, job: _Job) -> Floats:
        for _ in range(_MAX_ATTEMPTS):
            try:
                return self._exchange(job)
            except (OSError, ValueError):
                # The worker died, out of memory or killed: a new one gets the same request.
                if self._closed or not self._relaunch():
                    break
        if not self._failure:
            self._failure = (
                "The embedder's process ended three times in a row; memory now searches by words."
            )
            self._state = "failed"
        raise EmbedError(self._failure)

    def _exchange(self, job: _Job) -> Floats:
        process = self._process
        if process is None or process.stdin is None:
            raise OSError("no worker")
        request = {"id": job.number, **job.request}
        process.stdin.write(json.dumps(request).encode() + b"\n")
        process.stdin.flush()
        answer = _read_answer(process)
        if "error" in answer:
            failure = next(_FAILURES[key] for key in _FAILURES if key in job.request)
            raise EmbedError(f"{failure}: {answer['error']}.")
        rows = np.frombuffer(base64.b64decode(answer["rows"]), "<f4")
        return rows.reshape(-1, int(answer["dim"])).astype(np.float32)

    def _relaunch(self) -> bool:
        if self._process is not None:
            _terminate(self._process)
        return self._launch()

    def _fail_all(self, why: str) -> None:
        with self._lock:  # no request can slip in after the queue was found empty
            while True:
                try:
                    job = self._jobs.get_nowait()
                except queue.Empty:
                    return
                if job.priority != _END and job.result.set_running_or_notify_cancel():
                    job.result.set_exception(EmbedError(why))


_QUIET_ENV = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "OMP_WAIT_POLICY": "PASSIVE",
}


def _half_of_cores() -> int:
    return max(1, (os.cpu_count() or 2) // 2)


def _read_answer(process: subprocess.Popen[bytes]) -> dict[str, Any]:
    """The worker's next answer; ``ValueError`` at the end of its output."""
    if process.stdout is None:
        raise ValueError("no output")
    line = process.stdout.readline()
    if not line.endswith(b"\n"):
        raise ValueError("its process ended")
    answer: dict[str, Any] = json.loads(line)
    return answer


def _terminate(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(timeout=2)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            try:
                stream.close()
            except OSError:
                continue  # Unsent bytes for a dead worker do not matter.
