"""What is shown of a growing text: no name in front, and a space before a continuation."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rpterm.chat.reply import continued, without_name

PARTS = st.sampled_from(["Mara", "Venn", ":", "Mara:", " ", "\n", "*", "M", "Hello"])


@pytest.mark.parametrize(
    ("text", "more", "expected"),
    [
        ('"Stop."', '"Go on."', '"Stop." "Go on."'),
        ('"Stop.', '" He waits.', '"Stop." He waits.'),
        ("*He waits.*", "*He sits.*", "*He waits.* *He sits.*"),
        ("*He waits.", "* She nods.", "*He waits.* She nods."),
        ("He waits.", "Then he sits.", "He waits. Then he sits."),
        ("He waits.", " Then he sits.", "He waits. Then he sits."),
        ("He wai", "ts.", "He waits."),
        ("It costs 3.", "50 a week.", "It costs 3.50 a week."),
        ("“Stop.”", "“Go on.”", "“Stop.” “Go on.”"),
        ("He waits.", "", "He waits."),
    ],
)
def test_only_a_new_sentence_is_set_off_by_a_space(text: str, more: str, expected: str) -> None:
    assert continued(text, more) == expected


@given(st.lists(PARTS, max_size=8).map("".join), st.permutations(["Mara", "Mara Venn", "M"]))
def test_a_name_in_front_is_never_shown_and_nothing_shown_is_taken_back(
    text: str, names: list[str]
) -> None:
    whole = without_name(text, tuple(names), complete=True)
    assert whole == text or text.removesuffix(whole).rstrip().removesuffix(":") in names
    for length in range(len(text)):
        assert whole.startswith(without_name(text[:length], tuple(names), complete=False))


def test_a_name_in_front_is_removed() -> None:
    assert without_name("Mara Venn: Aye.", ("Mara", "Mara Venn"), complete=True) == "Aye."
    assert without_name("Mara Venn", ("Mara Venn",), complete=False) == ""
    assert without_name("Mara Venn", ("Mara Venn",), complete=True) == "Mara Venn"
