"""The prompt sections of a card."""

from rpterm.cards.card import CharacterCard
from rpterm.cards.describe import date_in_words, sections


def test_an_empty_card_says_nothing() -> None:
    assert sections(CharacterCard(name="Nobody")) == []


def test_every_part_has_its_section_in_order() -> None:
    card = CharacterCard(
        name="Ada",
        description="A clockmaker.",
        attributes=("Is left-handed.", "Is 41."),
        relations=("Bram is her brother.",),
        style=("Speaks slowly.",),
        scenario="A shop.",
        knows_until="1895",
        limits=("Never lies.",),
    )
    pieces = sections(card)
    assert [source.removeprefix("card.") for source, _ in pieces] == [
        "description", "attributes", "relations", "style", "scenario", "knows_until", "limits",
    ]  # fmt: skip
    text = dict(pieces)
    assert text["card.attributes"] == "Facts about {{char}}:\n- Is left-handed.\n- Is 41."
    assert "after 1895:" in text["card.knows_until"]


def test_blank_lines_are_not_claims() -> None:
    assert sections(CharacterCard(name="A", attributes=("", "  "))) == []


def test_a_nickname_tells_the_full_name() -> None:
    card = CharacterCard(name="Ada Byron", nickname="Ada", description="A clockmaker.")
    assert sections(card)[0][1] == "About {{char}} (full name: Ada Byron):\nA clockmaker."


def test_dates_in_words() -> None:
    assert date_in_words("1895-04-23") == "23 April 1895"
    assert date_in_words("1895") == "1895"
    assert date_in_words("-0399") == "399 BC"
