"""``rpterm config``: shows and changes settings."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rpterm import config as settings
from rpterm import paths as folders
from rpterm.cli import out
from rpterm.cli.app import new_app
from rpterm.cli.options import Json
from rpterm.cli.user_files import load_settings
from rpterm.config.toml_text import to_toml
from rpterm.errors import InvalidChoice

app = new_app("Show and change settings.", no_args_is_help=True)


def _complete_setting(incomplete: str) -> list[str]:
    return [name for name in settings.setting_kinds() if name.startswith(incomplete)]


_Profile = Annotated[
    str, typer.Option("--profile", metavar="PROFILE", help="Use this profile's file instead.")
]
_Name = Annotated[
    str,
    typer.Argument(
        metavar="NAME",
        help="Name of the setting, such as theme or sampling.temperature.",
        autocompletion=_complete_setting,
    ),
]


@app.command()
def show(json: Json = False) -> None:
    """Print all settings. Those that differ from their default are marked."""
    now = settings.as_dict(load_settings())
    if json:
        out.json_data(now)
        return
    plain = settings.as_dict(settings.Settings())
    for name, value in now.items():
        mark = "  # changed" if value != plain[name] else ""
        out.say(f"{name} = {_toml(value)}{mark}")


@app.command("set", context_settings={"ignore_unknown_options": True})
def set_value(
    name: _Name,
    value: Annotated[str, typer.Argument(metavar="VALUE", help="The new value.")],
    profile: _Profile = "",
) -> None:
    """Change one setting. Comments in the settings file are preserved."""
    from rpterm.cli.guard import complain
    from rpterm.cli.setting_check import checked_value, missing_file

    file = _file(profile)
    value = checked_value(name, value, file)
    settings.save(file, name, value)
    if warning := missing_file(name, value):
        complain(warning)
    else:
        out.tell(f"{name} is now {value or 'empty'}.")


@app.command()
def unset(name: _Name, profile: _Profile = "") -> None:
    """Remove one setting from the file, so that its default applies."""
    settings.save(_file(profile), name, None)
    out.tell(f"{name} has its default again.")


@app.command()
def path(profile: _Profile = "") -> None:
    """Print the path of the settings file."""
    out.say(str(_file(profile)))


def _file(profile: str) -> Path:
    """The settings file, or that of a profile."""
    file = folders.find().config_file
    if Path(profile).name != profile:
        raise InvalidChoice(f"--profile: a profile must have a plain name, not {profile!r}.")
    return settings.profile_file(file, profile) if profile else file


def _toml(value: object) -> str:
    return '""  # random' if value is None else to_toml(value)
