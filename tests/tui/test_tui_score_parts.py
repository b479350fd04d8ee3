"""The plain functions behind scores on screen: spans, small charts, lines of a card."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rpterm.cards.card import CharacterCard
from rpterm.tui import markup
from rpterm.tui.widgets.panes.card import _find, describe
from rpterm.tui.widgets.panes.consistency import HEIGHTS, around, interval, sparkline

MARKED = st.text(st.sampled_from('ab *_`"\n'), max_size=60)


@given(st.text(max_size=80) | MARKED, st.lists(st.tuples(st.integers(0, 90), st.integers(0, 90))))
def test_mapped_spans_stay_inside_the_text_and_in_order(
    source: str, spans: list[tuple[int, int]]
) -> None:
    plain = markup.roleplay(source).plain
    found = markup.map_spans(source, plain, spans)
    assert all(0 <= start < end <= len(plain) for start, end in found)
    assert len(found) <= len(spans)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ('*She waits.* "No AI here."', "No AI here"),
        ("**Bold** and *soft words* then", "soft words"),
        ("plain text", "text"),
        ("*a* *b* *c* the end", "the end"),
        ("a\tb *c* smartphone", "smartphone"),
        ("One.\r\nTwo.\r\n*Three* lamps", "lamps"),
        ("a\x07 bell and words", "words"),
    ],
)
def test_spans_are_mapped_to_the_text_without_marks(source: str, words: str) -> None:
    plain = markup.roleplay(source).plain
    start = source.index(words)
    ((begin, end),) = markup.map_spans(source, plain, [(start, start + len(words))])
    assert plain[begin:end] == words


@given(st.lists(st.floats(0, 1), max_size=40), st.integers(1, 30))
def test_a_sparkline_shows_the_last_values(values: list[float], width: int) -> None:
    line = sparkline(values, width)
    assert len(line) == min(len(values), width)
    assert set(line) <= set(HEIGHTS)


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1), st.integers(6, 60))
def test_a_scale_shows_its_value_and_has_its_width(
    a: float, b: float, c: float, width: int
) -> None:
    low, middle, high = sorted((a, b, c))
    scale = interval(low, middle, high, width)
    assert len(scale) == width and scale.count("●") == 1
    assert scale.strip("─").startswith(("━", "●"))


def test_a_card_line_is_found_although_its_macros_are_expanded() -> None:
    card = CharacterCard(
        "Mara", attributes=("{{char}} keeps a lighthouse in the north.", "Hates eels.")
    )
    plain = describe(card).plain
    at, length = _find(plain, "Mara keeps a lighthouse in the north.")
    assert plain[at : at + length] == "keeps a lighthouse in the north."
    assert _find(plain, "Mara has never seen a whale.") == (-1, 0)
    assert _find("ATTRIBUTES\n• Is short.\n• Short.\n1895", "Short.") == (25, 6)
    assert _find("1895 was long ago.\nKNOWS UNTIL\n1895", "1895") == (31, 4)


def test_a_long_line_is_shown_around_the_words_it_shares_with_the_reply() -> None:
    line = f"{'The fog is brown. ' * 20}She laid the bow aside.{' And then?' * 20}"
    shown = around(line, "bow")
    at = shown.plain.index("bow")
    assert shown.plain.startswith("…") and shown.plain.endswith("…")
    assert len(shown) <= 121
    assert any("bold" in str(span.style) and span.start == at for span in shown.spans)
    assert around("He rows.", "bow").plain == "He rows."
