"""What is small: personas, and facts that the program remembers, such as that the tour was seen."""

from __future__ import annotations

from rpterm.store.connections import Connections
from rpterm.store.rows import storable
from rpterm.types import Persona


class Small:
    """Personas and flags of one store."""

    connections: Connections

    def personas(self) -> list[Persona]:
        """The user's personas by name."""
        with self.connections.read() as connection:
            rows = connection.execute("SELECT name, description FROM personas ORDER BY name")
            return [Persona(*row) for row in rows]

    def put_persona(self, persona: Persona) -> None:
        """Keep a persona; one of the same name is replaced."""
        self._run(
            "INSERT OR REPLACE INTO personas (name, description) VALUES (?, ?)",
            storable(persona.name, "name"),
            storable(persona.description, "description"),
        )

    def delete_persona(self, name: str) -> None:
        """Forget a persona; chats that use it keep their copy."""
        self._run("DELETE FROM personas WHERE name = ?", storable(name, "name"))

    def flag(self, key: str) -> str | None:
        """A small remembered fact, such as that the tour was seen."""
        return self._value("SELECT value FROM flags WHERE key = ?", key)

    def set_flag(self, key: str, value: str) -> None:
        """Remember a small fact."""
        self._run("INSERT OR REPLACE INTO flags (key, value) VALUES (?, ?)", key, storable(value))

    def _run(self, statement: str, *values: str) -> None:
        with self.connections.read() as connection:
            connection.execute(statement, values)

    def _value(self, query: str, key: str) -> str | None:
        with self.connections.read() as connection:
            row = connection.execute(query, (key,)).fetchone()
            return None if row is None else str(row[0])
