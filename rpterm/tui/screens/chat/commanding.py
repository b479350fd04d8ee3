"""Commands that are written: those of the palette by their ids."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rpterm import slash
from rpterm.tui import keys

if TYPE_CHECKING:
    from rpterm.tui.screens.chat.screen import ChatScreen


async def written(chat: ChatScreen) -> bool:
    """Whether a command is written; it is carried out."""
    line = chat.input.whole.strip()
    if commanded := slash.is_command(line):
        await run(chat, line)
    return commanded


async def run(chat: ChatScreen, line: str) -> None:
    """Carry out a line that begins with a slash; it stays in the input when it is no command."""
    name, rest = slash.split(line)
    known = {key.id: key for key in keys.KEYS if key.palette}
    if name not in known:
        finds = keys.shown("palette", chat.settings.keys)
        chat.say(slash.unknown(name, known, f"{finds} finds them all."))
    elif rest:
        chat.say(f"/{name} stands alone: {known[name].description}")
    else:
        chat.input.put("")
        await chat.run_action(f"app.command('{name}')")
