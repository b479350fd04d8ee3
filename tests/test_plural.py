"""Numbers as they are written for people."""

from __future__ import annotations

import pytest

from rpterm.humanize import byte_size, counted, ordinal


def test_one_and_many() -> None:
    assert (counted(1, "turn"), counted(1200, "reply", "replies")) == ("1 turn", "1,200 replies")


@pytest.mark.parametrize(
    ("number", "text"),
    [(1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (12, "12th"), (23, "23rd"),
     (111, "111th"), (1_001, "1,001st")],
)  # fmt: skip
def test_ordinals(number: int, text: str) -> None:
    assert ordinal(number) == text


def test_bytes() -> None:
    sizes = (0, 999, 4_200, 98e6, 4.92e9)
    assert [byte_size(each) for each in sizes] == ["0 B", "999 B", "4 kB", "98 MB", "4.9 GB"]
