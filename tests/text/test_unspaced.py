"""Names and words as wholes, in every script."""

import re

import pytest

from rpterm.text.unspaced import whole_words


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("Ann", "Ann's hat, said Ann.", 2),
        ("Ann", "Anna and Joann", 0),
        ("Ann", "これはAnnさんです", 1),
        ("J. R.", "Ask J. R. about it.", 1),
        ("小明", "我叫小明你好", 1),
        ("さくら", "昨日さくらが来た", 1),
        ("สมชาย", "คุณสมชายครับ", 1),
        ("민수", "민수가 왔다. 이민수", 1),
        ("Иван", "Иван и Иванов", 1),
        ("سارة", "سارة هنا", 1),
    ],
)
def test_a_name_is_found_as_a_whole(name: str, text: str, found: int) -> None:
    assert len(re.findall(whole_words(name), text)) == found
