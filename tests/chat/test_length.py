"""How long replies are to be, from a card alone."""

from __future__ import annotations

from dataclasses import replace

from chatting import CARD, MakeSession

from rpterm.cards.card import Example
from rpterm.chat.engine_request import samplers_for, usual_length

LONG = Example((("user", "word " * 500), ("char", "word " * 100)))
SHORT = Example((("user", "Hi"), ("char", "Yes.")))


def test_the_longest_line_of_the_character_counts() -> None:
    long, short = replace(CARD, examples=(SHORT, LONG)), replace(CARD, examples=(SHORT,))
    assert 100 < usual_length(long) < 200
    assert 0 < usual_length(short) < usual_length(long)


def test_a_card_without_examples_gets_room() -> None:
    assert usual_length(replace(CARD, examples=())) > usual_length(replace(CARD, examples=(SHORT,)))


def test_a_session_asks_for_it_unless_told_otherwise(make: MakeSession) -> None:
    settings = make(["Yes."]).settings
    assert samplers_for(settings, CARD, ()).close_after == usual_length(CARD)
    for given in (0, 33):
        card = replace(CARD, sampling={"close_after": given})
        assert samplers_for(settings, card, ()).close_after == given
