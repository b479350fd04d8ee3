"""Talk written as text, each turn behind a name: "Watson: How did you know?". Pure.

A line that begins like a name and a colon may be a list or a title instead ("Age: 40"). So names
that nobody knows count only beside one that is known, or where the text has several of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

_NAMED = re.compile(
    r"\s*(?P<bold>\*\*|__)?[\[<(]?(?P<who>[^\W\d_][\w .'’-]{0,38})[\])>]?\s*"
    r"(?(bold)(?:[:：]\s*(?P=bold)|(?P=bold)\s*[:：])|[:：])\s*(?P<said>\S.*)",
    re.DOTALL,
)
_MOST_WORDS = 4
Named = tuple[str, str]
"""Who speaks, in small letters, "" where that is not told; and what."""
Known = Callable[[str], bool]


def split(text: str, known: Known) -> Named | None:
    """Who says a text, and what; ``None`` where no name stands before it."""
    match = _NAMED.fullmatch(text)
    if match is None:
        return None
    who = match["who"].strip()
    parts = who.split()
    name = len(parts) <= _MOST_WORDS and all(part[0] == part[0].upper() for part in parts)
    return (who.casefold(), match["said"].strip()) if name or known(who.casefold()) else None


def turns(text: str, known: Known) -> list[Named]:
    """The turns of a text; a line without a name goes on with the turn before it."""
    lines = [line for line in text.split("\n") if line.strip()]
    named = [split(line, known) for line in lines]
    told = [each[0] for each in named if each is not None]
    open_to_all = len(told) > 1 or any(map(known, told))
    found: list[Named] = []
    for line, each in zip(lines, named, strict=True):
        if each is not None and open_to_all:
            found.append(each)
        elif found:
            found[-1] = (found[-1][0], f"{found[-1][1]}\n{line}")
        else:
            found.append(("", line))
    return found


def listed(texts: Sequence[str], known: Known) -> list[Named] | None:
    """The same for turns of a list; ``None`` where not every one has a name before it."""
    found = [split(text, known) for text in texts]
    whole = [each for each in found if each is not None]
    return whole if whole and len(whole) == len(found) else None


def character(whos: Sequence[str], own: Known, other: Known, asks: int) -> Known:
    """Which of the speakers is the character.

    Where none has its name: of two the one that does not ask, if that can be told.

    Args:
        asks: The place of a turn that is the other side's.
    """
    if any(map(own, whos)):
        return own
    two = set(whos) - {""}
    users = {who for who in two if other(who)} or ({whos[asks]} if len(whos) > 2 else set())
    return lambda who: len(two) == 2 and len(users) == 1 and who in two - users
