"""Lines that begin with a slash: the commands of the palette by their ids, as without a screen."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from rpterm.tui import keys

if TYPE_CHECKING:
    from rpterm.tui.screens.chat.screen import ChatScreen

_IDS = {key.id: key for key in keys.KEYS if key.palette}


def is_command(written: str) -> bool:
    """Two slashes begin a message with one."""
    return written.startswith("/") and not written.startswith("//")


def message(written: str) -> str:
    """What is said, without the slash that keeps it from being a command."""
    return written.removeprefix("/") if written.startswith("//") else written


def written(message: str) -> str:
    """How one writes that."""
    return f"/{message}" if message.startswith("/") else message


async def run(chat: ChatScreen, line: str) -> None:
    """Carry out such a line; it stays in the input when there is no such command."""
    name, _, rest = line[1:].strip().casefold().partition(" ")
    if name not in _IDS:
        near = get_close_matches(name, _IDS, 1)
        tip = f"did you mean /{near[0]}?" if near else "Ctrl+P finds them all."
        chat.say(
            f"There is no command /{name}; {tip} A message that begins with a slash needs two."
        )
    elif rest:
        chat.say(f"/{name} stands alone: {_IDS[name].description}")
    else:
        chat.input.put("")
        await chat.run_action(f"app.command('{name}')")
