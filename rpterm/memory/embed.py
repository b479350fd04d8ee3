"""Texts to vectors, by a model in a process of its own. Nothing of torch is imported here.

``start`` returns at once; until the model is loaded ``now`` answers ``None`` and its caller does
without. A request of a user goes before the batches of the background. A worker that dies is
started again and its request repeated, up to three times in a row.
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
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import IO, Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from rpterm.types import RptermError

Floats = NDArray[np.float32]
State = Literal["off", "loading", "ready", "failed"]

STARTER = "all-MiniLM-L6-v2"
"""Name of the model that comes with rpterm, as stored beside its vectors."""
BATCH = 8
"""Texts in one request of the background: a user's request waits for one such at most."""
_FAILED = {
    "query": "The memories could not be reranked",
    "pairs": "No contradiction could be looked for",
    "texts": "A text could not be embedded",
}
_TRIES = 3
_URGENT, _LATER, _END = 0, 1, 2


class EmbedError(RptermError):
    """The embedder could not do what it was asked; the text says why and what to do."""


class Embedder(Protocol):
    """Makes unit vectors of texts."""

    model: str
    """Name of the model; vectors of different names are never compared."""

    @property
    def dim(self) -> int:
        """Dimensions of its vectors; 0 before it is ready."""
        ...

    @property
    def state(self) -> State: ...

    def start(self) -> None:
        """Load in the background; returns at once. Safe to call twice."""
        ...

    def now(self, text: str, timeout: float) -> Floats | None:
        """The vector of a text, or ``None`` where it is not to be had in time."""
        ...

    def encode(self, texts: Sequence[str]) -> Floats:
        """Vectors of many texts, one row each; waits.

        Raises:
            EmbedError: The model cannot be loaded, or the embedder was closed.
        """
        ...

    def begin(self, texts: Sequence[str]) -> Callable[[], Floats]:
        """As ``encode``, before the work of the background; what is returned waits."""
        ...

    def close(self) -> None:
        """End the process. Safe to call twice and at any time."""
        ...


@dataclass(order=True)
class _Job:
    priority: int
    number: int
    request: dict[str, object] = field(compare=False)
    result: Future[Floats] = field(compare=False, default_factory=Future)


