"""The worlds of a chat: choose from those there are; join or leave them for a card or for the chat.

The first line of the list says whose worlds are changed: Enter there goes on to the next card, and
behind the last one to the chat itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rpterm.plural import counted
from rpterm.tui.screens.chat import examples, frame, replies
from rpterm.tui.screens.chooser import Choice, Chooser

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from rpterm.chat.session import Session
    from rpterm.tui.screens.chat.screen import ChatScreen

_WHOSE = "\0whose"
"""The choice that says whose worlds they are; no world is called so."""


async def choose_world(chat: ChatScreen) -> None:
    """List the worlds; Enter lets a card or the chat have one, or no longer."""
    from rpterm.cards import worlds
    from rpterm.examples.editor import CHAT
    from rpterm.paths import find

    session = chat.session
    if session is None or replies.occupied(chat):
        return
    at, whose = "", ""
    while chat.session is session:
        targets = _targets(session)
        whose = whose if whose in targets else ""
        editor = examples.editor_of(chat, session)
        there = await chat.ask(editor.worlds, "" if whose == CHAT else whose)
        extra = (await chat.ask(lambda: session.chat)).worlds
        found = _choices(session, there, extra, whose, targets)
        none = "No world matches." if found else worlds.no_worlds_hint(find().characters)
        done = await chat.app.push_screen_wait(Chooser(
            f"Worlds of {targets[whose]}", found, at=at or next((c.id for c in found[1:]), ""),
            takes="join or leave", overrides=chat.settings.keys, empty=none,
        ))  # fmt: skip
        if done is None or chat.session is not session:
            return
        at = done.id
        if done.id == _WHOSE:
            whose = _next(targets, whose)
        else:
            await _turned(chat, await chat.ask(editor.turn_world, done.id, whose), whose)


async def turn(chat: ChatScreen, words: str) -> None:
    """Carry out the command: join a world that is named there, or leave it."""
    session = chat.session
    if session is None or replies.occupied(chat):
        return
    editor = examples.editor_of(chat, session)
    whose, world = editor.aimed(words)
    await _turned(chat, await chat.ask(editor.turn_world, world, whose), whose)


async def _turned(chat: ChatScreen, told: str, whose: str) -> None:
    from rpterm.examples.editor import CHAT

    if whose != CHAT:
        await examples.written(chat, told, whose)
    elif chat.session is not None:
        await frame.card_changed(chat, chat.session.card, told, title="This chat")
        await examples.refreshed(chat)


def _targets(session: Session) -> dict[str, str]:
    """Whose worlds may be changed, and how they are called."""
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
    session: Session, there: Mapping[str, Path], extra: tuple[str, ...], whose: str,
    targets: Mapping[str, str],
) -> list[Choice]:  # fmt: skip
    from rpterm.cards.lore.rules import world_name
    from rpterm.examples.editor import CHAT

    lead = session.scene.lead
    seats = {name: session.scene.seat(name) if name else lead for name in targets if name != CHAT}
    known = {name: _short(seat.card.worlds) for name, seat in seats.items()} | {CHAT: _short(extra)}
    gone = {each.source for seat in seats.values() for each in seat.prompter.lost}

    def size(world: str) -> str:
        books = [seat.card.lorebook.entries for seat in seats.values()]
        most = max(sum(world_name(entry.world) == world for entry in book) for book in books)
        return counted(most, "entry", "entries")

    def state(world: str) -> str:
        owners = [targets[name] for name in targets if world in known[name]]
        mine = "✓ " if world in known[whose] else ""
        about = "cannot be read" if f"world:{world}" in gone else size(world)
        return f"{mine}{', '.join(owners)} · {about}" if owners else ""

    listed = {**dict.fromkeys((*known[whose], *known[CHAT]), None), **there}
    if not listed:
        return []
    first = Choice(
        _WHOSE, f"For {targets[whose]}", f"⏎ goes on to {targets[_next(targets, whose)]}"
    )
    return [first, *(Choice(n, n, str(file or ""), state(n)) for n, file in listed.items())]


def _short(names: Iterable[str]) -> list[str]:
    from rpterm.cards.lore.rules import world_name

    return [world_name(each) for each in names]
