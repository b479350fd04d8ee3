"""Checks of ``config set`` that need other packages, and absolute paths for files."""

from __future__ import annotations

import re
from pathlib import Path

from rpterm import config
from rpterm.errors import RptermError

_FILES = frozenset({"model", "adapter", "chat_template"})
_FOLDERS = frozenset({"embedder", "reranker", "scoring.nli_model"})
_URL = re.compile(r"https?://[^/\s]+\S*")


def checked_value(name: str, value: str, file: Path) -> str:
    """The value to save: checked, and with the path of an existing file made absolute.

    Args:
        file: The settings file, with whose other keys a key must not conflict.

    Raises:
        RptermError: The value cannot be used; the text says what it can be.
    """
    if name.startswith("keys."):
        from rpterm.tui import key_check

        key_check.check_change({**config.load(file, {}).keys, name.removeprefix("keys."): value})
    elif name == "profile":
        _check_profile(value, file)
    elif name == "theme":
        _check_theme(value)
    elif name == "chat_template":
        from rpterm.models import templates

        templates.load_template(value)
    elif name == "duel.b":
        from rpterm.dueling import contender

        contender.parse("B", value)
    elif name == "remote_url" and value and not _URL.fullmatch(value):
        raise RptermError(f"remote_url: {value!r} is not an address such as http://host:8080/v1.")
    if value and _is_path(name, Path(value).expanduser()):
        return str(Path(value).expanduser().absolute())
    return value


def missing_file(name: str, value: str) -> str:
    """The warning that a model or an adapter is not on this machine; "" if it is, or is no file.

    It is only a warning: whoever sets up a machine may name the model before it is there.
    """
    if name == "adapter" and value and not Path(value).is_file():
        return f"saved, but until it exists no chat can begin: {value}."
    return _missing_model(value) if name == "model" else ""


def _missing_model(value: str) -> str:
    """The warning that a model is not on this machine; "" if it is, or if a server has it."""
    from rpterm import paths
    from rpterm.engine.protocol import ModelError
    from rpterm.models import library

    folders = paths.find()
    if config.load(folders.config_file).engine != "llama":
        return ""
    try:
        found = library.find_model(value, folders.models, folders.cache)
    except ModelError as error:
        return f"saved, but until it exists no chat can begin. {error}"
    return "" if found.is_file() else f"saved, but until it exists no chat can begin: {found}."


def _is_path(name: str, path: Path) -> bool:
    """Whether the value is an existing path; a model's name may also be that of a folder here."""
    return (name in _FILES and path.is_file()) or (name in _FOLDERS and path.exists())


def _check_profile(name: str, file: Path) -> None:
    if name and name not in config.profiles(file):
        raise RptermError(config.unknown_profile(file, name))


def _check_theme(name: str) -> None:
    from rpterm.tui.themes import names

    if name not in (known := names()):
        raise RptermError(f"theme: there is no {name!r}; there are {', '.join(known)}.")
