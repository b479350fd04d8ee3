"""Slash commands, as the TUI and plain mode read them.

A line that begins with one slash is a command; two slashes begin a message with a literal slash.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from rpterm.errors import RptermError
from rpterm.types import Persona


def is_command(line: str) -> bool:
    """Whether a line is a command, not a message."""
    return line.startswith("/") and not line.startswith("//")


def unescaped(line: str) -> str:
    """The message in a line, without the slash that escapes it."""
    return line.removeprefix("/") if line.startswith("//") else line


def message_in(line: str) -> str:
    """The message that a line would send; "" for a command."""
    return "" if is_command(line) else unescaped(line)


def escaped(message: str) -> str:
    """The line to type for a message: the inverse of ``unescaped``."""
    return f"/{message}" if message.startswith("/") else message


def split(line: str) -> tuple[str, str]:
    """The name of a command and the text after it."""
    name, _, rest = line[1:].partition(" ")
    return name.strip().casefold(), rest.strip()


def text_or_empty(rest: str) -> str:
    """The new text for a field that may be cleared: a lone hyphen means empty."""
    return "" if rest == "-" else rest


def split_setting(rest: str) -> tuple[str, str]:
    """Name and value of a setting, from ``temperature 0.9`` or ``temperature=0.9``."""
    name, _, value = re.sub(r"\s*[\s=]\s*", " ", rest, count=1).partition(" ")
    return name, value.strip()


def parse_persona(rest: str, known: Iterable[Persona]) -> Persona:
    """The persona in ``NAME: DESCRIPTION``; a name alone takes the description it is known with.

    Raises:
        RptermError: There is no name.
    """
    name, colon, description = (part.strip() for part in rest.partition(":"))
    if not name:
        raise RptermError("Say /persona NAME: DESCRIPTION.")
    stored = {each.name: each for each in known}
    return stored[name] if name in stored and not colon else Persona(name, description)


def starting_with(prefix: str, names: Iterable[str]) -> list[str]:
    """The names that start with a prefix, sorted."""
    return sorted(name for name in names if name.startswith(prefix.casefold()))


def with_later_word(prefix: str, names: Iterable[str]) -> list[str]:
    """The names in which a later word starts with a prefix: ``pane-memory`` for ``mem``; sorted."""
    part = f"-{prefix.casefold()}"
    return sorted(name for name in names if len(part) > 1 and part in name)


def common_prefix(prefix: str, names: Sequence[str]) -> str:
    """The longest common prefix of the names; without names, the given prefix."""
    if not names:
        return prefix
    first, last = min(names), max(names)  # What these two share, all names between them share.
    differing = (at for at, letter in enumerate(first) if last[at : at + 1] != letter)
    return first[: next(differing, len(first))]


def unknown_command(name: str, known: Iterable[str], where: str) -> str:
    """The message for a command that does not exist.

    Args:
        where: The end of the sentence if no command has a similar name: where they are listed.
    """
    from difflib import get_close_matches  # Slow to import and rarely needed.

    similar = get_close_matches(name, list(known), 1)
    tip = f"did you mean /{similar[0]}?" if similar else where
    return f"There is no command /{name}; {tip} A message that begins with a slash needs two."