class WorkerEmbedder:
    """An embedder that talks to ``embed_worker``.

    Args:
        folder: The model, as sentence-transformers saves it.
        model: Its name, as stored beside every vector.
        log: Where the worker's stderr goes; ``None`` throws it away.
        command: The worker's command line, for tests.
        reranker: A cross-encoder's folder, or its name in the local cache; "" is none.
        nli: The same for a cross-encoder that tells contradictions.
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
        """Why the reranker does not serve, or ""."""
        self.nli_error = ""
        """Why the model for contradictions does not serve, or ""."""
        self._reranker, self._nli = reranker, nli
        self._folder = folder
        self._log = log
        self._command = command
        self._jobs: queue.PriorityQueue[_Job] = queue.PriorityQueue()
        self._numbers = count()
        self._guard = threading.Lock()
        self._thread: threading.Thread | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._state: State = "off"
        self._dim = 0
        self._why = ""
        self._closed = False

    @property
    def dim(self) -> int:
        return self._dim

    @property
    def state(self) -> State:
        return self._state

    @property
    def why(self) -> str:
        """Why it failed, for people."""
        return self._why

    def start(self) -> None:
        with self._guard:
            if self._thread is None and not self._closed:
                self._state = "loading"
                self._thread = threading.Thread(target=self._run, name="embedder", daemon=True)
                self._thread.start()

    def now(self, text: str, timeout: float) -> Floats | None:
        if self._state != "ready":
            return None
        job = self._put(_URGENT, {"texts": [text]})
        try:
            rows = job.result.result(timeout)
        except (EmbedError, FutureTimeout):
            job.result.cancel()
            return None
        vector: Floats = rows[0]
        return vector

    def rank(self, query: str, texts: Sequence[str], timeout: float) -> Floats | None:
        """How well each text answers a query, larger is better.

        Returns:
            ``None`` where there is no reranker, or none that answers in time.
        """
        if not self._reranker or self.rank_error or self._state != "ready" or not texts:
            return None
        job = self._put(_URGENT, {"texts": list(texts), "query": query or " "})
        try:
            return job.result.result(timeout)[:, 0]
        except EmbedError as error:
            self.rank_error = f"The reranker {self._reranker!r} cannot be used: {error}"
        except FutureTimeout:
            job.result.cancel()
        return None

    def infer(self, pairs: Sequence[tuple[str, str]]) -> Floats | None:
        """Probabilities that the first text of a pair says the second, and the contrary; waits.

        A user's request waits for all pairs of one call: give a few at a time.

        Returns:
            A row of both for each pair; ``None`` where there is no model that can tell.
        """
        if not self._nli or self.nli_error:
            return None
        self.start()
        try:
            return self._put(_LATER, {"pairs": [list(pair) for pair in pairs]}).result.result()
        except EmbedError as error:
            self.nli_error = f"The NLI model {self._nli!r} cannot be used: {error}"
        return None

    def encode(self, texts: Sequence[str]) -> Floats:
        return self._asked(_LATER, texts)()

    def begin(self, texts: Sequence[str]) -> Callable[[], Floats]:
        return self._asked(_URGENT, texts)

    def _asked(self, priority: int, texts: Sequence[str]) -> Callable[[], Floats]:
        jobs = [
            self._put(priority, {"texts": list(texts[start : start + BATCH])})
            for start in range(0, len(texts), BATCH)
        ]
        self.start()

        def rows() -> Floats:
            found = [job.result.result() for job in jobs]
            return np.concatenate(found) if found else np.zeros((0, self._dim), np.float32)

        return rows

    def close(self) -> None:
        with self._guard:
            self._closed = True
            self._jobs.put(_Job(_END, next(self._numbers), {}))
            process, thread = self._process, self._thread
        if process is not None:
            _end(process)
        if thread is not None:
            thread.join(timeout=5)
        self._fail_all("The embedder is closed.")

    def _put(self, priority: int, request: dict[str, object]) -> _Job:
        job = _Job(priority, next(self._numbers), request)
        with self._guard:
            if self._closed or self._state == "failed":
                job.result.set_exception(EmbedError(self._why or "The embedder is closed."))
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
                job.result.set_result(self._ask(job))
            except EmbedError as error:
                job.result.set_exception(error)
                if self._state == "failed":
                    break
        self._fail_all(self._why or "The embedder is closed.")

    def _launch(self) -> bool:
        """Start the worker and wait until it has loaded; False when it cannot be used."""
        try:
            self._process = process = self._spawn()
            hello = _line(process)
        except (RptermError, OSError, ValueError) as error:
            hello = {"error": str(error)}
        if hello.get("ready"):
            self._dim, self._state = int(hello["dim"]), "ready"
            return True
        self._why = (
            f"The embedding model cannot be used: {hello.get('error', 'its process ended')}. "
            "Memory goes on with words alone; `rpterm doctor` tells more."
        )
        self._state = "failed"
        self._fail_all(self._why)
        return False

    def _spawn(self) -> subprocess.Popen[bytes]:
        folder = self._folder() if callable(self._folder) else self._folder
        if folder.is_absolute() and not folder.is_dir():
            raise RptermError(f"there is no folder {folder}")  # The libraries take seconds to say.
        worker = (sys.executable, "-P", "-m", "rpterm.memory.embed_worker", str(folder))
        command = self._command or (*worker, self._reranker, self._nli)
        with self._open_log() as log:
            return subprocess.Popen(
                list(command),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env={**os.environ, **_QUIET},
                start_new_session=True,
            )

    def _open_log(self) -> AbstractContextManager[IO[bytes] | int]:
        """Where the worker's complaints go; a log that cannot be written is no reason to stop."""
        if self._log is not None:
            with suppress(OSError):
                self._log.parent.mkdir(parents=True, exist_ok=True)
                return self._log.open("ab")
        return nullcontext(subprocess.DEVNULL)

    def _ask(self, job: _Job) -> Floats:
        for _ in range(_TRIES):
            try:
                return self._exchange(job)
            except (OSError, ValueError):
                # The worker died, of memory or by a kill; a fresh one gets the same request.
                if self._closed or not self._relaunch():
                    break
        if not self._why:
            self._why = "The embedder's process ended three times in a row; words serve alone."
            self._state = "failed"
        raise EmbedError(self._why)

    def _exchange(self, job: _Job) -> Floats:
        process = self._process
        if process is None or process.stdin is None:
            raise OSError("no worker")
        request = {"id": job.number, **job.request}
        process.stdin.write(json.dumps(request).encode() + b"\n")
        process.stdin.flush()
        answer = _line(process)
        if "error" in answer:
            what = next(_FAILED[key] for key in _FAILED if key in job.request)
            raise EmbedError(f"{what}: {answer['error']}.")
        rows = np.frombuffer(base64.b64decode(answer["rows"]), "<f4")
        return rows.reshape(-1, int(answer["dim"])).astype(np.float32)

    def _relaunch(self) -> bool:
        if self._process is not None:
            _end(self._process)
        return self._launch()

    def _fail_all(self, why: str) -> None:
        with self._guard:  # no request slips in between the last look and the end
            while True:
                try:
                    job = self._jobs.get_nowait()
                except queue.Empty:
                    return
                if job.priority != _END and job.result.set_running_or_notify_cancel():
                    job.result.set_exception(EmbedError(why))


_QUIET = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "OMP_WAIT_POLICY": "PASSIVE",
}


def _line(process: subprocess.Popen[bytes]) -> dict[str, Any]:
    """The next answer; ``ValueError`` at the end of the process's output."""
    if process.stdout is None:
        raise ValueError("no output")
    line = process.stdout.readline()
    if not line.endswith(b"\n"):
        raise ValueError("its process ended")
    answer: dict[str, Any] = json.loads(line)
    return answer


def _end(process: subprocess.Popen[bytes]) -> None:
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
                continue  # Unsent bytes of a dead worker: nobody misses them.
