"""Parses the date formats that programs write into chat logs, and formats dates as ISO 8601."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

LATEST = 1e11
"""Unix seconds in the year 5138; a later time is not taken for the date of a chat."""
_US_FORMATS = ("%B %d, %Y %I:%M%p", "%B %d, %Y %I:%M %p", "%b %d, %Y %H:%M")
_AT_FORMAT = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})\s*@\s*(\d{1,2})h\s*(\d{1,2})m\s*(\d{1,2})s(?:\s*(\d{1,3})ms)?"
)


def parse_date(value: Any) -> float | None:
    """Unix seconds of a date in any of the known formats, or ``None``.

    A date without a time zone is taken as local time; dates before 1970 or after the year 5138 are
    rejected.
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        # Compare before computing: a JSON number may be too large for a float.
        if not 0 < value < LATEST * 1000:
            return None
        return value / 1000 if value > LATEST else float(value)
    if not isinstance(value, str) or len(value) > 60:
        return None
    seconds = _parse_text(value.strip())
    return seconds if seconds is not None and 0 < seconds < LATEST else None


def _parse_text(text: str) -> float | None:
    """Unix seconds of a date given as text."""
    match = _AT_FORMAT.match(text)
    try:
        if match:
            year, month, day, hour, minute, second, ms = (int(n or 0) for n in match.groups())
            return datetime(year, month, day, hour, minute, second, ms * 1000).timestamp()
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError, OSError):
        pass
    for date_format in _US_FORMATS:
        try:
            return datetime.strptime(text, date_format).timestamp()
        except (ValueError, OverflowError, OSError):
            continue
    return None


def format_date(at: float | None) -> str:
    """A time in Unix seconds as ISO 8601 in UTC; "" for ``None``."""
    if at is None:
        return ""
    utc = datetime.fromtimestamp(at, UTC)
    return utc.isoformat(timespec="milliseconds").replace("+00:00", "Z")
