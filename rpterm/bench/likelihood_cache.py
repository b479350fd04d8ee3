"""Caches log-probabilities in a JSONL file, so that a long benchmark can be interrupted."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from rpterm.evaluation.result_cache import AppendOnlyFile
from rpterm.scoring.likelihood import Likelihood, Text


class CachedLikelihood:
    """A ``Likelihood`` that asks another one only for what is not in the file.

    Args:
        path: The file; ``None`` keeps results in memory only.

    Raises:
        RptermError: The file holds something else or cannot be created. Raised at once, before
            any slow evaluation.
    """

    def __init__(self, asked: Likelihood, path: Path | None) -> None:
        self._asked = asked
        self._file = AppendOnlyFile(path, '{"key": ', "log-probabilities") if path else None
        self._known = dict(self._file.read(_entry)) if self._file else {}

    def logprobs(
        self, reply: Text, prompts: Sequence[Text], stopped: Callable[[], bool] = lambda: False
    ) -> list[list[float]]:
        keys = [_key(reply, prompt) for prompt in prompts]
        missing = [at for at, name in enumerate(keys) if name not in self._known]
        if missing:
            rows = self._asked.logprobs(reply, [prompts[at] for at in missing], stopped)
            new = {keys[at]: row for at, row in zip(missing, rows, strict=True)}
            self._known.update(new)
            if self._file is not None:
                self._file.add(
                    *({"key": name, "ln": [round(each, 4) for each in new[name]]} for name in new)
                )
        return [self._known[name] for name in keys]

    def token_texts(self, reply: Text) -> list[str]:
        """Nothing: only evidence needs it, and asking would start the model."""
        return []

    def close(self) -> None:
        self._asked.close()


def _key(reply: Text, prompt: Text) -> str:
    return hashlib.sha256(f"{prompt}\0{reply}".encode()).hexdigest()[:20]


def _entry(row: dict[str, Any]) -> tuple[str, list[float]]:
    return row["key"], [float(logprob) for logprob in row["ln"]]
