"""Settings that only a room can check, and files that are named from where one stands."""

from __future__ import annotations

import re
from pathlib import Path

from rpterm import config
from rpterm.types import RptermError

_FILES = frozenset({"model", "adapter", "chat_template"})
_FOLDERS = frozenset({"embedder", "reranker", "scoring.nli_model"})
_URL = re.compile(r"https?://[^/\s]+\S*")


def checked(name: str, value: str, file: Path) -> str:
    """What to keep of a value: what is a file here is kept by its whole path.

    Args:
        file: The settings it is for: a key must go with the others there.

    Raises:
        RptermError: No room could use it; the sentence says what it can be.
    """
    if name.startswith("keys."):
        from rpterm.tui import key_check

        key_check.check_change({**config.load(file, {}).keys, name.removeprefix("keys."): value})
    elif name == "theme":
        _theme(value)
    elif name == "chat_template":
        from rpterm.models import templates

        templates.load_template(value)
    elif name == "duel.b":
        from rpterm.dueling import contender

        contender.parse("B", value)
    elif name == "remote_url" and value and not _URL.fullmatch(value):
        raise RptermError(f"remote_url: {value!r} is no address, such as http://host:8080/v1.")
    if value and _is_here(name, Path(value).expanduser()):
        return str(Path(value).expanduser().absolute())
    return value


def _is_here(name: str, path: Path) -> bool:
    """A model's name may also be that of a folder here, and is kept as it is."""
    return (name in _FILES and path.is_file()) or (name in _FOLDERS and path.exists())


def _theme(name: str) -> None:
    from rpterm.tui.themes import names

    if name not in (known := names()):
        raise RptermError(f"theme: there is no {name!r}; there are {', '.join(known)}.")
