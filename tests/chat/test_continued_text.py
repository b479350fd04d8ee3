"""Where a continuation gets a space that the model did not write."""

import pytest

from rpterm.chat.reply import continued


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
