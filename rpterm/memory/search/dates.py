"""Time spans that a text names, and how well a moment fits them. English and local time only.

``spans("what did I say last Tuesday?", now)`` gives that day. People talk about an event after it
has happened, so a moment shortly after a span fits nearly as well as one inside it. A moment before
the span (a plan) fits less well.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from rpterm.text.calendar_names import MONTHS, WEEKDAYS

DAY = 86_400.0
_AFTER_DAYS = 7.0
_BEFORE_DAYS = 2.0

_NUMBER_NAMES = "zero one two three four five six seven eight nine ten eleven twelve"
_MONTHS = [name.lower() for name in MONTHS]
_WEEKDAYS = [name.lower() for name in WEEKDAYS]
_NUMBERS = {word: n for n, word in enumerate(_NUMBER_NAMES.split())}
_NUMBERS |= {"a": 1, "an": 1, "couple": 2, "few": 3, "several": 4}
_NAME_OF = dict(enumerate(_NUMBER_NAMES.split()))
_UNITS = ((365, "year"), (30, "month"), (7, "week"), (1, "day"))
_MONTH = "(" + "|".join(f"{m[:3]}(?:{m[3:]})?" for m in _MONTHS) + ")"
_COUNT = r"(\d{1,3}|" + "|".join(_NUMBERS) + r")(?: of)?"
_UNIT = r"(day|week|month|year)s?"


@dataclass(frozen=True, slots=True)
class TimeSpan:
    """The time from ``start`` up to but not including ``end`` (Unix seconds), and its ``words``."""

    start: float
    end: float
    words: str


def spans(text: str, now: float) -> list[TimeSpan]:
    """Every time span the text names; relative expressions count back from ``now``."""
    today = datetime.fromtimestamp(now).date()
    found: list[TimeSpan] = []
    taken: list[tuple[int, int]] = []
    for pattern, read in _READERS:
        for match in pattern.finditer(text):
            place = match.span()
            if any(a < place[1] and place[0] < b for a, b in taken):
                continue
            span = _resolve(read, match, today)
            if span is not None:
                taken.append(place)
                found.append(span)
    return found


def days_ago(moment: float, now: float) -> str:
    """How long ago a moment was, in local days: ``earlier today``, ``three weeks ago``; "" for 0.

    Prompts never say a date: to a character of 1926, or of a fairy tale, "9 March 2026" is a
    break of the story, and a model that is told a date but not today's cannot use it.
    """
    if not moment:
        return ""
    days = (datetime.fromtimestamp(now).date() - datetime.fromtimestamp(moment).date()).days
    if days < 2:
        return "yesterday" if days == 1 else "earlier today"
    size, unit = next((size, unit) for size, unit in _UNITS if days >= 2 * size)
    count = days // size
    return f"{_NAME_OF.get(count, str(count))} {unit}s ago"


def fit(moments: NDArray[np.float64], spans: Sequence[TimeSpan]) -> NDArray[np.float32]:
    """How well each moment fits the best of the spans, from 0 to 1; zeros if there are no spans."""
    best = np.zeros(len(moments), np.float32)
    for span in spans:
        late = np.maximum(moments - span.end, 0) / (DAY * _AFTER_DAYS)
        early = np.maximum(span.start - moments, 0) / (DAY * _BEFORE_DAYS)
        best = np.maximum(best, np.exp(-late - early).astype(np.float32))
    return best


Days = tuple[date, date]
_Reader = Callable[[re.Match[str], date], Days]


def _resolve(read: _Reader, match: re.Match[str], today: date) -> TimeSpan | None:
    """The span of a match; ``None`` where the calendar or the clock has no such day."""
    try:
        start, end = read(match, today)
        return TimeSpan(_unix(start), _unix(end), match.group().strip())
    except (ValueError, OverflowError, OSError):  # OSError: Windows, for dates before 1970.
        return None


def _unix(day: date) -> float:
    return datetime(day.year, day.month, day.day).timestamp()


def _day(year: int, month: int, day: int) -> Days:
    start = date(year, month, day)
    return start, start + timedelta(days=1)


def _whole_month(year: int, month: int) -> Days:
    return date(year, month, 1), date(year + month // 12, month % 12 + 1, 1)


def _month_number(word: str) -> int:
    return next(n for n, name in enumerate(_MONTHS, 1) if name.startswith(word.lower()[:3]))


def _past_year(month: int, day: int, today: date) -> int:
    """The year of the latest such day: "in May", said in March, means last year's May."""
    return today.year - ((month, day) > (today.month, today.day))


