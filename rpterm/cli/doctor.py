"""``rpterm doctor``: prints every check with its verdict and remedy."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from rpterm import paths as folders
from rpterm.cli import out
from rpterm.cli.app import new_app
from rpterm.cli.options import Json
from rpterm.errors import RptermError

app = new_app()


@app.command()
def doctor(
    json: Json = False,
    repair: Annotated[
        bool,
        typer.Option(
            "--repair", help="First repair a damaged database: rescue everything still readable."
        ),
    ] = False,
) -> None:
    """Check this installation: what works, what is slow and why, and what to do about it.

    The exit code is 1 if something is broken.
    """
    from rpterm.cli.doctor_checks import run_checks

    paths = folders.find()
    if repair:
        _repair(paths)
    checks = run_checks(paths, os.environ)
    if json:
        out.json_data([{"name": name, **found._asdict()} for name, found in checks.items()])
    else:
        for name, found in checks.items():
            out.say(f"{found.verdict:<7}{name:<15}{out.one_line(found.detail)}")
            if found.remedy:
                out.say(f"{'':<22}→ {found.remedy}")
    if any(found.verdict == "broken" for found in checks.values()):
        raise typer.Exit(1)


def _repair(paths: folders.Paths) -> None:
    """Replace a damaged database by a new one with all readable data; the old file is kept."""
    if not paths.database.exists():
        raise RptermError(f"There is no database at {paths.database} to repair.")
    from rpterm.store.repair.rebuild import repair

    kept = repair(paths.database)
    if kept is None:
        out.say(f"There is nothing to repair: the database {paths.database} is intact.")
    else:
        out.say(f"Repaired; the damaged file is kept as {kept}.")
