"""``rpterm config``: settings, shown and changed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from rpterm import config as settings
from rpterm import paths as folders
from rpterm.cli import out
from rpterm.cli.app import new
from rpterm.config.text import toml
from rpterm.types import NoSuchChoice

app = new("Show and change settings.", no_args_is_help=True)

_Profile = Annotated[
    str, typer.Option("--profile", metavar="PROFILE", help="Of this profile instead.")
]
_Name = Annotated[str, typer.Argument(metavar="NAME", help="Like theme, or sampling.temperature.")]


@app.command()
def show(
    json: Annotated[bool, typer.Option("--json", help="JSON instead of TOML.")] = False,
) -> None:
    """Print every setting as it holds now; what you changed is marked."""
    file = folders.find().config_file
    now = settings.show(settings.load(file, os.environ))
    if json:
        out.data(now)
        return
    plain = settings.show(settings.Settings())
    for name, value in now.items():
        mark = "  # changed" if value != plain[name] else ""
        out.say(f"{name} = {_toml(value)}{mark}")


@app.command("set", context_settings={"ignore_unknown_options": True})
def set_value(
    name: _Name,
    value: Annotated[str, typer.Argument(help="The new value.")],
    profile: _Profile = "",
) -> None:
    """Write one setting; comments in the file stay."""
    from rpterm.cli.settings_check import checked

    file = _file(profile)
    settings.save(file, name, checked(name, value, file))


@app.command()
def unset(name: _Name, profile: _Profile = "") -> None:
    """Take one setting out, so that its default holds."""
    settings.save(_file(profile), name, None)


@app.command()
def path(profile: _Profile = "") -> None:
    """Print where the file of settings is."""
    out.say(str(_file(profile)))


def _file(profile: str) -> Path:
    """The file of settings, or that of a profile."""
    file = folders.find().config_file
    if Path(profile).name != profile:
        raise NoSuchChoice(f"--profile: a profile has a plain name, not {profile!r}.")
    return settings.profile_file(file, profile) if profile else file


def _toml(value: object) -> str:
    return '""  # drawn anew' if value is None else toml(value)
