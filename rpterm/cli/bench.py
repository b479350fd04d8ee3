"""``rpterm bench``: the figures rpterm promises, measured on this machine.

Each benchmark's module has ``main(json: bool)``, which prints, or ``measure()``, which gives the
figures by name.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from inspect import Parameter, signature
from pathlib import Path
from typing import Annotated, Any

import typer

from rpterm.cli import out
from rpterm.cli.app import new
from rpterm.types import NoSuchChoice, RptermError

app = new("")

ROOMS = (
    "startup", "engine", "tui", "store", "recall", "planted", "persona", "voice", "told", "rated",
    "people", "novels",
)  # fmt: skip
"""Modules of ``rpterm.bench``, but for those of ``_ELSEWHERE``."""
_ELSEWHERE = {"tui": "rpterm.tui.bench"}
"""Only ``rpterm.tui`` knows Textual."""

_LOCOMO = typer.Option(
    "--locomo", metavar="FILE", help="recall, told: questions in LoCoMo's format."
)
_MEMORIES = typer.Option(
    "--memories", min=1_000, metavar="N", help="recall: time it among so many alone."
)
_CONVAI2 = typer.Option("--convai2", metavar="FILE", help="persona: dialogues of ConvAI2.")
_LIMIT = typer.Option(
    "--limit", min=0, metavar="N",
    help="persona, told: so many questions, 0 is all; voice: so many lines of each character.",
)  # fmt: skip
_PDNC = typer.Option("--pdnc", metavar="DIR", help="voice, novels: novels in PDNC's format.")
_USR = typer.Option("--usr", metavar="FILE", help="people: replies that people graded (USR).")
_CACHE = typer.Option(
    "--cache", metavar="FILE",
    help="persona, told, voice, rated, people: keeps likelihoods, so that a run can go on.",
)  # fmt: skip
_CROSSED = typer.Option(
    "--crossed",
    help="persona, voice: judge what was fitted on, too, each by terms fitted on others.",
)
_PICTURE = typer.Option(
    "--picture", metavar="FILE", help="persona, voice: writes the reliability diagram as SVG."
)


@app.command()
def bench(
    room: Annotated[str, typer.Argument(metavar="ROOM", help=f"One of {', '.join(ROOMS)}.")],
    json: Annotated[bool, typer.Option("--json", help="JSON instead of lines.")] = False,
    locomo: Annotated[Path | None, _LOCOMO] = None,
    memories: Annotated[int | None, _MEMORIES] = None,
    convai2: Annotated[Path | None, _CONVAI2] = None,
    limit: Annotated[int | None, _LIMIT] = None,
    pdnc: Annotated[Path | None, _PDNC] = None,
    usr: Annotated[Path | None, _USR] = None,
    cache: Annotated[Path | None, _CACHE] = None,
    picture: Annotated[Path | None, _PICTURE] = None,
    crossed: Annotated[bool, _CROSSED] = False,
) -> None:
    """Measure this machine; close other programs first."""
    if room not in ROOMS:
        raise NoSuchChoice(f"There is no benchmark {room!r}; there is {', '.join(ROOMS)}.")
    module = import_module(_ELSEWHERE.get(room, f"rpterm.bench.{room}"))
    if hasattr(module, "main"):
        given = {
            "locomo": locomo, "memories": memories, "convai2": convai2, "limit": limit,
            "pdnc": pdnc, "usr": usr, "cache": cache, "picture": picture,
            "crossed": crossed or None,
        }  # fmt: skip
        module.main(json=json, **_wanted(module.main, room, given))
        return
    figures: dict[str, object] = module.measure()
    if json:
        out.data(figures)
        return
    for name, value in figures.items():
        out.say(f"{name:<28}{value}")


def _wanted(main: Callable[..., object], room: str, given: dict[str, Any]) -> dict[str, Any]:
    """The options that this benchmark takes; one that it needs must be given, no other may be."""
    taken = signature(main).parameters
    for name, value in given.items():
        if value is not None and name not in taken:
            raise RptermError(f"--{name} does not belong to the benchmark {room!r}: leave it out.")
        if value is None and name in taken and taken[name].default is Parameter.empty:
            raise RptermError(f"The benchmark {room!r} reads data of yours: add --{name} PATH.")
    return {name: value for name, value in given.items() if name in taken and value is not None}
