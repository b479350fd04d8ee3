"""``rpterm doctor --repair``: builds a new database from what can be read of a damaged one.

The damaged file is kept next to the new one. Turns whose parent is lost become roots of their
chat, turns whose chat is lost are put into a new one, and rows that refer to something lost are
dropped. SQLite reads what it still can; the rows it cannot reach are taken from the pages one by
one (see ``row_recovery``, which also says what cannot be saved).
"""

from __future__ import annotations

import sqlite3
import tempfile
import time
from contextlib import closing, suppress
from pathlib import Path

from rpterm.errors import cause_of
from rpterm.store.database.file_setup import structure_problems
from rpterm.store.database.process_locks import any_owner_alive
from rpterm.store.errors import StoreError
from rpterm.store.repair.damaged_file import copy_with_log, open_damaged, readable_rows
from rpterm.store.repair.page_parser import Pages
from rpterm.store.repair.row_recovery import recover_rows
from rpterm.store.row_conversion import qmarks
from rpterm.store.schema.chat_tables import CHATS
from rpterm.store.schema.table_groups import prepare, reject_newer
from rpterm.types import Origin

_CORE_TABLES = ("cards", "chats", "turns", "generations")


def repair(path: Path) -> Path | None:
    """Replace a damaged database with a repaired one.

    Returns:
        Where the damaged file is kept; ``None`` if it is sound and was left alone.

    Raises:
        StoreError: The file is in use or was written by a newer rpterm, nothing can be read, or
            the folder cannot be written.
    """
    if not path.is_file():
        raise StoreError(f"There is no database {path}. Check the name, or start rpterm.")
    if any_owner_alive(path):
        raise StoreError(f"A running rpterm is using {path}. Close it, then repair again.")
    try:
        with tempfile.TemporaryDirectory(prefix=".rpterm-repair-", dir=path.parent) as name:
            folder = Path(name)
            if _is_sound(path, folder):
                return None
            _rebuild(path, folder)
            return _replace(path, folder / "new.db")
    except sqlite3.DatabaseError as error:
        raise StoreError(
            f"Nothing in {path} can be read: {error}. Move it away and restore your last backup."
        ) from error
    except OSError as error:
        raise StoreError(
            f"The folder of {path} cannot be written: {cause_of(error)}. Make it writable and free "
            "some space, then repair again."
        ) from error


def _is_sound(path: Path, folder: Path) -> bool:
    """Whether SQLite can read all of a copy, and its tree of turns needs no repair."""
    copy = copy_with_log(path, folder)
    with suppress(sqlite3.DatabaseError, StoreError), closing(_connect(copy)) as connection:
        if not _columns(connection, "turns"):
            return False
        prepare(connection, copy)
        if connection.execute("PRAGMA foreign_key_check").fetchone():
            return False
        before = connection.total_changes
        _repair_tree(connection)
        return connection.total_changes == before and _passes_integrity_check(connection)
    return False


def _passes_integrity_check(copy: sqlite3.Connection) -> bool:
    """Whether SQLite finds nothing wrong with any page. Drops the copy's views first.

    In a file with views, some releases (3.40) silently leave the free pages unchecked.
    """
    for (name,) in copy.execute("SELECT name FROM sqlite_master WHERE type = 'view'").fetchall():
        copy.execute(f'DROP VIEW "{name}"')
    return copy.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def _connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, isolation_level=None)


def _rebuild(path: Path, folder: Path) -> None:
    new = folder / "new.db"
    with closing(_connect(new)) as fresh:
        # The root pages of these tables are at the same place in every file.
        prepare(fresh, new, [CHATS])
        fresh.execute("PRAGMA journal_mode = DELETE").fetchall()
        sound = folder / "sound.db"
        sound.write_bytes(new.read_bytes())
        prepare(fresh, new)
        fresh.execute("PRAGMA journal_mode = DELETE").fetchall()
        fresh.execute("PRAGMA foreign_keys = OFF")
        fresh.execute("BEGIN")
        complete = _copy_readable(path, folder, sound, fresh)
        found = complete or recover_rows(_read_pages(path, sound), fresh) or _has_rows(fresh)
        if not found:
            raise sqlite3.DatabaseError("no row was found in it")
        _repair_tree(fresh)
        _drop_orphans(fresh)
        fresh.execute("COMMIT")


def _read_pages(path: Path, sound: Path) -> Pages:
    log = path.with_name(path.name + "-wal")
    return Pages(path.read_bytes(), log.read_bytes() if log.exists() else b"", sound.read_bytes())


def _has_rows(new: sqlite3.Connection) -> bool:
    return any(new.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone() for table in _CORE_TABLES)


