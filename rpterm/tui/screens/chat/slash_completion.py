"""Slash commands in the input: their names and arguments, and completion while one is written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING

from rpterm.chat import live_settings, slash
from rpterm.tui import keys
from rpterm.tui.widgets.hints import Completion

if TYPE_CHECKING:
    from rpterm.tui.screens.chat.screen import ChatScreen


SET = "set"


_SELECTED_TURN_COMMANDS = frozenset(("branch-here", "regenerate-here", "continue-here"))
"""Not available here: no turn is selected while the user writes."""


USAGE = {
    SET: "NAME VALUE changes a setting; the value default resets it.",
    "regenerate": "[HINT] generates another reply, with a hint for it (shorter, she is angry).",
    "note": "[TEXT] writes the author's note; - alone clears it.",
    "persona": "[NAME: DESCRIPTION] says who you are; alone it lists your personas.",
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
    return {**{key.id: key.description for key in available}, **USAGE}


def command_of(name: str) -> str:
    """The command that a user means: by its id, or by another name that only this one has."""
    spoken = name.replace("-", " ")
    found = [each for each in _by_key() if spoken in keys.spoken_names(keys.BY_ID[each])]
    return found[0] if name not in names() and len(found) == 1 else name


def _by_key() -> Iterable[str]:
    return (name for name in names() if name != SET)


def suggestions(line: str, overrides: Mapping[str, str]) -> tuple[list[Completion], str]:
    """The possible completions of a line; if there are none, the reason."""
    name, space, arguments = line[1:].partition(" ")
    if not space:
        return _command_names(name, overrides)
    if name.casefold() == SET:
        labels = (each.removeprefix("sampling.") for each in live_settings.NAMES)
        if found := slash.starting_with(arguments.partition(" ")[0], labels):
            return [Completion(each, _about_setting(each)) for each in found], ""
    command = command_of(name.casefold())
    if command not in names():
        return [], "There is no such command."
    return [Completion(f"/{name}", names()[command])], ""


def _command_names(prefix: str, overrides: Mapping[str, str]) -> tuple[list[Completion], str]:
    """Commands by the beginning of a word; without one, those that take arguments come first."""
    known = names()
    found = _by_name(prefix) if prefix else dict.fromkeys([*USAGE, *sorted(known)])
    if not found:
        return [], "There is no such command; a message that begins with a slash needs two."
    return [Completion(f"/{each}", known[each], _key_of(each, overrides)) for each in found], ""


def _by_name(prefix: str) -> Iterable[str]:
    """The command of exactly this name, then by the beginning of a word of the id, or of a name."""
    known, spoken = names(), prefix.casefold().replace("-", " ")
    exact = [each for each in (command_of(prefix.casefold()),) if each in known]
    by_word = [*slash.starting_with(prefix, known), *slash.with_later_word(prefix, known)]
    others = [
        each
        for each in sorted(_by_key())
        if any(name.startswith(spoken) for name in keys.spoken_names(keys.BY_ID[each]))
    ]
    return dict.fromkeys([*exact, *by_word, *others])


def _about_setting(label: str) -> str:
    return live_settings.description(live_settings.tunable_name(label))


def _key_of(name: str, overrides: Mapping[str, str]) -> str:
    return "" if name == SET else keys.key_name(name, overrides)


def take(chat: ChatScreen, word: str) -> None:
    """A completion was clicked: run the command, or write it down if it takes arguments."""
    name = word.removeprefix("/")
    is_setting = name == word
    chat.input.put(f"/{SET} {word} " if is_setting else f"{word} " if name in USAGE else word)
    chat.input.focus()
    if not is_setting and name not in USAGE:
        chat.command("send")


async def complete(chat: ChatScreen) -> None:
    """Complete the command or setting name as far as all suggestions agree."""
    line = chat.input.text
    suggested = [each.word for each in suggestions(line, chat.settings.keys)[0]]
    command, space, argument = line.partition(" ")
    prefix = argument if space else command
    matches = [word for word in suggested if word.startswith(prefix.casefold())]
    matches = matches or (suggested if len(suggested) == 1 else [])
    completed = slash.common_prefix(prefix, matches)
    takes_more = len(matches) == 1 and (bool(space) or completed[1:] in USAGE)
    chat.input.put(f"{command} {completed}" if space else completed)
    if takes_more:
        chat.input.insert(" ")
