"""Commands that are written: those of the palette by their ids, and ``/set``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from rpterm import slash
from rpterm.tui import keys
from rpterm.types import RptermError

if TYPE_CHECKING:
    from rpterm.tui.screens.chat.screen import ChatScreen

_SET = "set"
_OF_A_TURN = frozenset(("branch-here", "regenerate-here", "continue-here"))
"""Those that mean the selected turn: nothing is selected while one writes."""
_ABOUT = {
    _SET: "NAME VALUE changes a setting; the value default sets it back.",
    "note": "[TEXT] writes the author's note; - alone clears it.",
    "rename": "[TITLE] renames this chat.",
    "export-chat": "[md|jsonl|log] [FILE] writes this chat into a file; alone it asks.",
    "world": "[NAME] lets the character know a world, or no longer; chat: NAME this chat alone, "
    "and WHO: NAME another one. Alone it lists them.",
}
"""What may stand behind a command, and what it does then."""


@cache
def names() -> dict[str, str]:
    """Every command that can be written, with what it does."""
    written = {
        key.id: key.description for key in keys.KEYS if key.palette and key.id not in _OF_A_TURN
    }
    return {**written, **_ABOUT}


async def written(chat: ChatScreen) -> bool:
    """Whether a command is written; it is carried out."""
    line = chat.input.whole.strip()
    if commanded := slash.is_command(line):
        await run(chat, line)
    return commanded


async def run(chat: ChatScreen, line: str) -> None:
    """Carry out a line that begins with a slash; it stays in the input when it is no command."""
    name, rest = slash.split(line)
    if name not in names():
        finds = keys.shown("palette", chat.settings.keys)
        chat.say(slash.unknown(name, names(), f"{finds} finds them all."))
    elif rest and name in _WITH_WORDS:
        await _with_words(chat, line, name, rest)
    elif rest:
        chat.say(f"/{name} stands alone: {names()[name]}")
    else:
        chat.input.put("")
        await chat.run_action(f"app.command('{'settings' if name == _SET else name}')")


async def _with_words(chat: ChatScreen, line: str, name: str, rest: str) -> None:
    """Carry out a command with what stands behind it; it comes back when it cannot be done."""
    chat.input.put("")  # Before anything is waited for: another Enter would run it again.
    try:
        await _WITH_WORDS[name](chat, rest)
    except RptermError:
        if chat.input.empty:
            chat.input.put(line)
        raise


async def _set(chat: ChatScreen, rest: str) -> None:
    from rpterm.tui.screens.chat import tuning

    name, value = slash.setting(rest)
    await (tuning.put(chat, name, value) if value else tuning.tell(chat, name))


async def _note(chat: ChatScreen, rest: str) -> None:
    from rpterm.tui.screens.chat import chats

    if (session := chat.session) is not None:
        note = (await chat.ask(lambda: session.chat)).note
        await chats.keep_note(chat, session, replace(note, text=slash.words(rest)))


async def _rename(chat: ChatScreen, rest: str) -> None:
    from rpterm.tui.screens.chat import replies

    if (session := chat.session) is not None:
        await chat.ask(session.rename, rest)
        await replies.resync(chat)


async def _export(chat: ChatScreen, rest: str) -> None:
    from rpterm.transfer import chat_export
    from rpterm.tui.screens.chat import files

    await files.export(chat, *chat_export.parse_arguments(rest))


async def _world(chat: ChatScreen, rest: str) -> None:
    from rpterm.tui.screens.chat import lore

    await lore.turn(chat, rest)


_WITH_WORDS: dict[str, Callable[[ChatScreen, str], Awaitable[None]]] = {
    _SET: _set, "note": _note, "rename": _rename, "world": _world, "export-chat": _export,
}  # fmt: skip


# Completion ------------------------------------------------------------------------------------
def offered(line: str) -> tuple[list[str], str]:
    """What may be about to be written, and what it does where that is clear or there is none."""
    name, space, rest = line[1:].partition(" ")
    if not space:
        known = names()
        found = slash.beginning(name, known)
        found += [each for each in slash.within(name, known) if each not in found]
        if not found:
            return [], "No command is called so; a message that begins with a slash needs two."
        return [f"/{each}" for each in found], known[found[0]] if len(found) == 1 else ""
    if name.casefold() == _SET and (found := _settings(rest.partition(" ")[0])):
        return found, _of_setting(found[0]) if len(found) == 1 else ""
    about = names().get(name.casefold())
    return ([f"/{name}"], about) if about else ([], "There is no such command.")


async def complete(chat: ChatScreen) -> None:
    """Write on as far as what may be meant goes on alike."""
    line = chat.input.text
    words, _ = offered(line)
    head, space, rest = line.partition(" ")
    begun = rest if space else head
    going = [word for word in words if word.startswith(begun.casefold())]
    going = going or (words if len(words) == 1 else [])
    found = slash.common(begun, going)
    ends = len(going) == 1 and (bool(space) or found[1:] in _WITH_WORDS)
    chat.input.put(f"{head} {found}" if space else found)
    if ends:
        chat.input.insert(" ")


def _settings(begun: str) -> list[str]:
    """The settings that begin so."""
    from rpterm.tuning import NAMES

    return slash.beginning(begun, (name.removeprefix("sampling.") for name in NAMES))


def _of_setting(label: str) -> str:
    from rpterm.tuning import about, known

    return about(known(label))
