"""The options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
Plain = Annotated[
    bool, typer.Option("--plain", help="Use plain lines of text, for screen readers and pipes.")
]
Limit = Annotated[int, typer.Option(min=1, metavar="N", help="Show at most this many.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")]
To = Annotated[
    Path | None,
    typer.Option("--to", "-o", metavar="FILE", help="Write to FILE instead of the terminal."),
]
Force = Annotated[bool, typer.Option("--force", help="Overwrite FILE if it already exists.")]


def complete_card(incomplete: str) -> list[str]:
    """The names of cards that begin with what was typed, for completion in a shell."""
    from rpterm.cards.library import card_files
    from rpterm.cli.user_files import card_folders

    names = (path.stem for path in card_files(card_folders()).values())
    return sorted(name for name in names if name.startswith(incomplete))


def card_argument(help_text: str, metavar: str = "CARD") -> Any:
    """An argument that names cards; shells complete it."""
    return typer.Argument(metavar=metavar, help=help_text, autocompletion=complete_card)


def confirm(question: str, *, yes: bool) -> None:
    """Ask before something that cannot be undone, unless ``--yes`` was given; a no ends it."""
    if not yes and not typer.confirm(f"{question} This cannot be undone."):
        raise typer.Exit(1)
