"""Numbers with what they count, in words for people."""

from __future__ import annotations


def counted(count: int, one: str, many: str = "") -> str:
    """``1 turn``, ``1,200 turns``.

    Args:
        many: The plural where it is not ``one`` with an s.
    """
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def ordinal(number: int) -> str:
    """``1st``, ``2nd``, ``11th``, ``23rd``."""
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10)
    return f"{number:,}{ending or 'th'}"


def sized(count: float) -> str:
    """Bytes as people read them: ``98 MB``, ``4.9 GB``."""
    number = float(count)
    for unit in ("B", "kB", "MB"):
        if number < 1000:
            return f"{number:.0f} {unit}"
        number /= 1000
    return f"{number:.1f} GB"
