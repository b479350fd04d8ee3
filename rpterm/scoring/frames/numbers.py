"""Reads numbers in digits, English ("forty-one", "seven hundred") or Chinese ("四十一"). Pure."""

from __future__ import annotations

import re

_ONES_TEXT = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
    "fifteen sixteen seventeen eighteen nineteen"
)
_TENS_TEXT = "twenty thirty forty fifty sixty seventy eighty ninety"
_WORDS = {word: at for at, word in enumerate(_ONES_TEXT.split())} | {
    word: 10 * at for at, word in enumerate(_TENS_TEXT.split(), 2)
}
_SCALES = {"thousand": 1000, "million": 1_000_000}
_WORD = "|".join([*_WORDS, "hundred", *_SCALES])
NUMBER = re.compile(
    rf"\b(?:\d{{1,3}}(?:,\d{{3}})+|\d+|(?:(?:{_WORD}|a (?=hundred|thousand))"
    rf"(?:[- ](?:(?:(?<=hundred )|(?<=thousand )|(?<=million ))and )?(?=(?:{_WORD})\b))?)+)\b",
    re.IGNORECASE,
)
"""A whole number; "one and one" are two."""

_CHINESE_DIGITS = {digit: at for at, digit in enumerate("零一二三四五六七八九")} | {
    "〇": 0,
    "两": 2,
}
_CHINESE_SCALES = {"十": 10, "百": 100, "千": 1000, "万": 10_000}
CHINESE_NUMBER = re.compile(rf"\d+|[{''.join((*_CHINESE_DIGITS, *_CHINESE_SCALES))}]+")
"""A whole number before a Chinese unit."""
_MOST_DIGITS = 30
"""Beyond 4,300, Python reads no number; nobody means one of more than these."""


def number(text: str) -> int | None:
    """The number that a text says, or ``None`` if it is none; also "seven-and-twenty"."""
    plain = text.lower().replace(",", "").strip()
    if plain.isdecimal():
        return int(plain[:_MOST_DIGITS])
    total = part = 0
    for word in re.split(r"[\s-]+", plain.removeprefix("a ")):
        if word in _WORDS:
            part += _WORDS[word]
        elif word == "hundred":
            part = max(1, part) * 100
        elif word in _SCALES:
            total, part = total + max(1, part) * _SCALES[word], 0
        elif word != "and":
            return None
    return total + part if plain != "and" else None


def chinese_number(text: str) -> int:
    """The number that a match of ``CHINESE_NUMBER`` says."""
    if text.isdecimal():
        return int(text[:_MOST_DIGITS])
    total = part = 0
    for character in text:
        if character in _CHINESE_DIGITS:
            part = part * 10 + _CHINESE_DIGITS[character]
        else:
            total += max(1, part) * _CHINESE_SCALES[character]
            part = 0
    return total + part
