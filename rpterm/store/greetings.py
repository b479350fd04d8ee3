"""Changes the text of greetings that nobody has answered yet."""

from __future__ import annotations

from rpterm.store.memory.memories import Memories
from rpterm.store.row_conversion import storable
from rpterm.store.store import Store


def reword_greeting(store: Store, turn_id: int, text: str) -> None:
    """Replace the text of a greeting, also in the memories of it."""
    with store.connections.write() as connection:
        connection.execute("UPDATE turns SET text = ? WHERE id = ?", (storable(text), turn_id))
    Memories(store).update_turn_text(turn_id)
