"""Writing cards: readable TOML that reads back as the same card."""

from typing import Any

import pytest
import tomli
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strategies import anything, cards

from rpterm.cards.card import CharacterCard, Example, Lorebook, LoreEntry
from rpterm.cards.format.reader import parse
from rpterm.cards.format.toml_json import decode, encode
from rpterm.cards.format.toml_text import string, value
from rpterm.cards.format.writer import dump


@settings(max_examples=40, suppress_health_check=list(HealthCheck))
@given(cards())
def test_every_card_reads_back_the_same(card: CharacterCard) -> None:
    assert parse(dump(card)) == card


@given(st.text(st.characters(blacklist_categories=["Cs"]), max_size=20))
def test_every_string_reads_back(text: str) -> None:
    assert tomli.loads(f"x = {string(text)}\ny = {value(text)}\n") == {"x": text, "y": text}


@pytest.mark.parametrize(
    "text", ['a\n"', 'a\n""""', "a\n\\'", "\n", "a\n\\\x7f", "a\r\nb", '\\"\n']
)
def test_awkward_multiline_strings_read_back(text: str) -> None:
    assert tomli.loads(f"x = {string(text)}\n") == {"x": text}


@given(anything)
def test_data_of_other_programs_survives(data: Any) -> None:
    box = encode(data)
    assert decode(box) == data
    assert tomli.loads(f"x = {value(box)}\n")["x"] == box


def test_values_toml_cannot_represent_survive() -> None:
    deep: Any = None
    for _ in range(200):
        deep = [deep, {"x": deep if deep is None else 1}]
    card = CharacterCard(
        name="A",
        extensions={"n": None, "bad\ud800": "\udfff", "$json": "x", "big": 1 << 70, "d": deep},
    )
    assert parse(dump(card)) == card


def test_the_output_is_readable_toml() -> None:
    card = CharacterCard(
        name="Ada",
        description="She mends clocks.\nAnd watches.\n",
        greetings=("Hi.",),
        attributes=(
            "Is 41 years old.",
            "Has a shop in the harbour, behind the old fish market of Lund.",
        ),
        examples=(Example((("user", "Hi."), ("char", '"Hm?"'))),),
        lorebook=Lorebook((LoreEntry(("clock", "watch"), "Dear."),)),
        extensions={"chub": {"id": 3, "tags": ["a"], "more": {"deep": None}}},
    )
    assert dump(card, "Made by hand.\n\nFor me.") == (
        "# Made by hand.\n#\n# For me.\n\n"
        'name = "Ada"\n'
        'description = """\nShe mends clocks.\nAnd watches.\n"""\n'
        'greetings = ["Hi."]\n\n'
        "[persona]\n"
        "attributes = [\n"
        '    "Is 41 years old.",\n'
        '    "Has a shop in the harbour, behind the old fish market of Lund.",\n'
        "]\n\n"
        "[[examples]]\n"
        'user = "Hi."\n'
        "char = '\"Hm?\"'\n\n"
        "[[lore]]\n"
        'keys = ["clock", "watch"]\n'
        'content = "Dear."\n\n'
        "[extensions]\n"
        'chub = { id = 3, tags = ["a"], more = { deep = { "$json" = "null" } } }\n'
    )


def test_a_header_cannot_break_out_of_its_comment() -> None:
    text = dump(CharacterCard(name="A"), "one\x0bname = 'x'\x1b[2J\rtwo\u2028three")
    assert parse(text).name == "A"
    assert all(line.startswith(("#", "name")) for line in text.splitlines() if line)


def test_a_line_with_both_kinds_of_quotes_can_be_read_by_its_author() -> None:
    said = """*He nods.* "I'm a poor man." """
    text = dump(CharacterCard("Ada", greetings=(said, said + "'")))
    assert f"'''{said}'''" in text and parse(text).greetings == (said, said + "'")
