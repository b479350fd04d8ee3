"""``rpterm bench``: the figures rpterm promises, measured on this machine.

Each room measures itself in its module ``bench``: ``measure() -> dict`` of figures by name.
"""

from __future__ import annotations

from importlib import import_module
from typing import Annotated

import typer

from rpterm.cli import out
from rpterm.cli.app import new
from rpterm.types import RptermError

app = new("")

ROOMS = {
    "startup": "rpterm.cli.startup",
    "engine": "rpterm.engine.bench",
    "tui": "rpterm.tui.bench",
    "store": "rpterm.store.bench",
}


@app.command()
def bench(
    room: Annotated[str, typer.Argument(metavar="ROOM", help="startup, engine, tui or store.")],
    json: Annotated[bool, typer.Option("--json", help="JSON instead of lines.")] = False,
) -> None:
    """Measure this machine; close other programs first."""
    if room not in ROOMS:
        raise RptermError(f"There is no benchmark {room!r}; there is {', '.join(ROOMS)}.")
    figures: dict[str, object] = import_module(ROOMS[room]).measure()
    if json:
        out.data(figures)
        return
    for name, value in figures.items():
        shown = f"{value:.4g}" if isinstance(value, float) else value
        out.say(f"{name:<28}{shown}")
