"""Macros and brackets in the prompts of cards that were written for other programs."""

from __future__ import annotations

import pytest

from rpterm.cards.card import CharacterCard, Lorebook, LoreEntry
from rpterm.prompt.chat_view import ChatView
from rpterm.prompt.extras import chat_inserts
from rpterm.prompt.lore import LoreFinder
from rpterm.prompt.static_block import card_segments
from rpterm.types import Chat, Persona, Turn

CARD = CharacterCard("Mara", description="{{char}} keeps the light.")
CHAT = Chat(1, "", "Mara", "", persona=Persona("Ann"), created_at=1_700_000_000.0)


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        ("a{{trim}}b {{charIfNotGroup}} {{notChar}}", "ab Mara Ann"),
        ("{{getsecret::mood}}", "{{getsecret::mood}}"),
    ],
)
def test_macros_of_a_card(text: str, expanded: str) -> None:
    assert ChatView(CARD, CHAT).expand_static(text) == expanded


@pytest.mark.parametrize("text", ["The sea is calm.", "[The sea is calm.]"])
def test_inserted_text_stands_in_one_pair_of_brackets(text: str) -> None:
    entry = LoreEntry(("sea",), text, name="sea")
    card = CharacterCard("Mara", lorebook=Lorebook((entry,)), post_history_instructions=text)
    turn = Turn(1, 1, None, "user", "Ann", "The sea?")
    view = ChatView(card, CHAT, [turn])
    (lore,) = LoreFinder(len).find(view, 4096).inserts
    (last,) = chat_inserts(view)
    assert lore.text == last.text == "[The sea is calm.]"


@pytest.mark.parametrize(
    ("claims", "text"),
    [
        (("{{// a note}}", "Is kind.", "{{setvar::a::b}}"), ["Facts about Mara:\n- Is kind."]),
        (("{{// a note}}", "{{setvar::a::b}}"), []),
        (("Is kind.",), ["Facts about Mara:\n- Is kind."]),
    ],
)
def test_a_claim_of_macros_alone_leaves_no_empty_line(claims: tuple[str, ...], text: str) -> None:
    card = CharacterCard("Mara", attributes=claims)
    expand = ChatView(card, CHAT).expand_static
    segments = card_segments(card, CHAT.persona, "", (), expand)
    assert [each.text for each in segments if each.source == "card.attributes"] == text
