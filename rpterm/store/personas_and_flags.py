"""Personas, and flags: small key-value facts such as "the tour was shown"."""

from __future__ import annotations

from rpterm.store.database.connections import Connections
from rpterm.store.row_conversion import storable
from rpterm.types import Persona


class PersonasAndFlags:
    """The methods of ``Store`` for personas and flags."""

    connections: Connections

    def personas(self) -> list[Persona]:
        """The user's personas, sorted by name."""
        query = "SELECT name, description FROM personas ORDER BY name"
        return [Persona(*row) for row in self.connections.rows(query)]

    def put_persona(self, persona: Persona) -> None:
        """Store a persona; one of the same name is replaced."""
        self.connections.run(
            "INSERT OR REPLACE INTO personas (name, description) VALUES (?, ?)",
            (storable(persona.name, "name"), storable(persona.description, "description")),
        )

    def delete_persona(self, name: str) -> None:
        """Delete a persona; chats that use it keep their copy."""
        self.connections.run("DELETE FROM personas WHERE name = ?", (storable(name, "name"),))

    def flag(self, key: str) -> str | None:
        """The value of a flag, or ``None`` if it was never set."""
        row = self.connections.row("SELECT value FROM flags WHERE key = ?", (key,))
        return None if row is None else str(row[0])

    def set_flag(self, key: str, value: str) -> None:
        """Set a flag."""
        self.connections.run(
            "INSERT OR REPLACE INTO flags (key, value) VALUES (?, ?)", (key, storable(value))
        )

    def delete_flag(self, key: str) -> None:
        """Remove a flag."""
        self.connections.run("DELETE FROM flags WHERE key = ?", (key,))
