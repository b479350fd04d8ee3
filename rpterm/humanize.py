"""Counts, ordinals and file sizes as text for people."""

from __future__ import annotations


def counted(count: int, one: str, many: str = "") -> str:
    """``1 turn``, ``1,200 turns``.

    Args:
        many: The plural, if it is not ``one`` plus an s.
    """
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def ordinal(number: int) -> str:
    """``1st``, ``2nd``, ``11th``, ``23rd``."""
    if number % 100 in (11, 12, 13):
        return f"{number:,}th"
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number:,}{ending}"


def byte_size(count: float) -> str:
    """A number of bytes for people, in powers of 1000: ``98 MB``, ``4.9 GB``."""
    number = float(count)
    for unit in ("B", "kB", "MB"):
        if number < 1000:
            return f"{number:.0f} {unit}"
        number /= 1000
    return f"{number:.1f} GB"
