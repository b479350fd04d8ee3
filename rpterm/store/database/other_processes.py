"""Cheap checks for what other processes do to the same database file.

These are functions on a store. None of them waits for another process.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from rpterm.store.database.file_setup import mark_dead_streams_partial
from rpterm.store.database.process_locks import is_alive
from rpterm.store.errors import StoreError
from rpterm.store.store import Store


def data_version(store: Store) -> int:
    """A number that changes whenever anyone but this thread writes to the file.

    It costs microseconds, because no row is read. Compare it only with numbers from the same
    thread.
    """
    ((version,),) = store.connections.rows("PRAGMA data_version")
    return int(version)


def is_written_elsewhere(store: Store, turn_id: int) -> bool:
    """Whether another running process is writing this turn or generating a reply to it."""
    row = store.connections.row("SELECT owner FROM turns WHERE id = ?", (turn_id,))
    return row is not None and not store.owner.owns(row[0]) and is_alive(store.file, row[0])


@contextmanager
def mark_answering(store: Store, turn_id: int | None) -> Iterator[None]:
    """Show other processes, while the block runs, that this one generates a reply to the turn.

    The reply itself is added to the file only when its prompt is ready. Until then the turn's
    ``owner`` column serves as the mark; it loses its meaning when this process dies.
    """
    if turn_id is None:
        yield
        return
    claim = "UPDATE turns SET owner = ? WHERE id = ? AND owner IS NULL"
    release = "UPDATE turns SET owner = NULL WHERE id = ? AND owner = ? AND status <> 'streaming'"
    store.connections.run(claim, (store.owner.token, turn_id))
    try:
        yield
    finally:
        with suppress(StoreError):  # The store may be closed already.
            store.connections.run(release, (turn_id, store.owner.token))


def end_dead_streams(store: Store) -> bool:
    """Mark the turns that dead processes were streaming as partial; return if there were any."""
    with store.connections.read() as connection:
        return mark_dead_streams_partial(connection, store.file) > 0
