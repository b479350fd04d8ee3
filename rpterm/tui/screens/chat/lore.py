"""The worlds of the chat's own character: choose from those there are, join one, leave one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rpterm.plural import counted
from rpterm.tui.screens.chat import examples, replies
from rpterm.tui.screens.chooser import Choice, Chooser

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from rpterm.cards.card import CharacterCard
    from rpterm.tui.screens.chat.screen import ChatScreen


async def choose_world(chat: ChatScreen) -> None:
    """List the worlds; Enter lets the character know one, or no longer."""
    session = chat.session
    if session is None or replies.occupied(chat):
        return
    at = ""
    while chat.session is session:
        there = await chat.ask(examples.editor_of(chat, session).worlds)
        found = _choices(session.card, there)
        done = await chat.app.push_screen_wait(Chooser(
            f"Worlds that {session.card.char} knows", found, at=at, takes="join or leave",
            overrides=chat.settings.keys,
            empty="There are no worlds yet: rpterm cards import makes one of a lorebook.",
        ))  # fmt: skip
        if done is None or chat.session is not session:
            return
        at = done.id
        await turn(chat, done.id)


async def turn(chat: ChatScreen, name: str) -> None:
    """Let the character know a world, or no longer where it does."""
    session = chat.session
    if session is None or replies.occupied(chat):
        return
    told = await chat.ask(examples.editor_of(chat, session).turn_world, name)
    await examples.written(chat, told)


def _choices(card: CharacterCard, there: Mapping[str, Path]) -> list[Choice]:
    from rpterm.cards.lore.rules import world_name

    named = {world_name(each): each for each in card.worlds}
    known = {**dict.fromkeys(named, None), **there}

    def state(name: str) -> str:
        mine = [each for each in card.lorebook.entries if each.world == named.get(name)]
        return f"✓ known, {counted(len(mine), 'entry', 'entries')}" if name in named else ""

    return [Choice(name, name, str(file or ""), state(name)) for name, file in known.items()]
