"""Personas, and flags: small key-value facts such as "the tour was shown"."""

from __future__ import annotations

from rpterm.store.connections import Connections
from rpterm.store.row_conversion import storable
from rpterm.types import Persona


class PersonasAndFlags:
    """The methods of ``Store`` for personas and flags."""

    connections: Connections

    def personas(self) -> list[Persona]:
        """The user's personas, sorted by name."""
        with self.connections.read() as connection:
            rows = connection.execute("SELECT name, description FROM personas ORDER BY name")
            return [Persona(*row) for row in rows]

    def put_persona(self, persona: Persona) -> None:
        """Store a persona; one of the same name is replaced."""
        self._execute(
            "INSERT OR REPLACE INTO personas (name, description) VALUES (?, ?)",
            storable(persona.name, "name"),
            storable(persona.description, "description"),
        )

    def delete_persona(self, name: str) -> None:
        """Delete a persona; chats that use it keep their copy."""
        self._execute("DELETE FROM personas WHERE name = ?", storable(name, "name"))

    def flag(self, key: str) -> str | None:
        """The value of a flag, or ``None`` if it was never set."""
        return self._value("SELECT value FROM flags WHERE key = ?", key)

    def set_flag(self, key: str, value: str) -> None:
        """Set a flag."""
        self._execute(
            "INSERT OR REPLACE INTO flags (key, value) VALUES (?, ?)", key, storable(value)
        )

    def delete_flag(self, key: str) -> None:
        """Remove a flag."""
        self._execute("DELETE FROM flags WHERE key = ?", key)

    def _execute(self, statement: str, *values: str) -> None:
        with self.connections.read() as connection:
            connection.execute(statement, values)

    def _value(self, query: str, key: str) -> str | None:
        with self.connections.read() as connection:
            row = connection.execute(query, (key,)).fetchone()
            return None if row is None else str(row[0])
