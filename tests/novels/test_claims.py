"""What a book says about its people: claims, looks, relations, names, dates; quotation styles."""

from __future__ import annotations

import pytest

from rpterm.novels import claims
from rpterm.novels.book import Book
from rpterm.novels.exchanges import greetings
from rpterm.novels.portrait import Portrait, draft_card, full_name
from rpterm.novels.quotations import split_paragraphs
from rpterm.novels.quote_marks import with_quotes
from rpterm.novels.years import latest_year

TALK = ['"So it is," said Ann Orme.', '"It is not," said Mr. Pell.'] * 5
"""Two people who are named as speakers often enough."""


def card_of(name: str, *told: str) -> Portrait:
    """A card out of a story that begins so."""
    book = Book([*told, *TALK])
    person = book.people.named(name)
    assert person is not None
    return draft_card(book, person, "The Flood")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Ann was a tall widow with grey eyes.", "looks"),
        ("Ann was the only printer in the valley.", "work"),
        ("Ann was not a sensible woman.", "being"),
        ("Ann had a lively, playful disposition.", "manner"),
        ("Ann seldom went to church.", "habit"),
        ("Ann lived about a mile from the mill.", "habit"),
        ("Ann was about thirty years of age.", "age"),
    ],
)
def test_lasting_statements_are_claims(text: str, kind: str) -> None:
    assert claims.classify(text, 3) == (kind, text)


@pytest.mark.parametrize(
    "text",
    [
        "Ann went to the door of the mill.",
        "Ann was very glad of the fire.",
        "Ann had never been more at a loss in her life.",
        "Ann had no reason to wish her hair longer.",
        "Ann had caught a severe cold in the head.",
        "Ann was the woman who had spoken before.",
        "Ann was silent for some moments.",
        "Ann smoked two pipes and went to bed.",
        "Ann was received with a degree of civility.",
    ],
)
def test_events_are_not_claims(text: str) -> None:
    assert claims.classify(text, 3) is None


def test_a_long_sentence_is_cut_where_it_still_reads() -> None:
    told = (
        "Mr. Pell was a tall, gentleman-like, and very clever man; he " + "rose and " * 30 + "sat."
    )
    assert claims.cut(told) == "Mr. Pell was a tall, gentleman-like, and very clever man."


def test_looks_possessions_and_gestures_are_collected_from_mentions() -> None:
    said = '"So it is," said Mr. Pell, grimly, rubbing his hands.'
    card = card_of(
        "Mr. Pell",
        "Mr. Pell closed his small, sharp eyes. He lit his pipe, and took up his violin.",
        "Mr. Pell laid his pipe beside his violin. With his long, thin fingers he counted.",
        *[said] * 3,
    ).card
    told = " ".join([card.description, *card.attributes])
    assert "small, sharp eyes and long, thin fingers" in told and "a pipe and a violin" in told
    assert "While talking, often rubbing his hands." in card.style
    assert "Often speaks grimly." in card.style


def test_later_clauses_and_appositions_are_claims() -> None:
    card = card_of(
        "Mr. Pell",
        "They met Mr. Pell, the printer of the valley, on the bridge.",
        "Mr. Pell bowed to them; his manners were very formal.",
    ).card
    assert "Mr. Pell was the printer of the valley." in card.description
    assert "manners were very formal." in card.description


def test_he_is_unresolved_after_a_stranger() -> None:
    card = card_of(
        "Mr. Pell", "Mr. Pell looked up at a strange man. He was a tall, ugly fellow."
    ).card
    assert "ugly" not in card.description


def test_a_relation_comes_with_its_source_sentence() -> None:
    sentence = "Ann Orme wrote to her uncle, Mr. Pell, every week."
    drafted = card_of("Mr. Pell", sentence)
    assert "Mr. Pell is Ann Orme’s uncle." in drafted.card.relations
    assert drafted.notes["Mr. Pell is Ann Orme’s uncle."] == sentence


def test_a_relation_must_fit_the_gender() -> None:
    told = "Ann Orme wrote to her aunt, Mr. Pell, every week."
    assert not card_of("Mr. Pell", told).card.relations


