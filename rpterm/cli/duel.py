"""``rpterm duel``: blind comparison of two to four setups over many messages."""

from __future__ import annotations

import secrets
from typing import Annotated, Any

import typer

from rpterm.cli import out
from rpterm.cli.app import new_app
from rpterm.cli.options import Plain, card_argument
from rpterm.errors import RptermError

app = new_app()


def _side(help_text: str) -> Any:
    return typer.Option(metavar="WHAT", help=help_text, show_default=False)


@app.command()
def duel(
    card: Annotated[
        str,
        card_argument("Name of a character, or a card's file."),
    ],
    a: Annotated[
        str, _side("Side A, described like side B; if empty, your settings as they are.")
    ] = "",
    b: Annotated[
        str,
        _side('Side B: samplers ("temperature=1.2 min_p=0.02"), model=FILE and adapter=FILE.'),
    ] = "",
    c: Annotated[str | None, _side("A third side.")] = None,
    d: Annotated[str | None, _side("A fourth side.")] = None,
    turns: Annotated[
        str,
        typer.Option(
            metavar="FILE",
            help="Your own messages, one per line; `fresh` lets you write them as you go.",
        ),
    ] = "",
    count: Annotated[
        int, typer.Option("-n", "--rounds", min=1, max=2000, metavar="N", help="Number of rounds.")
    ] = 50,
    seed: Annotated[
        int | None,
        typer.Option(min=0, metavar="N", help="Seed of the sides, the order and the samplers."),
    ] = None,
    new_duel: Annotated[
        bool, typer.Option("--new", help="Begin again instead of continuing the same duel.")
    ] = False,
    plain: Plain = False,
    report: Annotated[
        bool, typer.Option("--report", help="Only print the result so far, for any --rounds.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print the --report as JSON.")] = False,
) -> None:
    """Compare models, adapters or samplers: you see two replies and choose without knowing whose.

    The same command continues a duel on another day. A side is called better only once there is
    enough evidence, and more rounds do not overturn that. Every tenth round is asked again with
    its sides swapped, to measure how consistent you are.
    """
    from rpterm import paths as folders
    from rpterm.cli import duel_run
    from rpterm.dueling.contender import parse_all
    from rpterm.dueling.duel import DuelSetup
    from rpterm.startup import launch

    if json and not report:
        raise RptermError("--json works only with --report.")
    # In normal form, so that the same duel is found again however it was typed.
    specs = tuple(
        each.spec for each in parse_all([each for each in (a, b, c, d) if each is not None])
    )
    lines = duel_run.read_messages(turns)
    drawn = secrets.randbits(31) if seed is None else seed
    name = launch.find_card(card, folders.find()).card.name
    wanted = DuelSetup(name, specs, count, drawn, lines)
    if report:
        raise typer.Exit(duel_run.print_report(wanted, as_json=json))
    plain = plain or not out.can_show_screens()
    raise typer.Exit(duel_run.run(card, wanted, anew=new_duel, plain=plain))
