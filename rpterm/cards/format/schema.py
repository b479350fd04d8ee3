"""The JSON schema of a card's TOML, for completion and checks in editors.

It is generated from ``key_table`` and published next to this file; a test fails when the
published schema is stale. ``python -m rpterm.cards.format.schema`` regenerates it.
"""

from __future__ import annotations

import json
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

from rpterm.cards.card import CharacterCard, Example, Lorebook, LoreEntry, Probe
from rpterm.cards.format import key_table

PUBLISHED = Path(__file__).with_name("card.schema.json")

_DATACLASSES: dict[str, type[Any]] = {
    "": CharacterCard,
    "persona": CharacterCard,
    "user": CharacterCard,
    "examples": Example,
    "lorebook": Lorebook,
    "lore": LoreEntry,
    "test": Probe,
}
TABLE_DOCS = {
    "persona": "Claims about the character, one per line; the consistency score points at them.",
    "user": "A suggested persona for the user that fits the scenario.",
    "sampling": "Sampler values that suit this character.",
    "examples": "An example dialogue: user and char, or a longer dialogue.",
    "lorebook": "How the lore entries are searched.",
    "lore": "Text that enters the prompt when the conversation mentions one of its keys.",
    "test": "A scripted probe for rpterm cards test.",
}
_STRINGS = {"type": "array", "items": {"type": "string"}}
_WHOLE_NUMBERS = {"type": "array", "items": {"type": "integer", "minimum": 0}}
_KIND_SCHEMAS: dict[str, dict[str, Any]] = {
    "text": {"type": "string"},
    "prose": {"type": "string"},
    "lines": _STRINGS,
    "words": {"anyOf": [{"type": "string"}, _STRINGS]},
    "boolean": {"type": "boolean"},
    "integer": {"type": "integer"},
    "number": {"type": "number"},
    "choice": {"type": "string"},
    "integers": {"anyOf": [{"type": "integer", "minimum": 0}, _WHOLE_NUMBERS]},
}


def schema() -> dict[str, Any]:
    """The schema as plain data, in JSON Schema draft 7, which TOML editors support."""
    top = _table_schema("")
    for name in key_table.TABLES:
        if name:
            table = _table_schema(name)
            table["description"] = TABLE_DOCS[name]
            if name in key_table.ARRAYS:
                table = {"type": "array", "items": table, "description": TABLE_DOCS[name]}
            top["properties"][name] = table
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "rpterm character card",
        **top,
    }


def text() -> str:
    """The text of the published schema file."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def publish(path: Path = PUBLISHED) -> None:
    """Write the schema to a file."""
    path.write_text(text(), encoding="utf-8")


def _table_schema(name: str) -> dict[str, Any]:
    defaults = defaults_of(name)
    properties = {
        key.name: _key_schema(key, defaults.get(key.field, MISSING))
        for key in key_table.TABLES[name]
    }
    for extra in key_table.OPEN_TABLES.get(name, ()):
        properties[extra] = {
            "type": "object",
            "description": "Keys of other programs, kept unchanged.",
        }
    if name == "examples":
        properties["dialogue"] = _dialogue_schema()
    table: dict[str, Any] = {"type": "object", "properties": properties}
    required = [key.name for key in key_table.TABLES[name] if key.required]
    return {**table, "additionalProperties": False, **({"required": required} if required else {})}


def defaults_of(name: str) -> dict[str, Any]:
    """Field → its default, for the keys of a table."""
    record = _DATACLASSES.get(name)
    return {item.name: item.default for item in fields(record)} if record else {}


def _key_schema(key: key_table.CardKey, default: Any) -> dict[str, Any]:
    node: dict[str, Any] = {**_KIND_SCHEMAS[key.kind], "description": key.doc}
    if key.choices:
        node["enum"] = list(key.choices)
    if key.low is not None:
        node["minimum"] = key.low
    if key.high is not None:
        node["maximum"] = key.high
    if default not in (MISSING, None, "", ()):
        node["default"] = default
    if key.name == "greetings" and key.kind == "lines":
        node["items"] = {"type": "string", "pattern": r"\S"}
    if key.name == "knows_until":
        node["pattern"] = r"^(-?\d{1,4}|\d{4}-\d\d-\d\d)?$"
    return node


def _dialogue_schema() -> dict[str, Any]:
    role = {"enum": ["user", "char"]}
    pair = {
        "type": "array",
        "items": [role, {"type": "string"}],
        "minItems": 2,
        "maxItems": 2,
    }
    doc = 'Pairs of "user" or "char" and what that one says.'
    return {"type": "array", "items": pair, "minItems": 1, "description": doc}


if __name__ == "__main__":
    publish()
