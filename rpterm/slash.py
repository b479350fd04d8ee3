"""Lines that begin with a slash are commands, on screen and without one; two begin a message."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence


def is_command(line: str) -> bool:
    """Whether a line is a command and no message."""
    return line.startswith("/") and not line.startswith("//")


def message(line: str) -> str:
    """What is said, without the slash that keeps it from being a command."""
    return line.removeprefix("/") if line.startswith("//") else line


def written(message: str) -> str:
    """How one writes that."""
    return f"/{message}" if message.startswith("/") else message


def split(line: str) -> tuple[str, str]:
    """The name of a command, and what stands behind it."""
    name, _, rest = line[1:].partition(" ")
    return name.strip().casefold(), rest.strip()


def words(rest: str) -> str:
    """What is to stand for a text that has a value already: a hyphen alone is nothing."""
    return "" if rest == "-" else rest


def setting(rest: str) -> tuple[str, str]:
    """The name of a setting, and its value: ``temperature 0.9`` or ``temperature=0.9``."""
    name, _, value = re.sub(r"\s*[\s=]\s*", " ", rest, count=1).partition(" ")
    return name, value.strip()


def beginning(begun: str, names: Iterable[str]) -> list[str]:
    """The names that begin so, in the order of the alphabet."""
    return sorted(name for name in names if name.startswith(begun.casefold()))


def within(begun: str, names: Iterable[str]) -> list[str]:
    """The names of which a later part begins so: ``pane-memory`` for ``mem``."""
    part = f"-{begun.casefold()}"
    return sorted(name for name in names if len(part) > 1 and part in name)


def common(begun: str, names: Sequence[str]) -> str:
    """As far as the names go on alike; what was begun where there are none."""
    if not names:
        return begun
    first, last = min(names), max(names)  # What these two share, all between them have.
    alike = (at for at, letter in enumerate(first) if last[at : at + 1] != letter)
    return first[: next(alike, len(first))]


def unknown(name: str, known: Iterable[str], where: str) -> str:
    """Tells that there is no such command.

    Args:
        where: A sentence that says where they are listed, for when none has a similar name.
    """
    from difflib import get_close_matches  # slow to import, and seldom needed

    near = get_close_matches(name, list(known), 1)
    tip = f"did you mean /{near[0]}?" if near else where
    return f"There is no command /{name}; {tip} A message that begins with a slash needs two."
