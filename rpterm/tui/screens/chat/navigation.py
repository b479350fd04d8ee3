"""Jumps to a turn in this chat or another one, and back; used by memories and search hits.

A jump may show another branch, which is not recorded as a preference of the user.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from rpterm.tui.screens.chat import frame, opening, replies, require, turns

if TYPE_CHECKING:
    from rpterm.chat.session import Session
    from rpterm.tui.screens.chat.screen import ChatScreen
    from rpterm.types import Prompt

_ABOVE = 3
"""How many turns are loaded above the turn that is jumped to."""


class Location(NamedTuple):
    """Where a jump started.

    Attributes:
        leaf_id: The last turn of the shown branch; ``None`` in an empty chat.
        prompt: The last prompt that was sent there.
    """

    chat_id: int
    leaf_id: int | None
    prompt: Prompt | None


async def go_to_turn(chat: ChatScreen, chat_id: int, turn_id: int) -> None:
    """Show a turn, after opening its chat if it is another one."""
    session = chat.session
    if session is None or chat_id == session.chat_id:
        await _reveal(chat, turn_id)
    else:
        require.idle(chat)
        chat.came_from.append(await _here(chat, session))
        chat.going_to = chat_id, turn_id
        await opening.switch_chat(chat, None, chat_id)


async def show_pending_turn(chat: ChatScreen) -> None:
    """After another chat was opened: show the turn that a jump led to, if any."""
    target, chat.going_to = chat.going_to, None
    if target is not None and chat.session is not None and chat.session.chat_id == target[0]:
        await _reveal(chat, target[1])
        chat.say(f"{chat.key_name('go-back')} goes back to the chat you came from.")


async def go_back(chat: ChatScreen) -> None:
    """Go back to the chat or branch where the last jump started."""
    session = chat.session
    if session is None or not chat.came_from:
        raise require.Refusal("There is nothing to go back to.")
    require.idle(chat)
    place = chat.came_from.pop()
    if place.chat_id != session.chat_id:
        await opening.switch_chat(chat, None, place.chat_id)
        chat.state.prompt = chat.state.recalled = place.prompt
    elif place.leaf_id is not None:
        await show_branch(chat, session.show, place.leaf_id)
        chat.transcript.scroll_to_end()


async def _here(chat: ChatScreen, session: Session) -> Location:
    shown = await chat.ask(lambda: session.chat)
    return Location(shown.id, shown.leaf_id, chat.state.prompt)


async def show_branch(chat: ChatScreen, show: Callable[[int], None], turn_id: int) -> None:
    """Show the branch through a turn.

    Args:
        show: ``Session.select``, or ``Session.show`` to record no preference.
    """
    await chat.ask(show, turn_id)
    await frame.clear_below(chat)
    await replies.refresh_transcript(chat)


async def _reveal(chat: ChatScreen, turn_id: int) -> None:
    """Select a turn, after showing its branch and loading the turns above it if needed."""
    if chat.session is not None:
        await _load_turn(chat, chat.session, turn_id)
    if (view := chat.transcript.view(turn_id)) is not None:
        if chat.panes.covers:
            chat.panes.close_last()
        chat.transcript.release_anchor()
        chat.call_after_refresh(turns.select, chat, view.turn)


async def _load_turn(chat: ChatScreen, session: Session, turn_id: int) -> None:
    """Load a turn into the transcript, with the turns below it."""
    if chat.transcript.view(turn_id) is not None:
        return
    path = await chat.ask(session.path)
    if all(turn.id != turn_id for turn in path):
        require.idle(chat)
        chat.came_from.append(await _here(chat, session))
        await show_branch(chat, session.show, turn_id)
        chat.say(f"This is another branch. {chat.key_name('go-back')} goes back to the one before.")
        path = await chat.ask(session.path)
    ids = [turn.id for turn in path]
    first = next((turn.id for turn in chat.transcript.turns if turn.id in ids), None)
    start, end = max(0, ids.index(turn_id) - _ABOVE), ids.index(first) if first else len(ids)
    if start < end:
        await chat.transcript.prepend(path[start:end], more=start > 0)
