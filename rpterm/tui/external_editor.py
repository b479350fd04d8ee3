"""Opens a text or a file in the user's own editor; an app is suspended meanwhile. Knows no chat."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rpterm.errors import RptermError, cause_of

if TYPE_CHECKING:
    from textual.app import App


def command() -> list[str]:
    """The editor and its arguments: ``$VISUAL``, ``$EDITOR``, or a common editor if installed.

    Raises:
        RptermError: There is none, or the variable has unbalanced quotes.
    """
    for name in ("VISUAL", "EDITOR"):
        if words := _split(os.environ.get(name, "")):
            return words
    for program in ("nano", "vim", "vi", "notepad"):
        if found := shutil.which(program):
            return [found]
    raise RptermError("No editor was found. Set EDITOR, for example: export EDITOR=nano")


def edit_outside(app: App[Any], text: str) -> str | None:
    """Let the user edit a text; ``None`` if the editor exited with an error.

    Raises:
        RptermError: There is no editor, it left no text, or the terminal cannot be suspended.
    """
    with tempfile.TemporaryDirectory(prefix="rpterm-") as folder:
        path = Path(folder) / "turn.md"
        path.write_text(text, encoding="utf-8")
        if not edit_file(app, path):
            return None
        try:
            return path.read_text(encoding="utf-8", errors="replace").rstrip("\n")
        except OSError as error:
            raise RptermError(f"The editor left no text: {cause_of(error)}.") from None


def edit_file(app: App[Any], path: Path) -> bool:
    """Let the user edit a file; whether the editor exited without an error.

    Raises:
        RptermError: There is no editor, or the terminal cannot be suspended.
    """
    from textual.app import SuspendNotSupported

    words = command()
    try:
        with app.suspend():
            return run(words, path)
    except SuspendNotSupported:
        raise RptermError("This terminal cannot be handed to an editor.") from None


def run(words: list[str], path: Path) -> bool:
    """Run an editor on a file and wait; whether it exited without an error.

    Raises:
        RptermError: It could not be started.
    """
    try:
        return not subprocess.run([*words, str(path)], check=False).returncode
    except OSError as error:
        reason = cause_of(error)
        raise RptermError(f"The editor {words[0]} could not be started: {reason}.") from None


def _split(value: str) -> list[str]:
    """Split a command into words, unless it is the path of a program, which may have spaces."""
    if Path(value).is_file():
        return [value]
    try:
        return shlex.split(value)
    except ValueError as error:
        raise RptermError(
            f"The editor command {value!r} could not be understood: {error}. Correct EDITOR."
        ) from None
