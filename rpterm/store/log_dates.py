"""Dates of chat logs: read in all the forms that programs write, written in one."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

LATEST = 1e11
"""Unix seconds of the year 5138: what lies behind is no date of a chat."""
_DATES = ("%B %d, %Y %I:%M%p", "%B %d, %Y %I:%M %p")
_SPOKEN = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})\s*@\s*(\d{1,2})h\s*(\d{1,2})m\s*(\d{1,2})s(?:\s*(\d{1,3})ms)?"
)


def moment(value: Any) -> float | None:
    """Unix seconds of any of the forms in which programs write dates.

    A date without a zone is taken as the user's own time; one before 1970 or after the year 5138 is
    no date of a chat.
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        # Compared before anything is computed: a number of JSON may be too large for a float.
        if not 0 < value < LATEST * 1000:
            return None
        return value / 1000 if value > LATEST else float(value)
    if not isinstance(value, str) or len(value) > 60:
        return None
    seconds = _written(value.strip())
    return seconds if seconds is not None and 0 < seconds < LATEST else None


def _written(text: str) -> float | None:
    """Unix seconds of a date in words."""
    spoken = _SPOKEN.match(text)
    try:
        if spoken:
            year, month, day, hour, minute, second, ms = (int(n or 0) for n in spoken.groups())
            return datetime(year, month, day, hour, minute, second, ms * 1000).timestamp()
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError, OSError):
        pass
    for form in _DATES:
        try:
            return datetime.strptime(text, form).timestamp()
        except (ValueError, OverflowError, OSError):
            continue
    return None


def iso(at: float | None) -> str:
    if at is None:
        return ""
    moment = datetime.fromtimestamp(at, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
