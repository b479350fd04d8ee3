"""``rpterm duel``: two or more ways of making replies, judged blind over many messages."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from rpterm.cli.app import new
from rpterm.types import RptermError

app = new("")


def _side(help_text: str) -> Any:
    return typer.Option(metavar="WHAT", help=help_text, show_default=False)


@app.command()
def duel(
    card: Annotated[str, typer.Argument(help="A character's name or a card's file.")],
    a: Annotated[str, _side("Side A; nothing is what the settings say.")] = "",
    b: Annotated[
        str, _side("Side B: samplers (temperature=1.2 min_p=0.02), model=FILE, adapter=FILE.")
    ] = "",
    c: Annotated[str | None, _side("A third side.")] = None,
    d: Annotated[str | None, _side("A fourth side.")] = None,
    turns: Annotated[
        str, typer.Option(metavar="FILE", help="Messages, one a line; fresh: you write them.")
    ] = "",
    count: Annotated[int, typer.Option("-n", "--rounds", min=1, max=2000, help="Rounds.")] = 50,
    seed: Annotated[int | None, typer.Option(min=0, help="Of sides, order and samplers.")] = None,
    new_duel: Annotated[
        bool, typer.Option("--new", help="Begin anew instead of going on with the same duel.")
    ] = False,
    plain: Annotated[bool, typer.Option("--plain", help="Lines of text.")] = False,
    report: Annotated[
        bool, typer.Option("--report", help="Only tell how it stands, for any -n.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="With --report: as JSON.")] = False,
) -> None:
    """Judge blind between ways of making replies; go on another day.

    Nothing is called better before the evidence is in, and then it stays so however long one goes
    on. Every tenth round comes back with its sides swapped, to see how steady the judge is.
    """
    from rpterm.cli import dueling
    from rpterm.dueling.bout import Setup

    if json and not report:
        raise RptermError("--json goes with --report: a duel itself is judged on the screen.")
    specs = tuple(each for each in (a, b, c, d) if each is not None)
    lines = dueling.lines(turns)
    drawn = dueling.draw_seed() if seed is None else seed
    wanted = Setup(dueling.card_name(card), dueling.normal(specs), count, drawn, lines)
    if report:
        raise typer.Exit(dueling.report(wanted, as_json=json))
    lined = plain or not (sys.stdin.isatty() and sys.stdout.isatty())
    raise typer.Exit(dueling.run(card, wanted, anew=new_duel, plain=lined))
