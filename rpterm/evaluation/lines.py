"""Files of JSON lines that only grow: what took long is on disk at once and is not done again."""

from __future__ import annotations

import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

from rpterm.marks import why
from rpterm.types import RptermError


class GrowingFile:
    """One JSON object a line.

    Args:
        begins: How every line begins, by which one that was cut while it was written is known.
        holds: What the file is for, in words.
    """

    def __init__(self, path: Path, begins: str, holds: str) -> None:
        """Raises:
        RptermError: The file cannot be written, or its folder cannot be made.
        """
        self._path, self._begins, self._holds = path, begins, holds
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RptermError(
                f"{path.parent} is no folder for {holds}: {why(error)}. Name another one."
            ) from None
        self._write("")  # A folder that takes nothing is told before anything is asked.

    def read(self) -> list[dict[str, Any]]:
        """What every line holds.

        Raises:
            RptermError: The file is another one.
        """
        try:
            return [dict(json.loads(line)) for line in self._whole_lines()]
        except (OSError, ValueError, TypeError) as error:
            raise self.strange(error) from None

    def add(self, row: dict[str, Any]) -> None:
        """Write a line. Raises ``RptermError`` where that fails."""
        self._write(json.dumps(row, ensure_ascii=False) + "\n")

    def strange(self, error: Exception) -> RptermError:
        """That the file holds something else."""
        return RptermError(f"{self._path} holds no {self._holds}: {error}.")

    def _write(self, text: str) -> None:
        try:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(text)
        except OSError as error:
            raise RptermError(
                f"{self._path} cannot be written: {why(error)}. Name another folder."
            ) from None

    def _whole_lines(self) -> list[str]:
        """The lines; one that was cut while it was written is taken out of the file."""
        # Not splitlines(): other separators may stand within a reply.
        *lines, last = self._path.read_text(encoding="utf-8").split("\n")
        if last.startswith(self._begins):
            lines += [last] if last.endswith("}") else []  # whole, but an editor took its line end
            text = "".join(line + "\n" for line in lines)
            self._path.write_text(text, encoding="utf-8", newline="\n")
        elif last:
            lines.append(last)
        return lines


class Known:
    """Results, plain JSON, by what they depend on; without a file they live no longer than this."""

    def __init__(self, path: Path | None = None, holds: str = "results") -> None:
        """Raises:
        RptermError: The file cannot be used, or is another one.
        """
        self._file = GrowingFile(path, '{"mark": ', holds) if path is not None else None
        self._results: dict[str, Any] = {}
        if self._file is not None:
            try:
                self._results = {row["mark"]: row["result"] for row in self._file.read()}
            except KeyError as error:
                raise self._file.strange(error) from None

    def or_made(self, mark: str, make: Callable[[], tuple[Any, bool]]) -> Any:
        """The result that is known, else the one that is made now.

        Args:
            make: Gives a result and whether it shall be kept.

        Raises:
            RptermError: It cannot be made, or not be kept.
        """
        if mark not in self._results:
            result, whole = make()
            if not whole:
                return result
            self._results[mark] = result
            if self._file is not None:
                self._file.add({"mark": mark, "result": result})
        return self._results[mark]


def mark(*depends: object) -> str:
    """Names everything that a result depends on; ``repr`` has to tell it."""
    return sha256(repr(depends).encode()).hexdigest()[:20]
