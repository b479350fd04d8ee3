"""Stores which examples a chat pins or excludes, and how many of them go into a prompt.

Examples are identified by keys that the caller computes; the key of a missing example is harmless.
"""

from __future__ import annotations

from typing import Literal

from rpterm.store.store import Store

Mark = Literal["pinned", "excluded"]


class ExampleMarks:
    """The example settings of all chats in a store."""

    def __init__(self, store: Store) -> None:
        self._connections = store.connections

    def marks(self, chat_id: int) -> dict[str, Mark]:
        """The marks of a chat, by key of the example."""
        query = "SELECT example, mark FROM example_marks WHERE chat_id = ?"
        return dict(self._connections.rows(query, (chat_id,)))

    def mark(self, chat_id: int, example: str, mark: Mark | None) -> None:
        """Pin or exclude an example, or remove its mark."""
        with self._connections.write() as connection:
            connection.execute(
                "DELETE FROM example_marks WHERE chat_id = ? AND example = ?", (chat_id, example)
            )
            if mark is not None:
                connection.execute(
                    "INSERT INTO example_marks (chat_id, example, mark) VALUES (?, ?, ?)",
                    (chat_id, example, mark),
                )

    def sizes(self, chat_id: int) -> tuple[int, int] | None:
        """The number of examples per turn and their token budget; ``None`` if not set."""
        query = "SELECT k, budget FROM example_sizes WHERE chat_id = ?"
        row = self._connections.row(query, (chat_id,))
        return None if row is None else (int(row[0]), int(row[1]))

    def set_sizes(self, chat_id: int, k: int, budget: int) -> None:
        """Set both; a ``budget`` of 0 means the default share of the context window."""
        self._connections.run(
            "INSERT OR REPLACE INTO example_sizes (chat_id, k, budget) VALUES (?, ?, ?)",
            (chat_id, max(0, k), max(0, budget)),
        )
