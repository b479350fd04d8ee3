"""Slash commands in the input: the palette's commands by their ids, ``/set``, and completion."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from rpterm import live_settings, slash
from rpterm.tui import keys
from rpterm.tui.screens.chat import require
from rpterm.tui.widgets.hints import Completion
from rpterm.types import RptermError

if TYPE_CHECKING:
    from rpterm.tui.screens.chat.screen import ChatScreen

_SET = "set"
_SELECTED_TURN_COMMANDS = frozenset(("branch-here", "regenerate-here", "continue-here"))
"""Not available here: no turn is selected while the user writes."""
_USAGE = {
    _SET: "NAME VALUE changes a setting; the value default resets it.",
    "note": "[TEXT] writes the author's note; - alone clears it.",
    "rename": "[TITLE] renames this chat.",
    "export-chat": "[md|jsonl|log] [FILE] writes this chat into a file; alone it asks.",
    "world": "[NAME] adds a world to the character's card or removes it; chat: NAME does so for "
    "this chat only, WHO: NAME for another character. Alone it lists the worlds.",
}
"""The arguments of the commands that take any, and what they do with them."""


@cache
def names() -> dict[str, str]:
    """Every slash command, with its description."""
    available = (key for key in keys.KEYS if key.palette and key.id not in _SELECTED_TURN_COMMANDS)
    return {**{key.id: key.description for key in available}, **_USAGE}


async def run_if_command(chat: ChatScreen) -> bool:
    """Run the input as a command if it is one; returns whether it was."""
    line = chat.input.full_text.strip()
    if is_command := slash.is_command(line):
        await run(chat, line)
    return is_command


async def run(chat: ChatScreen, line: str) -> None:
    """Run a line that begins with a slash; an unknown command stays in the input."""
    name, arguments = slash.split(line)
    if name not in names():
        palette_key = keys.key_name("palette", chat.settings.keys)
        chat.say(slash.unknown_command(name, names(), f"{palette_key} finds them all."))
    elif arguments and name in _WITH_ARGUMENTS:
        await _run_with_arguments(chat, line, name, arguments)
    elif arguments:
        chat.say(f"/{name} takes nothing after it: {names()[name]}")
    else:
        chat.input.put("")
        await chat.run_action(f"app.command('{'settings' if name == _SET else name}')")


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
    from rpterm.tui.screens.chat import setting_commands

    name, value = slash.split_setting(arguments)
    await (
        setting_commands.change_setting(chat, name, value)
        if value
        else setting_commands.show_setting(chat, name)
    )


async def _note(chat: ChatScreen, arguments: str) -> None:
    from rpterm.tui.screens.chat import chats

    session = require.session(chat)
    note = (await chat.ask(lambda: session.chat)).note
    await chats.keep_note(chat, session, replace(note, text=slash.text_or_empty(arguments)))


async def _rename(chat: ChatScreen, arguments: str) -> None:
    from rpterm.tui.screens.chat import replies

    await chat.ask(require.session(chat).rename, arguments)
    await replies.refresh_transcript(chat)


async def _export(chat: ChatScreen, arguments: str) -> None:
    from rpterm.transfer import chat_export
    from rpterm.tui.screens.chat import files

    await files.export(chat, *chat_export.parse_arguments(arguments))


async def _world(chat: ChatScreen, arguments: str) -> None:
    from rpterm.tui.screens.chat import worlds

    await worlds.toggle_world(chat, arguments)


_WITH_ARGUMENTS: dict[str, Callable[[ChatScreen, str], Awaitable[None]]] = {
    _SET: _set, "note": _note, "rename": _rename, "world": _world, "export-chat": _export,
}  # fmt: skip


# Completion ------------------------------------------------------------------------------------
def suggestions(
    line: str, overrides: Mapping[str, str] | None = None
) -> tuple[list[Completion], str]:
    """The possible completions of a line; if there are none, the reason."""
    name, space, arguments = line[1:].partition(" ")
    if not space:
        return _command_names(name, overrides)
    if name.casefold() == _SET:
        labels = (each.removeprefix("sampling.") for each in live_settings.NAMES)
        if found := slash.starting_with(arguments.partition(" ")[0], labels):
            return [Completion(each, _about_setting(each)) for each in found], ""
    description = names().get(name.casefold())
    if description is None:
        return [], "There is no such command."
    return [Completion(f"/{name}", description)], ""


def _command_names(
    prefix: str, overrides: Mapping[str, str] | None
) -> tuple[list[Completion], str]:
    """Commands by the beginning of a word; without one, those that take arguments come first."""
    known = names()
    found = slash.starting_with(prefix, known) if prefix else [*_USAGE, *sorted(known)]
    found = list(dict.fromkeys([*found, *slash.with_later_word(prefix, known)]))
    if not found:
        return [], "There is no such command; a message that begins with a slash needs two."
    return [Completion(f"/{each}", known[each], _key_of(each, overrides)) for each in found], ""


def _about_setting(label: str) -> str:
    return live_settings.description(live_settings.tunable_name(label))


def _key_of(name: str, overrides: Mapping[str, str] | None) -> str:
    return "" if name == _SET else keys.key_name(name, overrides)


async def complete(chat: ChatScreen) -> None:
    """Complete the command or setting name as far as all suggestions agree."""
    line = chat.input.text
    suggested = [each.word for each in suggestions(line)[0]]
    command, space, argument = line.partition(" ")
    prefix = argument if space else command
    matches = [word for word in suggested if word.startswith(prefix.casefold())]
    matches = matches or (suggested if len(suggested) == 1 else [])
    completed = slash.common_prefix(prefix, matches)
    takes_more = len(matches) == 1 and (bool(space) or completed[1:] in _WITH_ARGUMENTS)
    chat.input.put(f"{command} {completed}" if space else completed)
    if takes_more:
        chat.input.insert(" ")
