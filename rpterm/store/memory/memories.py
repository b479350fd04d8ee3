"""Stores memories. Knows nothing about recall, embedders or the UI.

Every method is one transaction. A memory is deleted with its turn or chat, and its vector with the
last memory of the same wording. Deleted words are erased from the file by ``scrub``, which runs
after every deletion and, after a crash, at the next start.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import fields, replace
from typing import Any

from rpterm.store.database import secure_erase
from rpterm.store.database.connections import Values
from rpterm.store.errors import StoreError
from rpterm.store.memory import search
from rpterm.store.memory.records import Changes, Kind, Memory, wording_hash
from rpterm.store.row_conversion import BATCH_SIZE, batches, qmarks, storable
from rpterm.store.store import Store

_FIELDS = [field.name for field in fields(Memory)]
_COLUMNS = ", ".join(_FIELDS)
_CHARACTER_KNOWS = "(character = :character OR shared)"


class Memories:
    """The memories of one store."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._connections = store.connections

    # Writing -----------------------------------------------------------------------------------
    def add(self, memory: Memory) -> Memory:
        """Store a memory; returns it with its id and hash."""
        speaker, text = storable(memory.speaker, "name"), storable(memory.text, "memory")
        new = replace(
            memory,
            text=text,
            speaker=speaker,
            character=storable(memory.character, "name"),
            place=storable(memory.place, "place"),
            hash=wording_hash(speaker, text),
        )
        row = {name: getattr(new, name) for name in _FIELDS} | {"id": None}
        with self._connections.write() as connection:
            stored = connection.execute(
                f"INSERT INTO memories ({_COLUMNS}) VALUES ({qmarks(row)}) RETURNING {_COLUMNS}",
                (*row.values(),),
            ).fetchone()
            return _to_memory(stored)

    def remember_turns(self, turn_ids: Sequence[int]) -> int:
        """Store memories of finished turns that have none yet; return how many are new.

        Each character who hears the turn's chat gets a memory of its own. A greeting is remembered
        with the turn that answers it.
        """
        new = 0
        with self._connections.write() as connection:
            for part in batches(turn_ids):
                rows = connection.execute(
                    "SELECT t.id, t.chat_id, h.card_name, t.speaker, t.text, t.created_at "
                    "FROM turns t JOIN hearers h ON h.chat_id = t.chat_id "
                    f"WHERE (t.id IN ({qmarks(part)}) OR (t.origin = 'greeting' AND t.id IN "
                    f"(SELECT n.parent_id FROM turns n WHERE n.id IN ({qmarks(part)})))) "
                    "AND t.status <> 'streaming' "
                    "AND trim(t.text) <> '' "
                    "AND NOT EXISTS (SELECT 1 FROM memory_skips s WHERE s.turn_id = t.id) "
                    "ORDER BY t.id",
                    (*part, *part),
                ).fetchall()
                for turn_id, chat_id, character, speaker, text, created_at in rows:
                    new += connection.execute(
                        "INSERT INTO memories (kind, character, chat_id, turn_id, speaker, text, "
                        "created_at, hash) VALUES ('turn', ?, ?, ?, ?, ?, ?, ?) "
                        "ON CONFLICT DO NOTHING",
                        (character, chat_id, turn_id, speaker, text, created_at,
                         wording_hash(speaker, text)),
                    ).rowcount  # fmt: skip
        return new

    def update_turn_text(self, turn_id: int) -> None:
        """Update the memories of a turn whose text changed after it was remembered."""
        with self._connections.write() as connection:
            rows = connection.execute(
                "SELECT m.id, t.speaker, t.text FROM memories m JOIN turns t ON t.id = m.turn_id "
                "WHERE m.turn_id = ? AND m.kind = 'turn' AND m.text <> t.text "
                "AND t.status <> 'streaming'",
                (turn_id,),
            ).fetchall()
            for row in rows:
                _reword(connection, *row)

    def edit(self, memory_id: int, text: str) -> Memory:
        """Change the text of a memory; its old text is erased from the file."""
        with self._connections.write() as connection:
            old = _get(connection, memory_id)
            _reword(connection, memory_id, old.speaker, storable(text, "memory"))
            new = _get(connection, memory_id)
        self.scrub()
        return new

    def update(self, memory_id: int, **changes: float) -> Memory:
        """Change some fields: marks, ``importance`` or ``superseded_by``."""
        assignments = ", ".join(f"{name} = ?" for name in changes)
        with self._connections.write() as connection:
            _get(connection, memory_id)
            connection.execute(
                f"UPDATE memories SET {assignments} WHERE id = ?", (*changes.values(), memory_id)
            )
            return _get(connection, memory_id)

    def forget(self, memory_ids: Sequence[int]) -> int:
        """Delete memories with their vectors permanently; return how many there were.

        The turn that a memory came from stays in its chat but is not remembered again.
        """
        deleted = 0
        with self._connections.write() as connection:
            for part in batches(memory_ids):
                connection.execute(
                    "INSERT OR IGNORE INTO memory_skips SELECT turn_id FROM memories "
                    f"WHERE id IN ({qmarks(part)}) AND kind = 'turn'",
                    part,
                )
                deleted += connection.execute(
                    f"DELETE FROM memories WHERE id IN ({qmarks(part)})", part
                ).rowcount
        self.scrub()
        return deleted

    def scrub(self) -> bool:
        """Erase the remains of deleted text from the file, if there are any.

        Returns:
            False if another process is reading old pages right now; the next call tries again.
        """
        with self._connections.read() as connection:
            return secure_erase.scrub(connection)

    # Reading -----------------------------------------------------------------------------------
    def get(self, memory_id: int) -> Memory:
        """One memory; raises ``StoreError`` when it does not exist."""
        with self._connections.read() as connection:
            return _get(connection, memory_id)

    def get_many(self, memory_ids: Iterable[int]) -> dict[int, Memory]:
        """The memories with these ids, by id; missing ones are left out."""
        query = f"SELECT {_COLUMNS} FROM memories WHERE id IN ({{}})"
        rows = self._connections.rows_among(query, memory_ids)
        return {memory.id: memory for memory in map(_to_memory, rows)}

    def page(
        self,
        character: str | None = None,
        *,
        kinds: Sequence[Kind] = (),
        limit: int = 200,
        before: int | None = None,
    ) -> list[Memory]:
        """A page of memories, newest first; ``before`` is the last id of the previous page."""
        where, values = ["1"], list[Any]()
        if character is not None:
            where.append("(character = ? OR shared)")
            values.append(character)
        if kinds:
            where.append(f"kind IN ({qmarks(kinds)})")
            values += kinds
        if before is not None:
            where.append("id < ?")
            values.append(before)
        return self._select(f"{' AND '.join(where)} ORDER BY id DESC LIMIT ?", (*values, limit))

    def search(self, query: str, character: str | None = None, limit: int = 50) -> list[Memory]:
        """The best of the newest memories that contain all these words, best first, any branch."""
        owned = "" if character is None else f"AND {_CHARACTER_KNOWS}"
        with self._connections.read() as connection:
            ids = search.search_all_words(connection, query, owned, character, limit)
        return self._in_order(ids)

    def hidden(self, character: str) -> list[Memory]:
        """The newest 200 memories marked "never mention", newest first."""
        return self._select("character = ? AND hidden ORDER BY id DESC LIMIT 200", (character,))

    def pinned(self, character: str) -> list[Memory]:
        """What the character recalls with every reply, oldest first."""
        return self._select(
            f"pinned AND NOT hidden AND superseded_by IS NULL AND {_CHARACTER_KNOWS} ORDER BY id",
            {"character": character},
        )

    def replaced_by(self, memory_ids: Sequence[int]) -> dict[int, list[Memory]]:
        """The older memories that each of these replaces, oldest first."""
        query = f"SELECT {_COLUMNS} FROM memories WHERE superseded_by IN ({{}}) ORDER BY id"
        found: dict[int, list[Memory]] = {}
        for memory in map(_to_memory, self._connections.rows_among(query, memory_ids)):
            found.setdefault(memory.superseded_by or 0, []).append(memory)
        return found

    def iter_after(
        self, memory_id: int, character: str, last: int | None = None
    ) -> Iterator[Memory]:
        """A character's memories with ids above ``memory_id``, up to ``last``, oldest first."""
        while True:
            found = self._select(
                f"id > :id AND {_CHARACTER_KNOWS} AND (:last IS NULL OR id <= :last) "
                "ORDER BY id LIMIT :limit",
                {"id": memory_id, "character": character, "last": last, "limit": BATCH_SIZE},
            )
            yield from found
            if len(found) < BATCH_SIZE:
                return
            memory_id = found[-1].id

    def changed(self, seq: int) -> Changes:
        """The changes after a position in the change log."""
        rows = self._connections.rows(
            "SELECT seq, memory_id FROM memory_log WHERE seq > ? ORDER BY seq", (seq,)
        )
        ids = {number for _, number in rows}
        return Changes(
            seq=rows[-1][0] if rows else seq,
            memories=frozenset(number for number in ids if number > 0),
            chats=frozenset(-number for number in ids if number < 0),
        )

    def last_change(self) -> int:
        """The last position in the change log."""
        ((last,),) = self._connections.rows("SELECT max(seq) FROM memory_log")
        return int(last or 0)

    def max_id(self) -> int:
        """The largest id of any character's memory; 0 if there is none."""
        ((largest,),) = self._connections.rows("SELECT max(id) FROM memories")
        return int(largest or 0)

    def unremembered(self, limit: int = 1000) -> list[int]:
        """Finished turns without a memory, oldest first: what a crash left undone.

        Greetings that were not chosen are left out: nobody has said them.
        """
        rows = self._connections.rows(
            "SELECT t.id FROM turns t JOIN chats c ON c.id = t.chat_id "
            "WHERE t.status <> 'streaming' AND trim(t.text) <> '' "
            "AND (t.origin <> 'greeting' OR c.leaf_id = t.id "
            "OR EXISTS (SELECT 1 FROM turns n WHERE n.parent_id = t.id)) "
            "AND NOT EXISTS (SELECT 1 FROM memories m WHERE m.turn_id = t.id "
            "AND m.kind = 'turn') "
            "AND NOT EXISTS (SELECT 1 FROM memory_skips s WHERE s.turn_id = t.id) "
            "ORDER BY t.id LIMIT ?",
            (limit,),
        )
        return [turn_id for (turn_id,) in rows]

    def shown_paths(self, character: str, chats: Collection[int] = ()) -> dict[int, list[int]]:
        """The branch shown, root first, of each chat that this character's memories come from.

        Turns hidden from the model are left out, because they are never recalled.

        Args:
            character: The card's name.
            chats: Only these chats; empty means all. Chats that show nothing are left out.
        """
        only_chats = f"AND c.id IN ({', '.join(map(str, map(int, chats)))})" if chats else ""
        paths: dict[int, list[int]] = {}
        rows = self._connections.rows(
            "WITH RECURSIVE up (chat_id, id) AS ("
            "SELECT c.id, c.leaf_id FROM chats c WHERE c.leaf_id IS NOT NULL "
            f"{only_chats} AND (c.card_name = :character "
            "OR EXISTS (SELECT 1 FROM cast_members k "
            "WHERE k.chat_id = c.id AND k.card_name = :character) "
            "OR EXISTS (SELECT 1 FROM memories m WHERE m.chat_id = c.id AND m.shared)) "
            "UNION ALL SELECT up.chat_id, t.parent_id FROM up JOIN turns t ON t.id = up.id "
            "WHERE t.parent_id IS NOT NULL) SELECT up.chat_id, up.id FROM up "
            "JOIN turns t ON t.id = up.id WHERE NOT t.hidden",
            {"character": character},
        )
        for chat_id, turn_id in rows:
            paths.setdefault(chat_id, []).append(turn_id)
        return {chat_id: sorted(turns) for chat_id, turns in paths.items()}

    def search_any(self, words: Sequence[str], character: str, limit: int) -> list[Memory]:
        """Memories that contain any of these words, best first, of any branch.

        Very common words are ignored if there are rarer ones, because they say little.
        """
        where = f"AND {_CHARACTER_KNOWS} AND NOT hidden AND superseded_by IS NULL"
        with self._connections.read() as connection:
            expression = search.any_word_expression(connection, words)
            ids = search.ranked_matches(connection, expression, where, character, limit)
        return self._in_order(ids)

    def _in_order(self, memory_ids: Sequence[int]) -> list[Memory]:
        found = self.get_many(memory_ids)
        return [found[memory_id] for memory_id in memory_ids if memory_id in found]

    def counts(self, character: str | None = None) -> dict[str, int]:
        """The number of memories of each kind."""
        where = "" if character is None else "WHERE character = :character"
        query = f"SELECT kind, count(*) FROM memories {where} GROUP BY kind"
        return dict(self._connections.rows(query, {"character": character}))

    def _select(self, where: str, values: Values) -> list[Memory]:
        """The memories that fulfil an SQL condition, which may be followed by order and limit."""
        query = f"SELECT {_COLUMNS} FROM memories WHERE {where}"
        return [_to_memory(row) for row in self._connections.rows(query, values)]


def _reword(connection: sqlite3.Connection, memory_id: int, speaker: str, text: str) -> None:
    connection.execute(
        "UPDATE memories SET text = ?, hash = ? WHERE id = ?",
        (text, wording_hash(speaker, text), memory_id),
    )


def _get(connection: sqlite3.Connection, memory_id: int) -> Memory:
    row = connection.execute(
        f"SELECT {_COLUMNS} FROM memories WHERE id = ?", (memory_id,)
    ).fetchone()
    if row is None:
        raise StoreError(
            f"There is no memory {memory_id}; `rpterm memory list` shows all memories."
        )
    return _to_memory(row)


def _to_memory(row: Sequence[Any]) -> Memory:
    flags = [bool(value) for value in row[10:14]]
    return Memory(*row[:10], *flags, *row[14:])
