"""``rpterm bench``: measures the figures of the README on this machine.

A benchmark's module has ``run(…)``, which returns figures by name. Its parameters are the options
it accepts, and ``step`` if it reports its progress. ``lines(figures)`` says how to show them, if
there is such a function.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from inspect import Parameter, signature
from json import dumps
from pathlib import Path
from typing import Annotated, Any

import typer

from rpterm.cli import out
from rpterm.cli.app import new_app, one_of
from rpterm.cli.options import Json
from rpterm.errors import RptermError

app = new_app()

BENCHMARKS = (
    "startup", "engine", "tui", "store", "recall", "planted", "persona", "voice", "told", "rated",
    "people", "novels",
)  # fmt: skip
"""The benchmarks, which are modules of ``rpterm.bench`` except those in ``_ELSEWHERE``."""
_ELSEWHERE = {"tui": "rpterm.tui.bench"}
"""Only ``rpterm.tui`` may import Textual."""

_LOCOMO = typer.Option(
    "--locomo", metavar="FILE", help="recall, told: questions in the format of LoCoMo."
)
_MEMORIES = typer.Option(
    "--memories", min=1_000, metavar="N", help="recall: only time a search among N memories."
)
_CONVAI2 = typer.Option("--convai2", metavar="FILE", help="persona: dialogues of ConvAI2.")
_LIMIT = typer.Option(
    "--limit", min=0, metavar="N",
    help="persona, told: at most N questions, 0 is all; voice: at most N lines per character.",
)  # fmt: skip
_PDNC = typer.Option("--pdnc", metavar="DIR", help="voice, novels: novels in the format of PDNC.")
_USR = typer.Option("--usr", metavar="FILE", help="people: replies rated by people (USR).")
_CACHE = typer.Option(
    "--cache", metavar="FILE",
    help="persona, told, voice, rated, people: store likelihoods, so that a run can be continued.",
)  # fmt: skip
_CROSSED = typer.Option(
    "--crossed",
    help="persona, voice: also judge the training items, cross-validated.",
)
_PICTURE = typer.Option(
    "--picture", metavar="FILE", help="persona, voice: write the reliability diagram as SVG."
)


@app.command()
def bench(
    benchmark: Annotated[
        str, typer.Argument(metavar="BENCHMARK", help=f"One of {', '.join(BENCHMARKS)}.")
    ],
    json: Json = False,
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
    """Run one benchmark on this machine; close other programs first.

    The options apply to the benchmarks they name.
    """
    name = one_of(BENCHMARKS, benchmark, "benchmark")
    module = import_module(_ELSEWHERE.get(name, f"rpterm.bench.{name}"))
    given = {
        "locomo": locomo, "memories": memories, "convai2": convai2, "limit": limit, "pdnc": pdnc,
        "usr": usr, "cache": cache, "picture": picture, "crossed": crossed or None,
    }  # fmt: skip
    options = _accepted(module.run, benchmark, given)
    figures = _run(module.run, options)
    if json:
        out.json_data(figures)
        return
    for line in getattr(module, "lines", _lines)(figures):
        out.say(line)


def _run(run: Callable[..., Any], options: dict[str, Any]) -> Any:
    """Run a benchmark, with a progress bar on standard error if it reports its progress."""
    if "step" not in signature(run).parameters:
        return run(**options)
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("measuring", total=None)
        return run(lambda done, total: bar.update(task, completed=done, total=total), **options)


def _lines(figures: Mapping[str, Any]) -> Iterator[str]:
    for name, value in figures.items():
        yield f"{name:<28}{f'{value:.4f}' if isinstance(value, float) else dumps(value)}"


def _accepted(run: Callable[..., object], benchmark: str, given: dict[str, Any]) -> dict[str, Any]:
    """The options given, which have to be those that the benchmark accepts and requires."""
    accepted = signature(run).parameters
    for name, value in given.items():
        if value is not None and name not in accepted:
            raise RptermError(
                f"--{name} does not belong to the benchmark {benchmark!r}: leave it out."
            )
        if value is None and name in accepted and accepted[name].default is Parameter.empty:
            raise RptermError(f"The benchmark {benchmark!r} needs a data set: add --{name} PATH.")
    return {name: value for name, value in given.items() if value is not None}