def _copy_readable(path: Path, folder: Path, sound: Path, new: sqlite3.Connection) -> bool:
    """Copy what SQLite can read; return whether the file was read completely."""
    try:
        with closing(open_damaged(path, folder, sound)) as old:
            # The data that a newer rpterm added is unknown to this one and would be lost.
            with suppress(sqlite3.DatabaseError):
                reject_newer(old, path)
            complete = not structure_problems(old)
            _copy_rows(old, new)
            return complete
    except sqlite3.DatabaseError:
        return False


def _copy_rows(old: sqlite3.Connection, new: sqlite3.Connection) -> None:
    """Copy all rows; triggers fill the indexes."""
    others = sorted(_ordinary_tables(new) - set(_CORE_TABLES))
    for table in (*_CORE_TABLES, *others):
        _copy_table(old, new, table)
    for name, last in readable_rows(old, "sqlite_sequence", ["name", "seq"]):
        # Ids are not reused, not even those of deleted or lost turns.
        new.execute("UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = ?", (last, name))


def _ordinary_tables(connection: sqlite3.Connection) -> set[str]:
    """Names of our own tables, without SQLite's and the parts of full-text indexes."""
    found = connection.execute("SELECT name, type FROM pragma_table_list WHERE schema = 'main'")
    return {
        name for name, kind in found if kind == "table" and not name.startswith(("sqlite_", "_sql"))
    }


def _columns(connection: sqlite3.Connection, table: str) -> list[str]:
    return [
        name for (name,) in connection.execute("SELECT name FROM pragma_table_info(?)", (table,))
    ]


def _copy_table(old: sqlite3.Connection, new: sqlite3.Connection, table: str) -> None:
    known = set(_columns(old, table))
    columns = [name for name in _columns(new, table) if name in known]
    if not columns:
        return
    names = ", ".join(f'"{name}"' for name in columns)
    statement = f'INSERT OR IGNORE INTO "{table}" ({names}) VALUES ({qmarks(columns)})'
    for row in readable_rows(old, table, columns):
        # IGNORE skips a row that violates a constraint: such a row is damaged, too.
        new.execute(statement, row)


def _repair_tree(new: sqlite3.Connection) -> None:
    origins = ", ".join(f"'{origin.value}'" for origin in Origin)
    new.execute(f"UPDATE turns SET origin = 'imported' WHERE origin NOT IN ({origins})")
    new.execute(
        "UPDATE turns SET parent_id = NULL WHERE parent_id NOT IN (SELECT id FROM turns) "
        "OR (SELECT p.chat_id FROM turns p WHERE p.id = turns.parent_id) <> chat_id"
    )
    new.execute(
        "UPDATE turns SET edited_from = NULL WHERE edited_from NOT IN (SELECT id FROM turns)"
    )
    new.execute(
        "INSERT INTO chats (id, title, card_name, card_hash, persona_name, persona_description, "
        "note_text, note_depth, created_at, updated_at) "
        "SELECT chat_id, 'Recovered chat', coalesce(max(CASE role WHEN 'assistant' THEN speaker "
        "END), 'unknown'), '', 'User', '', '', 0, min(created_at), max(created_at) "
        "FROM turns WHERE chat_id NOT IN (SELECT id FROM chats) GROUP BY chat_id"
    )
    new.execute(
        "UPDATE chats SET leaf_id = (SELECT max(id) FROM turns WHERE chat_id = chats.id) "
        "WHERE CASE WHEN leaf_id IS NULL "
        "THEN EXISTS (SELECT 1 FROM turns WHERE chat_id = chats.id) "
        "ELSE leaf_id NOT IN (SELECT id FROM turns WHERE chat_id = chats.id) END"
    )


def _drop_orphans(new: sqlite3.Connection) -> None:
    """Delete rows that refer to something lost, such as the provenance of a lost turn."""
    while broken := new.execute("PRAGMA foreign_key_check").fetchall():
        for table, rowid, parent, key in broken:
            if rowid is not None:
                new.execute(f'DELETE FROM "{table}" WHERE rowid = ?', (rowid,))
                continue
            (column,) = new.execute(
                'SELECT "from" FROM pragma_foreign_key_list(?) WHERE id = ?', (table, key)
            ).fetchone()
            # A table without rowids; its foreign keys all refer to a column ``id``.
            new.execute(f'DELETE FROM "{table}" WHERE "{column}" NOT IN (SELECT id FROM {parent})')


def _replace(path: Path, new: Path) -> Path:
    stamp = time.strftime("%Y%m%d-%H%M%S")
    kept = path.with_name(f"{path.stem}.damaged-{stamp}{path.suffix}")
    number = 1
    while kept.exists():
        number += 1
        kept = path.with_name(f"{path.stem}.damaged-{stamp}-{number}{path.suffix}")
    new.chmod(0o600)
    path.rename(kept)
    for ending in ("-wal", "-shm"):
        # If it stayed, the old log would be applied to the new file.
        companion = path.with_name(path.name + ending)
        if companion.exists():
            companion.rename(kept.with_name(kept.name + ending))
    new.rename(path)
    return kept
