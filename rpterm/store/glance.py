"""Which chat goes on with a character: asked before the first frame, too, so it must be cheap.

Knows SQLite and neither the store nor its migrations; ``rpterm.store`` imports them only when they
are asked for.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

_COMPANY = "(SELECT count(*) FROM cast_members m WHERE m.chat_id = c.id AND m.present) > 1"
_DUEL = "c.id IN (SELECT chat_id FROM duels)"


def goes_on(database: Path, card_name: str) -> bool:
    """Whether there is a chat that ``rpterm chat`` would go on with.

    True, too, where nobody can tell: who opens the chat says what is wrong with the database.
    """
    if not database.exists():
        return False
    try:
        address = f"{database.absolute().as_uri()}?mode=ro"
        with closing(sqlite3.connect(address, uri=True, timeout=0.1)) as connection:
            return newest(connection, card_name) is not None
    except sqlite3.Error:
        return True


def newest(connection: sqlite3.Connection, card_name: str, *, company: bool = False) -> int | None:
    """The chat in which something was last said with a character alone, or else in company.

    Chats that were made for a duel are none: nobody goes on talking there by chance.
    """
    known = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    several = _COMPANY if "cast_members" in known else "0"
    dueling = _DUEL if "duels" in known else "0"
    row = connection.execute(
        f"SELECT c.id FROM chats c WHERE c.card_name = ? AND ({several}) IS ? AND NOT ({dueling}) "
        "ORDER BY c.updated_at DESC, c.id DESC LIMIT 1",
        (card_name, int(company)),
    ).fetchone()
    return None if row is None else int(row[0])
