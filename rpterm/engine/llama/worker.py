"""The worker process that owns the model: ``python -m rpterm.engine.llama.worker``.

It reads messages from stdin and writes messages to the original stdout (see ``messages``); whatever
C code prints goes to stderr, which the client redirects to a log file. A reader thread answers
``tokenize``, ``detokenize`` and ``cancel`` at once, even while the main thread uses the model. At
the end of stdin the client is gone, and the process exits immediately.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

from rpterm.engine.llama.job_queue import AbortFlag, JobQueue
from rpterm.engine.llama.messages import (
    Message,
    pack,
    pack_info,
    unpack,
    unpack_options,
    unpack_request,
)
from rpterm.engine.protocol import EngineError, ModelError

_IMMEDIATE = ("tokenize", "detokenize")
"""Operations that the reader thread carries out itself, once a model is loaded."""


class Worker:
    """Serves one client until stdin ends."""

    def __init__(self, source: BinaryIO, sink: BinaryIO) -> None:
        self._source = source
        self._sink = sink
        self._writing = threading.Lock()
        self._jobs = JobQueue(AbortFlag())
        self._model: Any = None
        self._cache: Any = None
        self._scorer: Any = None

    def run(self) -> None:
        """Carry out jobs until the reader thread ends the process."""
        threading.Thread(target=self._read_until_eof, name="reader", daemon=True).start()
        from rpterm.engine.llama.binding import log_to_stderr

        log_to_stderr()
        while True:
            job = self._jobs.take()
            self._answer(job, getattr(self, f"_do_{job['op']}"))

    def _read_until_eof(self) -> None:
        """Read stdin, then end the process, also after an error, so that no client ever waits."""
        try:
            self._read_messages()
        except Exception:  # noqa: BLE001 - it is in the log, and the client sees the process end
            traceback.print_exc(file=sys.stderr)
            sys.stderr.flush()
            os._exit(1)
        os._exit(0)

    def _read_messages(self) -> None:
        for line in self._source:
            message = unpack(line)
            message["received"] = time.perf_counter()
            if message["op"] == "cancel":
                self._jobs.cancel(message["ids"])
            elif message["op"] in _IMMEDIATE and self._model is not None:
                self._answer(message, getattr(self, f"_do_{message['op']}"))
            else:
                self._jobs.put(message)

    def _send(self, message: Message) -> None:
        line = pack(message)
        with self._writing:
            self._sink.write(line)
            self._sink.flush()

    def _answer(self, job: Message, work: Callable[[Message], Any]) -> None:
        answer: Message = {"id": job["id"]}
        try:
            answer["ok"] = work(job)
        except ModelError as error:
            answer |= {"error": "model", "text": str(error)}
        except EngineError as error:
            answer |= {"error": "engine", "text": str(error)}
        except Exception as error:  # noqa: BLE001 - the client must be told about any error
            traceback.print_exc(file=sys.stderr)
            sys.stderr.flush()
            answer |= {"error": "engine", "text": f"The engine has a defect: {error!r}."}
        self._send(answer)

    def _do_load(self, job: Message) -> Message:
        from rpterm.engine.llama.cache.kv import ChatCache
        from rpterm.engine.llama.logprobs import LogprobScorer
        from rpterm.engine.llama.model import Model

        last_percent = -1

        def report(share: float) -> None:
            nonlocal last_percent
            if int(share * 100) > last_percent:
                last_percent = int(share * 100)
                self._send({"id": job["id"], "progress": share})

        model = Model(unpack_options(job["options"]), report)
        self._cache = ChatCache(model, self._jobs.abort)
        self._scorer = LogprobScorer(model)
        self._model = model
        return pack_info(model.info())

    def _do_tokenize(self, job: Message) -> list[list[int]]:
        return [self._model.tokenize(text, special) for text, special in job["pieces"]]

    def _do_detokenize(self, job: Message) -> str:
        text: str = self._model.detokenize(job["ids"])
        return text

    def _do_generate(self, job: Message) -> None:
        from rpterm.engine.llama.event_buffer import EventBuffer
        from rpterm.engine.llama.generate import Generation

        buffer = EventBuffer(lambda events: self._send({"id": job["id"], "ev": events}))
        Generation(self._cache, unpack_request(job), buffer).run(job["received"])

    def _do_settle(self, job: Message) -> bool:
        from rpterm.engine.llama.cache.kv import Aborted

        for ids in (job["ids"], *job["others"]):
            self._model.check_ids(ids)
            if len(ids) > self._model.options.context:
                raise EngineError("The tokens to settle do not fit into the context.")
        try:
            self._cache.settle_all(job["ids"], job["others"])
        except Aborted:
            return False
        return True

    def _do_background(self, job: Message) -> str | None:
        from rpterm.engine.llama.background import BackgroundGeneration

        return BackgroundGeneration(self._cache, unpack_request(job)).run()

    def _do_logprobs(self, job: Message) -> list[list[float]]:
        result: list[list[float]] = self._scorer.logprobs(job["reply"], job["prompts"])
        return result

    def _do_load_prompt(self, job: Message) -> bool:
        return bool(self._scorer.recall(job["prompt"], Path(job["path"]), job["room"]))

    def _do_save_prompt(self, job: Message) -> bool:
        return bool(self._scorer.keep(job["prompt"], Path(job["path"])))

    def _do_save(self, job: Message) -> bool:
        from rpterm.engine.llama.cache import state_file

        return state_file.save(self._cache, Path(job["path"]))

    def _do_restore(self, job: Message) -> int:
        from rpterm.engine.llama.cache import state_file

        return state_file.load(self._cache, Path(job["path"]))


def main() -> None:
    """Reserve the pipe for messages, leave Ctrl+C to the client, and run the worker."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    pipe = os.dup(1)
    os.dup2(2, 1)
    Worker(sys.stdin.buffer, os.fdopen(pipe, "wb")).run()


if __name__ == "__main__":
    main()
