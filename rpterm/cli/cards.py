"""``rpterm cards``: who is there, and whether their cards are good."""

from __future__ import annotations

from typing import Annotated

import typer

from rpterm import launch
from rpterm import paths as folders
from rpterm.cards import library
from rpterm.cli import out
from rpterm.cli.app import new
from rpterm.types import RptermError

app = new("List, show and check character cards.")

_Card = Annotated[str, typer.Argument(metavar="CARD", help="A name, or a file.")]
_Json = Annotated[bool, typer.Option("--json", help="JSON instead of columns.")]


@app.callback(invoke_without_command=True)
def bare(context: typer.Context) -> None:
    """List, show and check character cards."""
    if context.invoked_subcommand is None:
        list_cards()


@app.command("list")
def list_cards(json: _Json = False) -> None:
    """List every card: your own folder first, then those that come with rpterm."""
    found = library.summaries(library.folders(folders.find().characters))
    if json:
        keys = ("key", "name", "tagline", "tags", "path", "error")
        out.data([{key: getattr(summary, key) for key in keys} for summary in found])
        return
    rows = [(each.key, each.name, each.error or each.tagline) for each in found]
    out.table(rows, ("card", "name", ""))


@app.command()
def show(card: _Card) -> None:
    """Print a card's file."""
    out.say(launch.find_card(card, folders.find()).text, end="")


@app.command()
def lint(
    cards: Annotated[list[str] | None, typer.Argument(metavar="CARD...", help="None: all.")] = None,
    json: _Json = False,
) -> None:
    """Check cards: everything that is wrong or could be better, with line and remedy."""
    from rpterm.cli import linting

    paths = library.folders(folders.find().characters)
    files = [library.find(card, paths) for card in cards or []]
    files = files or list(library.files(paths).values())
    problems = [problem for file in files for problem in linting.problems(file)]
    if json:
        out.data(problems)
    else:
        for problem in problems:
            out.say(f"{problem.severity:<8}{problem}")
        out.say(f"{len(files)} cards, {len(problems)} problems.")
    if any(problem.severity == "error" for problem in problems):
        raise typer.Exit(1)


@app.command()
def schema(
    path: Annotated[bool, typer.Option("--path", help="Where the schema's file is.")] = False,
) -> None:
    """Print the JSON schema of a card, for completion in an editor."""
    from rpterm.cards import schema as published

    out.say(str(published.PUBLISHED) if path else published.text(), end="\n" if path else "")


@app.command()
def path(
    card: Annotated[str | None, typer.Argument(metavar="CARD", help="None: the folders.")] = None,
) -> None:
    """Print where a card is, or where cards are looked for."""
    paths = folders.find()
    found = library.folders(paths.characters)
    if card is not None:
        out.say(str(library.find(card, found)))
        return
    for folder in dict.fromkeys([paths.characters, *found]):
        out.say(str(folder))
    if not found:
        raise RptermError("No folder of cards exists.")
