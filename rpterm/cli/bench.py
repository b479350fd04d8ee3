"""``rpterm bench``: the figures rpterm promises, measured on this machine.

Each room measures itself: its module has ``main(json: bool)``, which prints, or ``measure()``,
which gives the figures by name.
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
    "engine": "rpterm.bench.engine",
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
    module = import_module(ROOMS[room])
    if hasattr(module, "main"):
        module.main(json=json)
        return
    figures: dict[str, object] = module.measure()
    if json:
        out.data(figures)
        return
    for name, value in figures.items():
        out.say(f"{name:<28}{value}")
