"""Caches what was found out about a file, such as its hash or header, until the file changes.

One small JSON file for each path in the cache folder; a file counts as unchanged while its size and
modification time stay the same. A cache that cannot be read or written is no error: the work is
done again.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from rpterm.paths import write_cache

_FORMAT = 2


class FileCache:
    """Cached values for one file, read once and written back by ``set``.

    Args:
        path: The file the values are about.
        folder: The cache folder; ``None`` for no cache.
    """

    def __init__(self, path: Path, folder: Path | None) -> None:
        status = path.stat()
        self._stamp = [_FORMAT, status.st_size, status.st_mtime_ns]
        name = hashlib.sha1(str(path.absolute()).encode("utf-8", "surrogateescape")).hexdigest()
        self._file = folder / "models" / f"{name}.json" if folder else None
        self._values = self._read()

    def get(self, key: str) -> Any:
        """The value, or ``None``."""
        return self._values.get(key)

    def set(self, key: str, value: Any) -> None:
        """Store a JSON value."""
        self._values[key] = value
        self._write()

    def _read(self) -> dict[str, Any]:
        if self._file is None:
            return {}
        try:
            stored = json.loads(self._file.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            return {}
        if not isinstance(stored, dict) or stored.get("stamp") != self._stamp:
            return {}
        values = stored.get("facts")
        return values if isinstance(values, dict) else {}

    def _write(self) -> None:
        if self._file is None:
            return
        text = json.dumps({"stamp": self._stamp, "facts": self._values})
        write_cache(self._file, text.encode())
