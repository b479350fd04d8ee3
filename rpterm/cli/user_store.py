"""Opens the user's database for a command."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rpterm import paths as folders
from rpterm.types import RptermError

if TYPE_CHECKING:
    from rpterm.store import Store


@contextmanager
def open_store(*, begin: bool = False) -> Iterator[Store]:
    """The store of this user, closed at the end of the block; a read-only one can only be read.

    Args:
        begin: Create the database if there is none yet.

    Raises:
        RptermError: There is no database yet, or it cannot be used.
    """
    from rpterm.store import Store

    path = folders.find().database
    if begin:
        folders.make_folder(path.parent)
    elif not path.exists():
        raise RptermError("There are no chats yet: `rpterm chat sherlock` begins one.")
    with Store(path, allow_read_only=True) as store:
        yield store
