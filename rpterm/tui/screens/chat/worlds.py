"""The list of worlds: add them to a character's card or to the chat alone, or remove them.

The first line of the list says whose worlds are shown. Enter there moves on to the next
character, and after the last one to the chat itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rpterm.humanize import counted
from rpterm.tui.screens.chat import changes, examples, files, require
from rpterm.tui.screens.chooser import Choice, Chooser

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from rpterm.chat.session import Session
    from rpterm.tui.screens.chat.screen import ChatScreen

_WHOSE = "\0whose"
"""The id of the choice that says whose worlds are shown; no world can have this name."""


async def choose_world(chat: ChatScreen) -> None:
    """Show the list of worlds; Enter adds one to the card or the chat, or removes it."""
    from rpterm.examples.editor import CHAT

    session = require.session(chat)
    require.idle(chat)
    at, whose = "", ""
    while chat.session is session:
        targets = _targets(session)
        whose = whose if whose in targets else ""
        editor = examples.editor_of(chat, session)
        available = await chat.ask(editor.worlds, "" if whose == CHAT else whose)
        extra = (await chat.ask(lambda: session.chat)).worlds
        found = _choices(session, available, extra, whose, targets)
        none = "No world matches." if found else _how_to_start(chat)
        done = await chat.app.push_screen_wait(Chooser(
            f"Worlds of {targets[whose]}", found, at=at or next((c.id for c in found[1:]), ""),
            takes="join or leave", empty=none, actions=("list-new",),
        ))  # fmt: skip
        if done is None or chat.session is not session:
            return
        at = done.id or at
        if done.id == _WHOSE:
            whose = _next(targets, whose)
        elif done.action == "open":
            await _show_change(chat, await chat.ask(editor.toggle_world, done.id, whose), whose)
        elif name := await files.write_world(chat):
            at = name
            await _show_change(chat, await chat.ask(editor.toggle_world, name, whose), whose)


def _how_to_start(chat: ChatScreen) -> str:
    return (
        "There are no worlds yet. A world is lore that several characters share: "
        f"{chat.key_name('list-new')} starts one, and importing a lorebook creates one."
    )


async def toggle_world(chat: ChatScreen, arguments: str) -> None:
    """Run ``/world``: add the named world, or remove it."""
    editor = examples.editor_of(chat, require.session(chat))
    require.idle(chat)
    whose, world = editor.parse_target(arguments)
    await _show_change(chat, await chat.ask(editor.toggle_world, world, whose), whose)


async def _show_change(chat: ChatScreen, summary: str, whose: str) -> None:
    from rpterm.examples.editor import CHAT

    if whose != CHAT:
        await examples.card_written(chat, summary, whose)
    elif chat.session is not None:
        await changes.card_changed(chat, chat.session.card, summary, title="This chat")
        await examples.examples_changed(chat)


def _targets(session: Session) -> dict[str, str]:
    """Whose worlds can be changed: card names ("" is the chat's own), and the names to show."""
    from rpterm.examples.editor import CHAT

    _, *others = session.scene.present
    return {
        "": session.card.char,
        **{member.card_name: member.speaker for member in others},
        CHAT: "this chat alone",
    }


def _next(targets: Mapping[str, str], whose: str) -> str:
    names = list(targets)
    return names[(names.index(whose) + 1) % len(names)]


def _choices(
    session: Session, available: Mapping[str, Path], extra: tuple[str, ...], whose: str,
    targets: Mapping[str, str],
) -> list[Choice]:  # fmt: skip
    from rpterm.cards.lore.rules import world_name
    from rpterm.examples.editor import CHAT

    lead = session.scene.lead
    actors = {name: session.scene.actor(name) if name else lead for name in targets if name != CHAT}
    known = {name: _short(actor.card.worlds) for name, actor in actors.items()} | {
        CHAT: _short(extra)
    }
    unreadable = {
        each.source for actor in actors.values() for each in actor.prompter.unreadable_worlds
    }

    def size(world: str) -> str:
        books = [actor.card.lorebook.entries for actor in actors.values()]
        most = max(sum(world_name(entry.world) == world for entry in book) for book in books)
        return counted(most, "entry", "entries")

    def state(world: str) -> str:
        owners = [targets[name] for name in targets if world in known[name]]
        mine = "✓ " if world in known[whose] else ""
        about = "cannot be read" if f"world:{world}" in unreadable else size(world)
        return f"{mine}{', '.join(owners)} · {about}" if owners else ""

    listed = {**dict.fromkeys((*known[whose], *known[CHAT]), None), **available}
    if not listed:
        return []
    first = Choice(
        _WHOSE, f"For {targets[whose]}", f"⏎ goes on to {targets[_next(targets, whose)]}"
    )
    return [first, *(Choice(n, n, str(file or ""), state(n)) for n, file in listed.items())]


def _short(names: Iterable[str]) -> list[str]:
    from rpterm.cards.lore.rules import world_name

    return [world_name(each) for each in names]
