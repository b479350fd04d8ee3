"""``rpterm backup``: a copy of every chat."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rpterm.cli import out
from rpterm.cli.app import new
from rpterm.plural import sized
from rpterm.types import RptermError

app = new("")


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The copy; it must not exist.")],
) -> None:
    """Copy the database; chats may go on meanwhile."""
    from rpterm.cli.chats import opened

    if file.exists():
        raise RptermError(f"{file} exists already; name another file.")
    fresh = not file.parent.exists()
    with opened() as store:
        store.backup(file)
    if fresh:
        out.say(f"The folder {file.parent} was made for it.")
    out.say(f"{file}: {sized(file.stat().st_size)}")