def _iso(match: re.Match[str], today: date) -> Days:
    return _day(int(match[1]), int(match[2]), int(match[3]))


def _month_day(match: re.Match[str], today: date) -> Days:
    return _named_day(match[1], match[2], match[3], today)


def _day_month(match: re.Match[str], today: date) -> Days:
    return _named_day(match[2], match[1], match[3], today)


def _named_day(word: str, number: str, year: str | None, today: date) -> Days:
    month, day = _month_number(word), int(number)
    return _day(int(year) if year else _past_year(month, day, today), month, day)


def _month_year(match: re.Match[str], today: date) -> Days:
    return _whole_month(int(match[2]), _month_number(match[1]))


def _month_alone(match: re.Match[str], today: date) -> Days:
    month = _month_number(match[1])
    return _whole_month(_past_year(month, 1, today), month)


def _year_alone(match: re.Match[str], today: date) -> Days:
    year = int(match[1])
    return date(year, 1, 1), date(year + 1, 1, 1)


def _recent_day(match: re.Match[str], today: date) -> Days:
    back = 0 if match[1].lower() in ("today", "tonight", "this morning") else 1
    start = today - timedelta(days=back)
    return start, start + timedelta(days=1)


def _weekday(match: re.Match[str], today: date) -> Days:
    back = (today.weekday() - _WEEKDAYS.index(match[2].lower())) % 7 or 7
    start = today - timedelta(days=back)
    return start, start + timedelta(days=1)


def _ago(match: re.Match[str], today: date) -> Days:
    word = match[1].lower()
    count = int(word) if word.isdecimal() else _NUMBERS[word]
    length = {"day": 1, "week": 7, "month": 30, "year": 365}[match[2].lower()]
    slack = timedelta(days=length // 2)
    middle = today - timedelta(days=min(count * length, 36_500))
    return middle - slack, middle + slack + timedelta(days=1)


def _last_unit(match: re.Match[str], today: date) -> Days:
    unit, this = match[2].lower(), match[1].lower() == "this"
    if unit == "week":
        monday = today - timedelta(days=today.weekday() + (0 if this else 7))
        return monday, monday + timedelta(days=7)
    if unit == "month":
        month = today if this else today.replace(day=1) - timedelta(days=1)
        return _whole_month(month.year, month.month)
    year = today.year - (0 if this else 1)
    return date(year, 1, 1), date(year + 1, 1, 1)


def _patterns() -> Iterator[tuple[str, _Reader]]:
    yield r"\b(\d{4})-(\d{2})-(\d{2})\b", _iso
    yield rf"\b{_MONTH}\.? (\d{{1,2}})(?:st|nd|rd|th)?(?:,? (\d{{4}}))?\b", _month_day
    yield rf"\b(\d{{1,2}})(?:st|nd|rd|th)?(?: of)? {_MONTH}\b\.?(?:,? (\d{{4}}))?\b", _day_month
    yield rf"\b{_MONTH}\.?,?(?: of)? (\d{{4}})\b", _month_year
    yield rf"\b(?:in|last|since|during) {_MONTH}\b", _month_alone
    yield rf"\b{_COUNT} {_UNIT} (?:ago|back|earlier)\b", _ago
    yield rf"\b(last|this|past|on|previous) ({'|'.join(_WEEKDAYS)})\b(?! before)", _weekday
    yield r"\b(last|this|past|previous) (week|month|year)\b", _last_unit
    yield r"\b(today|tonight|this morning|yesterday|last night)\b", _recent_day
    yield r"\b(?:in|during|since|of) ((?:19|20)\d{2})\b", _year_alone


_READERS = [(re.compile(pattern, re.IGNORECASE), read) for pattern, read in _patterns()]
