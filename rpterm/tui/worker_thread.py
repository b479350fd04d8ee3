"""A daemon thread with a queue of calls, which an event loop can await.

A session's calls may read a database or wait for a model, so none runs on the event loop. The
threads are daemons, not an executor's, so that quitting never waits for a model that is still
loading. Knows nothing of chats or widgets.
"""

from __future__ import annotations

import asyncio
import contextvars
import queue
import threading
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class WorkerThread:
    """Runs calls in order in a thread of its own, which starts with the first call."""

    def __init__(self, name: str, failed: Callable[[Exception], object]) -> None:
        """``failed`` is called in the thread with what a call of ``put`` raised: a bug of ours."""
        self._name = name
        self._failed = failed
        self._calls: queue.SimpleQueue[Callable[[], object] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._closed = self._dropping = False

    def put(self, call: Callable[[], object]) -> None:
        """Queue a call and do not wait for it."""
        if self._closed:
            return
        if self._thread is None:
            context = contextvars.copy_context()
            self._thread = threading.Thread(
                target=context.run, args=(self._run,), name=f"rpterm-{self._name}", daemon=True
            )
            self._thread.start()
        self._calls.put(call)

    async def call(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a function in the lane and wait for what it returns or raises."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()

        def deliver(result: Any, error: BaseException | None) -> None:
            if future.done():
                return
            if error is None:
                future.set_result(result)
            else:
                future.set_exception(error)

        def work() -> None:
            try:
                result, error = function(*args, **kwargs), None
            except BaseException as caught:  # noqa: BLE001 - raised again in the awaiting task
                result, error = None, caught
            if not loop.is_closed():
                loop.call_soon_threadsafe(deliver, result, error)

        self.put(work)
        return await future

    def close(self) -> None:
        """Take no more calls and drop the queued ones; the thread ends after the running call."""
        self._dropping = True
        self.finish()

    def finish(self) -> None:
        """Take no more calls; the thread ends after the queued ones."""
        self._closed = True
        self._calls.put(None)

    def join(self, timeout: float) -> None:
        """Wait for the thread to end, for tests and a clean exit."""
        if self._thread is not None:
            self._thread.join(timeout)

    def _run(self) -> None:
        while (call := self._calls.get()) is not None:
            if self._dropping:
                return
            try:
                call()
            except Exception as error:  # noqa: BLE001 - a thread that ends unseen would hang the chat
                self._failed(error)
