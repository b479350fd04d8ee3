"""The user's settings, cards and database, as commands open them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from rpterm import config, paths
from rpterm.config import Settings
from rpterm.errors import RptermError

if TYPE_CHECKING:
    from rpterm.store import Store


def load_settings(flags: Mapping[str, object] | None = None) -> Settings:
    """The effective settings of this user.

    Args:
        flags: Values from the command line by dotted name; ``None`` values count as not given.

    Raises:
        ConfigError: They cannot be used.
    """
    return config.load(paths.find().config_file, os.environ, flags)


def card_folders() -> list[Path]:
    """The existing folders of cards: the user's first, then the shipped one."""
    from rpterm.cards import library

    return library.card_folders(paths.find().characters)


def card_argument(file: Path) -> str:
    """A card as a command line names it: by its name if that finds this file, else by its path."""
    from shlex import quote

    from rpterm.cards import library

    is_found = file in library.card_files(card_folders()).values()
    return quote(file.stem if is_found else str(file))


@contextmanager
def open_store(*, begin: bool = False, for_program: bool = False) -> Iterator[Store]:
    """The store of this user, closed at the end of the block; a read-only one can only be read.

    Args:
        begin: Create the database if there is none yet.
        for_program: Whether a program reads the output: before the first chat it gets the answer
            of an empty store, not an error.

    Raises:
        RptermError: There is no database yet, or it cannot be used.
    """
    from rpterm.store import Store

    path = paths.find().database
    if begin:
        paths.make_folder(path.parent)
    elif not path.exists() and for_program:
        with TemporaryDirectory() as folder, Store(Path(folder) / path.name) as store:
            yield store
        return
    elif not path.exists():
        raise RptermError("There are no chats yet: `rpterm chat sherlock` begins one.")
    with Store(path, allow_read_only=True) as store:
        yield store