def test_the_card_has_the_full_name_and_the_usual_one_as_nickname() -> None:
    told = ['"Yes," said Orme.', '"No," said Jack Orme.', *['"Yes," said Orme.'] * 4, *TALK[1::2]]
    book = Book(told)
    person = book.people.named("Orme")
    assert person is not None
    card = draft_card(book, person, "The Flood").card
    assert (card.name, card.nickname) == ("Jack Orme", "Orme")
    assert full_name(book, person, "Jack Orme") == "Jack Orme"


def test_the_tagline_says_what_somebody_is() -> None:
    card = card_of("Mr. Pell", "Mr. Pell was a tall printer with a wooden leg.").card
    assert card.tagline == "A tall printer with a wooden leg. Out of The Flood."
    assert card_of("Mr. Pell").card.tagline == "Out of The Flood."


def test_a_greeting_is_understood_without_what_was_said_before() -> None:
    book = Book(
        [
            '"But he gave it to her yesterday, and that was all of it, Ann," said Mr. Pell.',
            *TALK,
            "The lamp was lit in the kitchen.",
            "Mr. Pell sat down by the stove.",
            '"Will you have a cup of tea with an old printer before it rains?" said Mr. Pell.',
        ]
    )
    person = book.people.named("Mr. Pell")
    assert person is not None
    first = greetings(book, person)[0][1]
    assert first.startswith("*Mr. Pell sat down by the stove.*") and "cup of tea" in first


def test_dates_limit_what_can_be_known() -> None:
    def year(*told: str) -> str | None:
        found = latest_year(split_paragraphs(list(told)))
        return found[0] if found else None

    assert year("Copyright, 1908, by a printer", "It rained on May 4, 1882.") == "1908"
    assert year("It rained on May 4, 1882.", "On the 5th of June, 1883 it did not.") == "1883"
    assert year("It burned in 1666.", "It burned six years ago, on May 4, 1882.") is None


@pytest.mark.parametrize(
    ("text", "said", "told"),
    [
        ("'Don't,' said Ann. 'It's the dogs' own.'", ("Don't,", "It's the dogs' own."),
         ("", "said Ann.", "")),
        ("He called it 'the Hat' again.", (), ("He called it the Hat again.",)),
        ("—Come up, Pell, she called. Come up.", ("Come up, Pell,", "Come up."),
         ("", "she called.", "")),
        ("— Good morning! cried Mr. Pell, wringing his hat. So?", ("Good morning!", "So?"),
         ("", "cried Mr. Pell, wringing his hat.", "")),
        ("—Hello —said Ann—. How late?", ("Hello", "How late?"), ("", "said Ann—.", "")),
        ("—Yes, my love?", ("Yes, my love?",), ("", "")),
    ],
)  # fmt: skip
def test_single_marks_and_dashes(text: str, said: tuple[str, ...], told: tuple[str, ...]) -> None:
    filler = "'So,' said Ann." if text[0] in "'H" else "—So, said Ann."
    first = split_paragraphs(with_quotes([text, *[filler] * 8]))[0]
    assert (first.quotes, first.narration_parts) == (said, told)


def test_a_book_with_double_quotes_stays_as_it_is() -> None:
    told = ["“So,” said Ann. 'Tis late."] * 9
    assert with_quotes(told) == told


def test_what_a_claim_leaves_open_is_no_claim() -> None:
    assert claims.classify("Ann was addicted to observing and analysing it.", 3) is None
    assert claims.classify("Ann hated goats, but then she hated them all.", 3) is not None


def test_a_conjunction_is_not_part_of_a_claim() -> None:
    drafted = card_of("Ann Orme", "For Ann Orme was a tall widow with grey eyes.")
    assert drafted.card.description.startswith("Ann Orme was a tall widow")


def test_a_rare_full_name_is_not_the_name_of_a_card() -> None:
    talk = ['"It rains," said Louisa.', '"It does, Lou," said Ann Orme.'] * 5
    book = Book(["They saw Lou Pell and heard Lou Pell.", *talk, *TALK])
    louisa = book.people.named("Louisa")
    assert louisa is not None
    assert full_name(book, louisa, "Louisa") == "Louisa"


def test_the_name_that_was_asked_for_is_the_name_of_the_card() -> None:
    told = ['"It rains," said the Grey Man.', '"It does, Griff," said Ann Orme.'] * 5
    book = Book([*told, *TALK, *["They saw the Grey Man."] * 4], ["Griff", "the Grey Man"])
    person = book.people.named("Griff")
    assert person is not None and person.name == "the Grey Man"
    assert full_name(book, person, "Griff") == "Griff"
