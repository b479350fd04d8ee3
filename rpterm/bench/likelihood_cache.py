"""Caches log-probabilities in a JSONL file, so that a long benchmark can be interrupted."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path

from rpterm.errors import RptermError, cause_of
from rpterm.scoring.likelihood import Likelihood, Text


class CachedLikelihood:
    """A ``Likelihood`` that asks another one only for what is not in the file.

    Args:
        file: Created on the first write; ``None`` keeps results in memory only.

    Raises:
        RptermError: The file holds something else or cannot be created. Raised at once, before
            any slow evaluation.
    """

    def __init__(self, asked: Likelihood, file: Path | None) -> None:
        self._asked = asked
        self._file = file
        self._known: dict[str, list[float]] = {} if file is None else _read(file)

    def logprobs(
        self, reply: Text, prompts: Sequence[Text], stopped: Callable[[], bool] = lambda: False
    ) -> list[list[float]]:
        keys = [cache_key(reply, prompt) for prompt in prompts]
        missing = [at for at, name in enumerate(keys) if name not in self._known]
        if missing:
            rows = self._asked.logprobs(reply, [prompts[at] for at in missing], stopped)
            new = {keys[at]: row for at, row in zip(missing, rows, strict=True)}
            self._known.update(new)
            self._append(new)
        return [self._known[name] for name in keys]

    def token_texts(self, reply: Text) -> list[str]:
        """Nothing: only evidence needs it, and asking would start the model."""
        return []

    def _append(self, new: dict[str, list[float]]) -> None:
        if self._file is None:
            return
        with self._file.open("a", encoding="utf-8") as lines:
            for name, row in new.items():
                rounded = [round(logprob, 4) for logprob in row]
                lines.write(json.dumps({"key": name, "ln": rounded}) + "\n")

    def close(self) -> None:
        self._asked.close()


def cache_key(reply: Text, prompt: Text) -> str:
    """The cache key of a reply after a prompt."""
    return hashlib.sha256(f"{prompt}\0{reply}".encode()).hexdigest()[:20]


def _read(file: Path) -> dict[str, list[float]]:
    if not file.exists() and file.parent.is_dir():
        return {}
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise RptermError(f"--cache: {file} cannot be used: {cause_of(error)}.") from error
    known: dict[str, list[float]] = {}
    for number, line in enumerate(lines, 1):
        try:
            entry = json.loads(line)
            known[entry["key"]] = [float(each) for each in entry["ln"]]
        except (ValueError, KeyError, TypeError) as error:
            raise RptermError(
                f"--cache: {file}, line {number}: not a row of log-probabilities. Delete the line, "
                "or name another file."
            ) from error
    return known
