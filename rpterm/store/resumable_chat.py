"""Finds the chat that ``rpterm chat`` resumes. It runs before the first frame, so it must be cheap.

It uses SQLite directly and imports neither the store nor its migrations; ``rpterm.store`` imports
those only on demand.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

IMPORT_PREFIX = "importing:"
"""The start of the keys of flags that hide chats; see ``hidden_chat``."""
IS_HIDDEN = f"EXISTS (SELECT 1 FROM flags f WHERE f.key = '{IMPORT_PREFIX}' || {{}})"
"""SQL: whether the import of the chat with the id ``{}`` is not complete yet."""
_IS_GROUP = "(SELECT count(*) FROM cast_members m WHERE m.chat_id = c.id AND m.present) > 1"
_IS_DUEL = "c.id IN (SELECT chat_id FROM duels)"


def has_chat_to_resume(database: Path, card_name: str) -> bool:
    """Whether there is a chat that ``rpterm chat`` would resume.

    Also true if the database cannot be read: opening the chat then reports what is wrong with it.
    """
    if not database.exists():
        return False
    try:
        address = f"{database.absolute().as_uri()}?mode=ro"
        with closing(sqlite3.connect(address, uri=True, timeout=0.1)) as connection:
            return newest_chat(connection, card_name) is not None
    except sqlite3.Error:
        return True


def newest_chat(
    connection: sqlite3.Connection, card_name: str, *, company: bool = False
) -> int | None:
    """The most recently used chat with a character alone or, if ``company``, with others.

    Chats created for a duel are skipped: nobody wants to resume those by chance.
    """
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    is_group = _IS_GROUP if "cast_members" in tables else "0"
    is_duel = _IS_DUEL if "duels" in tables else "0"
    row = connection.execute(
        f"SELECT c.id FROM chats c WHERE c.card_name = ? AND ({is_group}) IS ? AND NOT ({is_duel}) "
        f"AND NOT {IS_HIDDEN.format('c.id')} ORDER BY c.updated_at DESC, c.id DESC LIMIT 1",
        (card_name, int(company)),
    ).fetchone()
    return None if row is None else int(row[0])
