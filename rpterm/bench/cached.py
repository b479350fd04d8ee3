"""Remembers likelihoods in a file of JSON lines, so that a long benchmark can be broken off."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path

from rpterm.scoring.likelihood import Likelihood, Text


class Cached:
    """A ``Likelihood`` that asks another one only for what the file does not hold.

    Args:
        file: Made when first needed; ``None`` remembers nothing.
    """

    def __init__(self, asked: Likelihood, file: Path | None) -> None:
        self._asked = asked
        self._file = file
        self._known: dict[str, list[float]] = {}
        if file is not None and file.is_file():
            for line in file.read_text(encoding="utf-8").splitlines():
                entry = json.loads(line)
                self._known[entry["key"]] = entry["ln"]

    def logprobs(
        self, reply: Text, prompts: Sequence[Text], stopped: Callable[[], bool] = lambda: False
    ) -> list[list[float]]:
        keys = [key(reply, prompt) for prompt in prompts]
        missing = [at for at, each in enumerate(keys) if each not in self._known]
        if missing:
            found = self._asked.logprobs(reply, [prompts[at] for at in missing], stopped)
            new = {keys[at]: row for at, row in zip(missing, found, strict=True)}
            self._known.update(new)
            self._write(new)
        return [self._known[each] for each in keys]

    def _write(self, new: dict[str, list[float]]) -> None:
        if self._file is None:
            return
        with self._file.open("a", encoding="utf-8") as lines:
            for name, row in new.items():
                kept = [round(each, 4) for each in row]
                lines.write(json.dumps({"key": name, "ln": kept}) + "\n")

    def close(self) -> None:
        self._asked.close()


def key(reply: Text, prompt: Text) -> str:
    """Names a reply after a prompt."""
    return hashlib.sha256(f"{prompt}\0{reply}".encode()).hexdigest()[:20]
