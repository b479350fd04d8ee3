"""``rpterm import``: everything from another program at once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rpterm.cli.app import new

app = new("")


@app.command()
def move(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="Folders, or files.")],
    to: Annotated[
        Path | None, typer.Option("--to", metavar="FOLDER", help="Where cards go; yours if none.")
    ] = None,
) -> None:
    """Import cards, world files and chats of another program, all at once.

    What was imported before is left as it is, so it can be repeated.
    """
    from rpterm.cli import exchanging

    moved = exchanging.move(paths, to)
    good = any(card.target for card in moved.cards)
    if not good and not any(chat.error == "" for chat in moved.chats):
        raise typer.Exit(1)
