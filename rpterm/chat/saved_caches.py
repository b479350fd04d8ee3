"""Saves and restores KV caches in a folder: one file for each chat, within a disk limit.

A saved cache holds tokens and their state. Of a restored cache the engine keeps only the prefix
that it shares with the next prompt. A new chat may therefore restore the cache of another chat with
the same character, in which the card is already evaluated. A missing file costs time, never text.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rpterm.paths import last_use, prune_cache

if TYPE_CHECKING:
    from rpterm.engine.protocol import Engine

LIMIT_BYTES = 4 * 1024**3
READY_S = 0.3
"""How long leaving a chat waits, in seconds, for the engine to bring back a character's cache.

It does not wait for tokens to be evaluated."""
SAVE_S = 3.0
"""After this many seconds, leaving a chat begins no further file."""


@dataclass(frozen=True, slots=True)
class SavedCaches:
    """The saved KV caches in one folder.

    Attributes:
        limit: The bytes they may take in all; the least recently used files are deleted first.
    """

    folder: Path
    limit: int = LIMIT_BYTES

    def path_for(self, chat_id: int, card: str, key: str) -> Path:
        """The file of one character in one chat.

        Args:
            card: The card's name.
            key: Identifies model, adapter and template. Without it, the state of another model of
                the same shape would be accepted.
        """
        return self.folder / f"{self._prefix(card, key)}-{chat_id}.state"

    def nearest_path(self, chat_id: int, card: str, key: str) -> Path | None:
        """The chat's own file, or else the newest one with this character."""
        own = self.path_for(chat_id, card, key)
        if own.exists():
            return own
        others = self.folder.glob(f"{self._prefix(card, key)}-*.state")
        return max(others, key=last_use, default=None)

    def restore(self, engine: Engine, chat_id: int, key: str, cards: Iterable[str]) -> None:
        """Load what is saved for each of these cards; the last one's becomes the active cache."""
        for card in cards:
            if (path := self.nearest_path(chat_id, card, key)) is not None:
                engine.load_state(path)

    def save(
        self, engine: Engine, chat_id: int, key: str, prompts: Sequence[tuple[str, Sequence[int]]]
    ) -> None:
        """Save the cache of each character whose cache is at hand, and always the last one's.

        That goes first: whatever a slow disk has no time for is left out.

        Args:
            prompts: Card names, each with the tokens that its next prompt begins with.

        Raises:
            OSError: The folder cannot be created.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        end = time.monotonic() + SAVE_S
        for place, (card, ids) in enumerate(reversed(prompts)):
            if len(prompts) > 1:
                engine.settle(ids)
                if not engine.settled(READY_S) and place:
                    continue
            engine.save_state(self.path_for(chat_id, card, key))
            if time.monotonic() > end:
                break
        self.prune()

    def prune(self) -> None:
        """Delete the least recently used files beyond the limit."""
        prune_cache(self.folder, "*.state*", self.limit)

    def forget(self, chat_id: int) -> None:
        """Delete all saved caches of a chat, of every model."""
        for path in self.folder.glob(f"*-{chat_id}.state*"):
            path.unlink(missing_ok=True)

    def _prefix(self, card: str, key: str) -> str:
        return f"{hashlib.sha256(card.encode('utf-8', 'replace')).hexdigest()[:12]}-{key}"
