"""Files with small faults that other programs and people make, which are read all the same."""

from __future__ import annotations

from rpterm.cards.exchange.containers import charx, jsonio
from rpterm.cards.exchange.importer import read_bytes

CARD = {
    "spec": "chara_card_v3",
    "spec_version": "3.0",
    "data": {"name": "Ada", "tags": ["a", None]},
}


def test_nan_is_read_as_null() -> None:
    found = read_bytes(b'{"name": "Ada", "first_mes": "Hi.", "talkativeness": NaN}')
    assert found.notes == ("The file has NaN instead of a number; it was read as null.",)


def test_a_comma_before_a_closing_bracket_is_ignored() -> None:
    found = read_bytes(b'{"name": "Ada", "first_mes": "Yes,} \\", ]", "tags": ["a", ],\n}')
    assert (found.card.greetings, found.card.tags) == (('Yes,} ", ]',), ("a",))
    assert "commas" in found.notes[0]


def test_null_characters_at_the_end_are_ignored() -> None:
    found = read_bytes(jsonio.dumps(CARD) + b"\n\0\0\0")
    assert (found.card.name, found.card.tags, found.notes) == ("Ada", ("a",), ())


def test_an_archive_of_the_folder_is_a_card() -> None:
    data = {"name": "Ada", "assets": [{"type": "icon", "uri": "embeded://a/i.png", "name": "main"}]}
    files = {"Ada/Card.json": jsonio.dumps({**CARD, "data": data}), "Ada/a/i.png": b"picture"}
    archive = charx.write(b"", files)
    packed = archive.replace(b"card.json", b"note.text")
    found = read_bytes(packed)
    assert (found.card.name, found.portrait) == ("Ada", b"picture")
