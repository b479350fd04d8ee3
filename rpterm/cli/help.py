"""``rpterm help``: prints all commands, the keys, or the commands of plain mode."""

from __future__ import annotations

from typing import Annotated

import typer

from rpterm.cli import out
from rpterm.cli.app import new_app, one_of
from rpterm.cli.user_files import load_settings

app = new_app()

TOPICS = ("keys", "commands", "plain")


@app.command()
def help(
    topic: Annotated[
        str, typer.Argument(metavar="TOPIC", help="commands, keys or plain.")
    ] = "commands",
) -> None:
    """Print all commands, the keys of the chat screen, or the commands of plain mode.

    `rpterm COMMAND --help` explains one command with its options.
    """
    one_of(TOPICS, topic, "topic")
    if topic == "keys":
        _keys()
    elif topic == "commands":
        from rpterm.cli.readme import commands

        out.say(commands())
    else:
        from rpterm.cli.plain.commands import COMMANDS

        for name, (_, what) in COMMANDS.items():
            out.say(f"/{name} {what}")


def _keys() -> None:
    from rpterm.tui import key_check, key_names, keys

    own = load_settings().keys
    key_check.check(own)
    for heading, group in keys.groups().items():
        rows = [
            (" ".join(key_names.display(name) for name in keys.keys_of(key, own)), key.id,
             key.description)
            for key in group
        ]  # fmt: skip
        out.table((heading, "id", ""), rows)
        out.say()
