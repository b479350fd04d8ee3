"""The template of a new card: it reads back, and so do its samples once they are uncommented."""

from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import text

from rpterm.cards.authoring.template import template
from rpterm.cards.card import CharacterCard, Example, Lorebook, LoreEntry
from rpterm.cards.checks.lint import lint
from rpterm.cards.format.key_table import TABLES
from rpterm.cards.format.reader import parse

_SAMPLE = re.compile(r"# (\w+ = |\]|    |\[)")


def test_a_template_parses_to_its_card() -> None:
    card = CharacterCard("Ada", tagline="Counts.", description='She said "no".\nTwice.')
    assert parse(template(card)) == card
    assert parse(template(CharacterCard("Ada"))) == CharacterCard("Ada")


def test_every_sample_is_valid_once_it_is_uncommented() -> None:
    lines = template(CharacterCard("Ada")).splitlines()
    opened = "\n".join(line[2:] if _SAMPLE.match(line) else line for line in lines)
    card = parse(opened)
    assert card.greetings and card.limits and card.attributes and card.relations and card.style
    assert card.scenario and card.knows_until == "1895" and card.tagline
    assert card.examples and card.lorebook.entries and card.tests and card.sampling
    errors = [problem for problem in lint(card) if problem.severity == "error"]
    assert errors == []


def test_every_key_of_a_card_is_mentioned() -> None:
    lines = {line.lstrip("# ") for line in template(CharacterCard("Ada")).splitlines()}
    for table, keys in TABLES.items():
        missing = {key.name for key in keys} - {line.partition(" = ")[0] for line in lines}
        assert table == "sampling" or not missing


def test_the_head_cannot_break_out_of_its_comment() -> None:
    card = CharacterCard("Ada")
    text = template(card, 'Drafted from: x\nname = "Eve"\x00\u2028y')
    assert parse(text) == card


@settings(max_examples=50)
@given(text, text, st.lists(text.filter(str.strip), max_size=3), text)
def test_any_texts_read_back(tagline: str, about: str, lines: list[str], said: str) -> None:
    card = CharacterCard(
        "Ada",
        tagline=" ".join(tagline.split()),
        description=about,
        scenario=about,
        greetings=tuple(lines),
        attributes=tuple(lines),
        examples=(Example((("user", said), ("char", about))),),
        lorebook=Lorebook((LoreEntry(("key",), said, name="Lore", sticky=2),)),
        tags=("novel",),
        creator_notes=about,
    )
    assert parse(template(card)) == card
