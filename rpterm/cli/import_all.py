"""``rpterm import``: imports everything from another program at once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rpterm.cli.app import new_app

app = new_app()


@app.command()
def move(
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="PATH...",
            help="Folders of the other program, its backup as a ZIP file, or single files.",
        ),
    ],
    to: Annotated[
        Path | None,
        typer.Option(
            "--to", metavar="FOLDER", help="Where to put the cards; by default, with your own."
        ),
    ] = None,
) -> None:
    """Import cards, worlds and chats from another program in one go.

    Its personas, groups and presets are imported, too.

    It can be repeated: what was imported before is left unchanged.
    """
    from rpterm.cli import exchange

    moved = exchange.import_everything(paths, to)
    good = any(card.target for card in [*moved.cards, *moved.profiles])
    if not (good or moved.personas or any(chat.error == "" for chat in moved.chats)):
        raise typer.Exit(1)
