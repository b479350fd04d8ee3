"""``rpterm backup``: copies the database."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rpterm.cli import out
from rpterm.cli.app import new_app
from rpterm.cli.user_files import open_store
from rpterm.errors import RptermError
from rpterm.humanize import byte_size

app = new_app()


@app.command()
def backup(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="The file to write; it must not exist yet.")
    ],
) -> None:
    """Copy the database with all chats, memories and ratings; you can keep chatting meanwhile."""
    if file.exists():
        raise RptermError(f"{file} already exists; name another file.")
    creates_folder = not file.parent.exists()
    with open_store() as store:
        store.backup(file)
    if creates_folder:
        out.say(f"The folder {file.parent} was created.")
    out.say(f"{file}: {byte_size(file.stat().st_size)}")
