"""The published JSON schema is up to date and agrees with the reader."""

import json

from rpterm.cards.format.key_table import TABLES
from rpterm.cards.format.reader import parse
from rpterm.cards.format.schema import PUBLISHED, schema, text


def test_the_published_schema_is_not_stale() -> None:
    """When this fails: ``python -m rpterm.cards.format.schema``."""
    assert PUBLISHED.read_text(encoding="utf-8") == text()
    assert json.loads(text()) == schema()


def test_every_key_is_described() -> None:
    top = schema()
    for name, keys in TABLES.items():
        node = top["properties"][name] if name else top
        table = node.get("items", node)
        assert table["additionalProperties"] is False
        for key in keys:
            assert table["properties"][key.name]["description"].endswith(".")


def test_defaults_are_those_of_the_reader() -> None:
    lore = schema()["properties"]["lore"]["items"]["properties"]
    entry = parse('name = "A"\n[[lore]]\nkeys = "a"\ncontent = "b"').lorebook.entries[0]
    checked = [name for name in lore if "default" in lore[name]]
    assert len(checked) > 10
    for name in checked:
        assert getattr(entry, name) == lore[name]["default"]
