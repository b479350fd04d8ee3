"""One file in several programs: what the others do to it, told cheaply.

Functions on a store. Nothing here waits for another program.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from rpterm.store.errors import StoreError
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
    """Whether another living program is writing this turn, or makes a reply to it."""
    query = "SELECT owner FROM turns WHERE id = ?"
    with store.connections.read() as connection:
        row = connection.execute(query, (turn_id,)).fetchone()
    return row is not None and not store.owner.owns(row[0]) and alive(store.file, row[0])


@contextmanager
def answering(store: Store, turn_id: int | None) -> Iterator[None]:
    """Let others see, while the block runs, that a reply to this turn is made here.

    The reply itself stands in the file only when its prompt is ready. The mark is the ``owner`` of
    the turn; it means nothing any more when this program dies.
    """
    if turn_id is None:
        yield
        return
    taken = "UPDATE turns SET owner = ? WHERE id = ? AND owner IS NULL"
    freed = "UPDATE turns SET owner = NULL WHERE id = ? AND owner = ? AND status <> 'streaming'"
    with store.connections.read() as connection:
        connection.execute(taken, (store.owner.token, turn_id))
    try:
        yield
    finally:
        with suppress(StoreError), store.connections.read() as connection:  # It may be closed.
            connection.execute(freed, (turn_id, store.owner.token))


def end_dead(store: Store) -> bool:
    """What a program that died meanwhile was writing becomes partial; whether there was any."""
    with store.connections.read() as connection:
        return repair_streaming(connection, store.file) > 0
