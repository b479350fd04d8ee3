"""Runs slash commands from the input: the palette's commands by their ids, and ``/set``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from rpterm.chat import slash
from rpterm.errors import RptermError
from rpterm.tui.screens.chat import (
    chats,
    files,
    replies,
    require,
    setting_commands,
    slash_completion,
    worlds,
)

if TYPE_CHECKING:
    from rpterm.tui.screens.chat.screen import ChatScreen


async def run_if_command(chat: ChatScreen) -> bool:
    """Run the input as a command if it is one; returns whether it was."""
    line = chat.input.full_text.strip()
    if is_command := slash.is_command(line):
        await run(chat, line)
    return is_command


async def run(chat: ChatScreen, line: str) -> None:
    """Run a line that begins with a slash; an unknown command stays in the input."""
    typed, arguments = slash.split(line)
    name = slash_completion.command_of(typed)
    if name not in slash_completion.names():
        palette_key = chat.key_name("palette")
        chat.say(
            slash.unknown_command(name, slash_completion.names(), f"{palette_key} finds them all.")
        )
    elif arguments and name in _WITH_ARGUMENTS:
        await _run_with_arguments(chat, line, name, arguments)
    elif arguments:
        chat.say(f"/{name} takes nothing after it: {slash_completion.names()[name]}")
    else:
        chat.input.put("")
        await chat.run_action(
            f"app.command('{'settings' if name == slash_completion.SET else name}')"
        )


async def _run_with_arguments(chat: ChatScreen, line: str, name: str, arguments: str) -> None:
    """Run a command with arguments; if it fails, its line returns to the input."""
    chat.input.put("")  # Before the first await, or a second Enter would run it again.
    try:
        await _WITH_ARGUMENTS[name](chat, arguments)
    except RptermError:
        if chat.input.empty:
            chat.input.put(line)
        raise


async def _set(chat: ChatScreen, arguments: str) -> None:
    name, value = slash.split_setting(arguments)
    await (
        setting_commands.change_setting(chat, name, value)
        if value
        else setting_commands.show_setting(chat, name)
    )


async def _note(chat: ChatScreen, arguments: str) -> None:
    session = require.session(chat)
    note = (await chat.ask(lambda: session.chat)).note
    await chats.keep_note(chat, session, replace(note, text=slash.text_or_empty(arguments)))


async def _persona(chat: ChatScreen, arguments: str) -> None:
    persona = await chat.ask(require.session(chat).write_persona, arguments)
    await chats.show_persona(chat, persona)


async def _rename(chat: ChatScreen, arguments: str) -> None:
    await chat.ask(require.session(chat).rename, arguments)
    await replies.refresh_transcript(chat)


async def _export(chat: ChatScreen, arguments: str) -> None:
    from rpterm.transfer import chat_export

    await files.export(chat, *chat_export.parse_arguments(arguments))


_WITH_ARGUMENTS: dict[str, Callable[[ChatScreen, str], Awaitable[None]]] = {
    slash_completion.SET: _set, "note": _note, "persona": _persona, "rename": _rename,
    "world": worlds.toggle_world, "export-chat": _export,
    "regenerate": lambda chat, hint: replies.regenerate(chat, hint=hint),
}  # fmt: skip
