"""Append-only JSON-lines files that save expensive results at once, so they are not repeated."""

from __future__ import annotations

import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

from rpterm.errors import RptermError, cause_of

_T = TypeVar("_T")


class AppendOnlyFile:
    """An append-only file with one JSON object per line."""

    def __init__(self, path: Path, line_start: str, contents: str) -> None:
        """Create the file's folder and check that the file can be written.

        Args:
            path: The file.
            line_start: How every line starts; identifies a last line that was cut off.
            contents: What the file contains, in words, for messages.

        Raises:
            RptermError: The file cannot be written, or its folder cannot be created.
        """
        self._path, self._line_start, self._contents = path, line_start, contents
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RptermError(
                f"{path.parent} cannot hold {contents}: {cause_of(error)}. Choose another folder."
            ) from None
        self._write("")  # Fail now if the folder is read-only, and not after the work is done.

    def read(self, parse: Callable[[Any], _T]) -> list[_T]:
        """What ``parse`` makes of the JSON value of every line.

        Raises:
            RptermError: The file cannot be read, or a line is something else.
        """
        try:
            lines = self._complete_lines()
        except (OSError, UnicodeDecodeError) as error:
            raise RptermError(f"{self._path} cannot be read: {cause_of(error)}.") from None
        found = []
        for number, line in enumerate(lines, 1):
            try:
                found.append(parse(json.loads(line)))
            except (ValueError, LookupError, TypeError, AttributeError) as error:
                raise RptermError(
                    f"{self._path} does not contain {self._contents}: line {number} is something "
                    "else. Delete that line, or choose another file."
                ) from error
        return found

    def add(self, *rows: dict[str, Any]) -> None:
        """Append a line for each row.

        Raises:
            RptermError: The file cannot be written.
        """
        self._write("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))

    def _write(self, text: str) -> None:
        try:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(text)
        except OSError as error:
            raise RptermError(
                f"{self._path} cannot be written: {cause_of(error)}. Choose another place."
            ) from None

    def _complete_lines(self) -> list[str]:
        """The lines; removes a last line from the file that was cut off while being written."""
        # Not splitlines(): a reply may contain other line separators.
        *lines, last = self._path.read_text(encoding="utf-8").split("\n")
        if last.startswith(self._line_start):
            lines += [last] if last.endswith("}") else []  # An editor may drop the last newline.
            text = "".join(line + "\n" for line in lines)
            self._path.write_text(text, encoding="utf-8", newline="\n")
        elif last:
            lines.append(last)
        return lines


class ResultCache:
    """A cache of JSON results by a hash of what they depend on; without a file only in memory."""

    def __init__(self, path: Path | None = None, contents: str = "results") -> None:
        """Load the cache.

        Raises:
            RptermError: The file cannot be used, or contains something else.
        """
        self._file = AppendOnlyFile(path, '{"mark": ', contents) if path is not None else None
        rows = self._file.read(lambda row: (row["mark"], row["result"])) if self._file else ()
        self._results: dict[str, Any] = dict(rows)

    def get_or_compute(self, key: str, make: Callable[[], tuple[Any, bool]]) -> Any:
        """The cached result, or else a new one.

        Args:
            key: The hash of what the result depends on; see ``cache_key``.
            make: Computes the result; returns it and whether it may be cached.

        Raises:
            RptermError: The result cannot be computed or saved.
        """
        if key not in self._results:
            result, is_cacheable = make()
            if not is_cacheable:
                return result
            self._results[key] = result
            if self._file is not None:
                self._file.add({"mark": key, "result": result})
        return self._results[key]


def cache_key(*depends: object) -> str:
    """A hash of everything that a result depends on, by its ``repr``."""
    return sha256(repr(depends).encode()).hexdigest()[:20]
