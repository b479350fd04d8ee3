"""Says on the terminal what the program is doing while a reply lets the user wait.

Whole lines on standard error, ever more rarely: a screen reader reads each of them once, and a pipe
gets none.
"""

from __future__ import annotations

import sys
import threading
import time

from rpterm.chat import events
from rpterm.cli import out

PAUSES_S = (3.0, 7.0, 20.0, 30.0, 60.0)
"""Seconds before each line; the last pause repeats."""


class Waiting:
    """A block during which the user waits; ``note`` every event, ``end`` when text is shown."""

    def __init__(self, doing: str) -> None:
        """``doing`` is what the program does first, such as "loading the model"."""
        self._doing = doing
        self._began = time.monotonic()
        self._ended = threading.Event()
        self._writing = threading.Lock()

    def __enter__(self) -> Waiting:
        if sys.stderr.isatty():
            threading.Thread(target=self._tell, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def end(self) -> None:
        """Tell nothing any more."""
        with self._writing:
            self._ended.set()

    def note(self, event: events.SessionEvent) -> None:
        """Note what the session is doing now."""
        match event:
            case events.PromptEvaluated(done, total) if done:
                self._doing = f"reading, {done:,} of {total:,} tokens"
            case events.PromptEvaluated(_, total):
                self._doing = f"reading {total:,} tokens"
            case events.ReplyThought(tokens=tokens):
                self._doing = f"thinking, {tokens:,} tokens so far"
            case events.ReplyDelta(tokens=tokens):
                self._doing = f"writing, {tokens:,} tokens so far"

    def _tell(self) -> None:
        for number in range(sys.maxsize):
            self._ended.wait(PAUSES_S[min(number, len(PAUSES_S) - 1)])
            with self._writing:
                if self._ended.is_set():
                    return
                out.tell(f"({self._doing}; {time.monotonic() - self._began:.0f} s)")
