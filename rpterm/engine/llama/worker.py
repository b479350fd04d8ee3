"""The worker process: ``python -m rpterm.engine.llama.worker``.

Reads messages on stdin and writes messages on what was stdout (see ``wire``); everything that C
code prints goes to stderr, which the client points to a log file. A reader thread answers
``tokenize``, ``detokenize`` and ``cancel`` at once, also while the main thread works with the
model. The end of stdin means that the client is gone: the process ends at that moment.
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

from rpterm.engine.llama.desk import Abort, Desk
from rpterm.engine.llama.wire import Message, pack, pack_info, unpack, unpack_request
from rpterm.engine.protocol import EngineError, ModelError

_AT_ONCE = ("tokenize", "detokenize")


class Worker:
    """Serves one client until stdin ends."""

    def __init__(self, source: BinaryIO, sink: BinaryIO) -> None:
        self._source = source
        self._sink = sink
        self._writing = threading.Lock()
        self._desk = Desk(Abort())
        self._model: Any = None
        self._cache: Any = None
        self._scorer: Any = None

    def run(self) -> None:
        """Work until the process is ended by the reader thread."""
        threading.Thread(target=self._read, name="reader", daemon=True).start()
        from rpterm.engine.llama.binding import log_to_stderr

        log_to_stderr()
        while True:
            job = self._desk.take()
            self._answer(job, getattr(self, f"_do_{job['op']}"))

    def _read(self) -> None:
        """Serve stdin; whatever ends that ends the process, so that no client ever waits."""
        try:
            self._listen()
        except Exception:  # noqa: BLE001 - the log tells, and the client sees the process end
            traceback.print_exc(file=sys.stderr)
            sys.stderr.flush()
            os._exit(1)
        os._exit(0)

    def _listen(self) -> None:
        for line in self._source:
            message = unpack(line)
            message["received"] = time.perf_counter()
            if message["op"] == "cancel":
                self._desk.cancel(message["ids"])
            elif message["op"] in _AT_ONCE and self._model is not None:
                self._answer(message, getattr(self, f"_do_{message['op']}"))
            else:
                self._desk.put(message)

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
        except Exception as error:  # noqa: BLE001 - whatever it is, the client must hear of it
            traceback.print_exc(file=sys.stderr)
            sys.stderr.flush()
            answer |= {"error": "engine", "text": f"The engine has a defect: {error!r}."}
        self._send(answer)

    def _do_load(self, job: Message) -> Message:
        from rpterm.engine.llama.kv import ChatCache
        from rpterm.engine.llama.logprobs import Scorer
        from rpterm.engine.llama.model import Model, Options

        options = dict(job["options"])
        for name in ("path", "adapter", "requantize_to"):
            options[name] = Path(options[name]) if options[name] else None
        shown = -1

        def progress(share: float) -> None:
            nonlocal shown
            if int(share * 100) > shown:
                shown = int(share * 100)
                self._send({"id": job["id"], "progress": share})

        model = Model(Options(**options), progress)
        self._cache = ChatCache(model, self._desk.abort)
        self._scorer = Scorer(model)
        self._model = model
        return pack_info(model.info())

    def _do_tokenize(self, job: Message) -> list[list[int]]:
        return [self._model.tokenize(text, special) for text, special in job["pieces"]]

    def _do_detokenize(self, job: Message) -> str:
        text: str = self._model.detokenize(job["ids"])
        return text

    def _do_generate(self, job: Message) -> None:
        from rpterm.engine.llama.generate import Generation
        from rpterm.engine.llama.outbox import Outbox

        out = Outbox(lambda events: self._send({"id": job["id"], "ev": events}))
        Generation(self._cache, unpack_request(job), out).run(job["received"])

    def _do_settle(self, job: Message) -> bool:
        from rpterm.engine.llama.kv import Aborted

        for ids in (job["ids"], *job["others"]):
            self._model.check_ids(ids)
            if len(ids) > self._model.options.context:
                raise EngineError("There are more tokens to settle than the context holds.")
        try:
            self._cache.settle_all(job["ids"], job["others"])
        except Aborted:
            return False
        return True

    def _do_aside(self, job: Message) -> str | None:
        from rpterm.engine.llama.aside import Aside

        return Aside(self._cache, unpack_request(job)).run()

    def _do_logprobs(self, job: Message) -> list[list[float]]:
        result: list[list[float]] = self._scorer.logprobs(job["reply"], job["prompts"])
        return result

    def _do_recall_prompt(self, job: Message) -> bool:
        return bool(self._scorer.recall(job["prompt"], Path(job["path"]), job["room"]))

    def _do_keep_prompt(self, job: Message) -> bool:
        return bool(self._scorer.keep(job["prompt"], Path(job["path"])))

    def _do_save(self, job: Message) -> bool:
        from rpterm.engine.llama import state

        return state.save(self._cache, Path(job["path"]))

    def _do_restore(self, job: Message) -> int:
        from rpterm.engine.llama import state

        return state.load(self._cache, Path(job["path"]))


def main() -> None:
    """Keep the pipe for messages alone, leave the terminal's signals to the client, and serve."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    pipe = os.dup(1)
    os.dup2(2, 1)
    Worker(sys.stdin.buffer, os.fdopen(pipe, "wb")).run()


if __name__ == "__main__":
    main()
