"""The folder of saved caches: which file belongs to a chat, and how much disk they may take.

A saved cache holds tokens and their state. Whatever is read, the engine keeps only the part that
the next prompt begins with; so a new chat may read the cache of another chat with the same
character and has the card evaluated already. A file that is gone costs time, never a word.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rpterm.paths import last_use, prune

if TYPE_CHECKING:
    from rpterm.engine.protocol import Engine

LIMIT_BYTES = 4 * 1024**3
READY_S = 0.3
"""How long one who leaves waits for a cache to be brought back; evaluating is not waited for."""


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
        return max(others, key=last_use, default=None)

    def restore(self, engine: Engine, chat_id: int, key: str, cards: Iterable[str]) -> None:
        """Read what is saved for each of these characters; the last one's stays at hand."""
        for card in cards:
            if (path := self.nearest(chat_id, card, key)) is not None:
                engine.load_state(path)

    def keep(
        self, engine: Engine, chat_id: int, key: str, prompts: Sequence[tuple[str, Sequence[int]]]
    ) -> None:
        """Save the cache of each character whose prompt is ready, and of the last one anyway.

        Args:
            prompts: Card names, and what their next prompts begin with.

        Raises:
            OSError: The folder cannot be made.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        for number, (card, ids) in enumerate(prompts, 1):
            if len(prompts) > 1:
                engine.settle(ids)
                if not engine.settled(READY_S) and number < len(prompts):
                    continue
            engine.save_state(self.own(chat_id, card, key))
        self.prune()

    def prune(self) -> None:
        """Delete the longest unused files beyond the limit."""
        prune(self.folder, "*.state*", self.limit)

    def forget(self, chat_id: int) -> None:
        """Delete what is saved of a chat, under whatever model."""
        for path in self.folder.glob(f"*-{chat_id}.state*"):
            path.unlink(missing_ok=True)

    def _head(self, card: str, key: str) -> str:
        return f"{hashlib.sha256(card.encode('utf-8', 'replace')).hexdigest()[:12]}-{key}"
