"""One file in several programs: what the others do to it, told cheaply.

Functions on a store. Nothing here waits for another program.
"""

from __future__ import annotations

from rpterm.store.liveness import alive
from rpterm.store.opening import repair_streaming
from rpterm.store.store import Store


def version(store: Store) -> int:
    """A number that is another one after anybody but this thread wrote to the file.

    It costs microseconds: no row is read. Only numbers of one thread can be compared.
    """
    with store.connections.read() as connection:
        return int(connection.execute("PRAGMA data_version").fetchone()[0])


def written_elsewhere(store: Store, turn_id: int) -> bool:
    """Whether another living program is writing this reply."""
    query = "SELECT owner FROM turns WHERE id = ? AND status = 'streaming'"
    with store.connections.read() as connection:
        row = connection.execute(query, (turn_id,)).fetchone()
    return row is not None and not store.owner.owns(row[0]) and alive(store.file, row[0])


def end_dead(store: Store) -> bool:
    """What a program that died meanwhile was writing becomes partial; whether there was any."""
    with store.connections.read() as connection:
        return repair_streaming(connection, store.file) > 0
