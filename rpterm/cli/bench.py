"""``rpterm bench``: the figures rpterm promises, measured on this machine.

Each room measures itself: its module ``bench`` has ``main(json: bool)``, which prints.
"""

from __future__ import annotations

from importlib import import_module
from typing import Annotated

import typer

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
    import_module(ROOMS[room]).main(json=json)
