"""The folder of saved caches: which file belongs to a chat, and how much disk they may take.

A saved cache holds tokens and their state. Whatever is read, the engine keeps only the part that
the next prompt begins with; so a new chat may read the cache of another chat with the same
character and has the card evaluated already. A file that is gone costs time, never a word.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

LIMIT_BYTES = 4 * 1024**3


@dataclass(frozen=True, slots=True)
class States:
    """Saved caches in one folder.

    Attributes:
        limit: Bytes all of them may take; the longest unused go first.
    """

    folder: Path
    limit: int = LIMIT_BYTES

    def own(self, chat_id: int, card: str, key: str) -> Path:
        """The file of one chat.

        Args:
            card: The card's name.
            key: Tells model, adapter and template apart: a state of another model of the same
                shape would be taken for ours.
        """
        return self.folder / f"{self._head(card, key)}-{chat_id}.state"

    def nearest(self, chat_id: int, card: str, key: str) -> Path | None:
        """The chat's own file, or else the newest one with this character."""
        own = self.own(chat_id, card, key)
        if own.exists():
            return own
        others = self.folder.glob(f"{self._head(card, key)}-*.state")
        return max(others, key=_used, default=None)

    def prune(self) -> None:
        """Delete the longest unused files beyond the limit."""
        files = sorted(self.folder.glob("*.state*"), key=_used, reverse=True)
        kept = 0
        for path in files:
            kept += _size(path)
            if kept > self.limit:
                path.unlink(missing_ok=True)

    def forget(self, chat_id: int) -> None:
        """Delete what is saved of a chat, under whatever model."""
        for path in self.folder.glob(f"*-{chat_id}.state*"):
            path.unlink(missing_ok=True)

    def _head(self, card: str, key: str) -> str:
        return f"{hashlib.sha256(card.encode('utf-8', 'replace')).hexdigest()[:12]}-{key}"


def _used(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
