"""Parses TOML text into a ``CharacterCard`` and reports all its problems at once.

The reader knows files and the key table, but nothing of folders, models or chats. It never
returns a partial card: either the complete text is valid, or ``CardError`` lists every problem.
"""

from __future__ import annotations

import os
from pathlib import Path as FilePath

from rpterm.cards.card import CharacterCard
from rpterm.cards.format.build import build
from rpterm.cards.format.locate import Path, locate
from rpterm.cards.format.syntax import parse_toml
from rpterm.cards.format.value_checks import Report, displayable
from rpterm.cards.problems import CardError, Problem

MAX_BYTES = 1 << 20
_GIVE_A_FILE = "Give the path of a .toml file."


def load(path: FilePath | str) -> CharacterCard:
    """Read a card from a file.

    Raises:
        CardError: Everything that is wrong with it, a missing or unreadable file included.
    """
    return parse(read_text(FilePath(path)), str(path))


def parse(text: str, origin: str = "card.toml", *, world: bool = False) -> CharacterCard:
    """Read a card from TOML text.

    Args:
        origin: The file name that problems show.
        world: Read a world file: lore without a character, which needs no name.

    Raises:
        CardError: Everything that is wrong with it.
    """
    text = text.removeprefix("\ufeff")
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > MAX_BYTES:
        raise CardError([_too_large(origin, size)])
    data, problems = parse_toml(text, origin)
    report = Report()
    card = build(data, report, partial=bool(problems), world=world)
    if report.found:
        places = locate(text)
        problems += [
            Problem(origin, places.line(path), path_in_words(path), message, remedy)
            for path, message, remedy in report.found
        ]
    if card is None or problems:
        raise CardError(sorted(problems, key=lambda problem: problem.line))
    return card


def read_text(path: FilePath) -> str:
    """Read a card's file as text.

    Raises:
        CardError: The file is missing, a folder, unreadable, too large, or not UTF-8.
    """
    origin = str(path)
    try:
        with open(path, "rb", opener=_open_without_waiting) as file:
            raw = file.read(MAX_BYTES + 1)
        if len(raw) > MAX_BYTES and path.is_file():
            raise CardError([_too_large(origin, path.stat().st_size)])
        if (not raw or len(raw) > MAX_BYTES) and not path.is_file():
            raise _unreadable(origin, "This is a device or a pipe.", _GIVE_A_FILE)
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        remedy = "Save the file as UTF-8 in your editor."
        raise _unreadable(origin, "The text is not UTF-8.", remedy, line) from error
    except FileNotFoundError as error:
        raise _unreadable(origin, "There is no such file.", "Check the path.") from error
    except IsADirectoryError as error:
        raise _unreadable(origin, "This is a folder.", _GIVE_A_FILE) from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "The path cannot be used"
        remedy = "Check the file and its permissions."
        raise _unreadable(origin, f"{reason}.", remedy) from error


def _open_without_waiting(name: str, flags: int) -> int:
    """Open a file; a pipe that nobody writes to would stop every list of the folder's cards."""
    handle = os.open(name, flags | getattr(os, "O_NONBLOCK", 0))
    os.set_blocking(handle, True)
    return handle


def _unreadable(origin: str, message: str, remedy: str, line: int = 0) -> CardError:
    return CardError([Problem(origin, line, "", message, remedy)])


def _too_large(origin: str, size: int) -> Problem:
    message = f"The file has {size:,} bytes; a card can have at most {MAX_BYTES:,}."
    return Problem(origin, 0, "", message, "Shorten it, or split its lorebook.")


def path_in_words(path: Path) -> str:
    """Write a path for people: ``("lore", 2, "keys", 0)`` becomes ``lore #3 keys #1``."""
    return " ".join(f"#{part + 1}" if isinstance(part, int) else displayable(part) for part in path)
