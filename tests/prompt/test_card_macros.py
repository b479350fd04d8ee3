"""Macros and brackets in the prompts of cards that were written for other programs."""

from __future__ import annotations

from datetime import datetime

import pytest

from rpterm.cards.card import CharacterCard, Lorebook, LoreEntry
from rpterm.prompt.extras import chat_inserts, macro_expander
from rpterm.prompt.lore import LoreFinder
from rpterm.types import Chat, Persona, Turn

CARD = CharacterCard(
    "Mara",
    description="{{char}} keeps the light.",
    attributes=("calm", "tall"),
    scenario="It is {{time}}.",
)
CHAT = Chat(
    1,
    "",
    "Mara",
    "",
    persona=Persona("Ann", "{{user}} is an archer."),
    created_at=datetime(2024, 3, 2, 20, 1).timestamp(),
)


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        ("{{date}}, {{weekday}}, {{time}}", "2 March 2024, Saturday, 20:01"),
        ("{{persona}}", "Ann is an archer."),
        ("{{description}}", "Mara keeps the light."),
        ("{{personality}}", "calm\ntall"),
        ("{{scenario}}", "It is 20:01."),
        ("a{{trim}}b {{charIfNotGroup}} {{notChar}}", "ab Mara Ann"),
        ("{{getvar::mood}}", "{{getvar::mood}}"),
    ],
)
def test_macros_of_a_card(text: str, expanded: str) -> None:
    assert macro_expander(CARD, CHAT)(text) == expanded


def test_dice_with_a_space() -> None:
    assert macro_expander(CARD, CHAT)("{{roll 1d1}}") == "1"


@pytest.mark.parametrize("text", ["The sea is calm.", "[The sea is calm.]"])
def test_inserted_text_stands_in_one_pair_of_brackets(text: str) -> None:
    entry = LoreEntry(("sea",), text, name="sea")
    card = CharacterCard("Mara", lorebook=Lorebook((entry,)), post_history_instructions=text)
    turn = Turn(1, 1, None, "user", "Ann", "The sea?")
    (lore,) = LoreFinder(len)(card, CHAT, [turn], 4096).inserts
    (last,) = chat_inserts(card, CHAT)
    assert lore.text == last.text == "[The sea is calm.]"
