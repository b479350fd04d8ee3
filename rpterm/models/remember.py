"""What was found out about a file, kept while the file stays the same: hashes, headers.

One small JSON file for each path in the cache folder; a file counts as the same while its size and
time of change are. A cache that cannot be read or written is no error: the work is done again.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from rpterm.paths import keep

_FORMAT = 2


class FileFacts:
    """Facts about one file, read once and written back by ``set``.

    Args:
        path: The file the facts are about.
        folder: The cache folder; ``None`` remembers nothing.
    """

    def __init__(self, path: Path, folder: Path | None) -> None:
        state = path.stat()
        self._stamp = [_FORMAT, state.st_size, state.st_mtime_ns]
        name = hashlib.sha1(str(path.absolute()).encode("utf-8", "surrogateescape")).hexdigest()
        self._file = folder / "models" / f"{name}.json" if folder else None
        self._facts = self._read()

    def get(self, key: str) -> Any:
        """The fact, or ``None``."""
        return self._facts.get(key)

    def set(self, key: str, value: Any) -> None:
        """Remember a fact; anything JSON can hold."""
        self._facts[key] = value
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
        facts = stored.get("facts")
        return facts if isinstance(facts, dict) else {}

    def _write(self) -> None:
        if self._file is None:
            return
        text = json.dumps({"stamp": self._stamp, "facts": self._facts})
        keep(self._file, text.encode())
