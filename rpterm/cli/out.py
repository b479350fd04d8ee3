"""Plain output for a terminal, a pipe or a screen reader: no colours, no escape codes.

Card names, titles and replies come from people and models, so control characters are removed
before they reach the terminal.
"""

from __future__ import annotations

import json
import math
import os
import re
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, is_dataclass
from enum import Enum
from io import StringIO
from pathlib import Path
from typing import Any

from rpterm.errors import RptermError

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_MISSING = "-"


def without_controls(text: str) -> str:
    """The text without characters that move a terminal's cursor or change the text direction."""
    return _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def say(text: str = "", end: str = "\n") -> None:
    """Write to standard output; characters its encoding lacks become question marks."""
    text = without_controls(text) + end
    try:
        sys.stdout.write(text)
    except UnicodeEncodeError:
        code = sys.stdout.encoding or "ascii"
        sys.stdout.write(text.encode(code, "replace").decode(code))


def tell(text: str) -> None:
    """Write a message of the program to standard error, so that pipes get only data."""
    with suppress(OSError, ValueError):  # It may be closed.
        sys.stderr.write(without_controls(text) + "\n")
        sys.stderr.flush()


def json_data(value: Any) -> None:
    """Write JSON to standard output; infinite numbers and NaN become null."""
    plain = _plain(value)
    try:
        sys.stdout.write(_json(plain, ascii_only=False))
    except UnicodeEncodeError:  # A lone surrogate, or an encoding with few characters.
        sys.stdout.write(_json(plain, ascii_only=True))


def csv(rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows as CSV under a header of all their keys; missing values are empty."""
    from csv import DictWriter

    heads = dict.fromkeys(name for row in rows for name in row)
    sheet = StringIO()
    writer = DictWriter(sheet, list(heads), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    say(sheet.getvalue(), end="")


def table(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Write a table whose lines are truncated at the width of the terminal."""
    import shutil

    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else 10_000
    texts = [[one_line(str(cell)) or _MISSING for cell in row] for row in rows]
    sizes = [max(display_width(row[i]) for row in [list(heads), *texts]) for i in range(len(heads))]
    for row in [list(heads), *texts]:
        line = "  ".join(
            text + " " * (sizes[i] - display_width(text)) for i, text in enumerate(row)
        )
        say(_cut(line.rstrip(), width))
    if not rows:
        tell("(This list is empty.)")


def can_show_screens() -> bool:
    """Whether a person sits at a terminal that can draw; one inside an editor often cannot."""
    return is_interactive() and os.environ.get("TERM") != "dumb"


def is_interactive() -> bool:
    """Whether a person reads and types, not a program."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def one_line(text: str) -> str:
    """The text on one line, with each run of whitespace as one space."""
    return " ".join(without_controls(text).split())


def display_width(text: str) -> int:
    """Columns a text takes in a terminal; an emoji of several characters takes two."""
    if text.isascii():  # Saves the import.
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def local_time(seconds: float) -> str:
    """A time in Unix seconds as local time, to the minute."""
    import time

    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds))


def _cut(line: str, width: int) -> str:
    if display_width(line) <= width:
        return line
    from rich.cells import set_cell_size

    return set_cell_size(line, width - 1).rstrip() + "…"


def _json(value: Any, *, ascii_only: bool) -> str:
    written = json.dumps(value, indent=2, ensure_ascii=ascii_only, allow_nan=False) + "\n"
    return _CONTROL.sub(lambda control: f"\\u{ord(control[0]):04x}", written)


def _plain(value: Any) -> Any:
    """The value converted to types that JSON knows."""
    if is_dataclass(value) and not isinstance(value, type):
        value = asdict(value)
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(each) for each in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Enum):
        return value.value
    return value if value is None or isinstance(value, str | int) else str(value)


def save(path: Path | None, text: str, force: bool) -> None:
    """Write a file, or to standard output without one; ``force`` overwrites an existing file.

    Raises:
        RptermError: It already exists, or cannot be written.
    """
    from rpterm.paths import FileAlreadyExists, write_new

    if path is None:
        say(text, end="")
        return
    try:
        write_new(path, text, force)
    except FileAlreadyExists as error:
        raise RptermError(f"{error} --force overwrites it.") from error
    tell(f"Written to {path}.")
