"""The way to a turn, in this chat or another one, and back: for memories and for what was found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rpterm.tui.screens.chat import opening, turns

if TYPE_CHECKING:
    from rpterm.tui.screens.chat.screen import ChatScreen

_ABOVE = 3
"""Turns loaded above the one that is shown."""


async def go(chat: ChatScreen, chat_id: int, turn_id: int) -> None:
    """Show a turn, opening its chat where that is another one."""
    session = chat.session
    if session is None or chat_id == session.chat_id:
        await _reveal(chat, turn_id)
        return
    if chat.state.busy:
        chat.say("Still writing: Esc stops the reply first.")
        return
    chat.came_from, chat.going_to = (session.chat_id, chat.state.prompt), turn_id
    await opening.switch(chat, None, chat_id)


async def arrived(chat: ChatScreen) -> None:
    """Another chat is open: if one went there for a turn, show it."""
    turn_id, chat.going_to = chat.going_to, 0
    if turn_id:
        await _reveal(chat, turn_id)
        chat.say("Alt+← goes back to the chat you came from.")


async def back(chat: ChatScreen) -> None:
    """Back to the chat from which one came for a turn."""
    (chat_id, prompt), chat.came_from = chat.came_from, (0, None)
    if not chat_id or chat.session is None or chat_id == chat.session.chat_id:
        chat.say("There is nothing to go back to.")
        return
    await opening.switch(chat, None, chat_id)
    chat.state.prompt = chat.state.recalled = prompt


async def _reveal(chat: ChatScreen, turn_id: int) -> None:
    """Select a turn of the branch shown, loading the turns above it where needed."""
    session = chat.session
    if session is None:
        return
    if chat.transcript.view(turn_id) is None:
        path = await chat.ask(session.path)
        ids = [turn.id for turn in path]
        loaded = [turn.id for turn in chat.transcript.turns if turn.id > 0]
        if turn_id not in ids or not loaded:
            chat.say("That turn is on a branch that is not shown: F8 has all branches.")
            return
        start = max(0, ids.index(turn_id) - _ABOVE)
        end = ids.index(loaded[0]) if loaded[0] in ids else len(ids)
        await chat.transcript.prepend(path[start:end], more=start > 0)
    view = chat.transcript.view(turn_id)
    if view is not None:
        if chat.panes.covers:
            chat.panes.close_last()
        chat.transcript.release_anchor()
        chat.call_after_refresh(turns.pick, chat, view.turn)
