"""Candidates that wait for a choice: keeps one, also before another reply starts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rpterm.errors import RptermError
from rpterm.tui.screens.chat import duel_verdicts, frame, replies, require
from rpterm.tui.screens.chat.state import ScreenRequest
from rpterm.types import Turn

if TYPE_CHECKING:
    from rpterm.tui.screens.chat.screen import ChatScreen


async def keep_marked(chat: ChatScreen) -> None:
    """Keep the marked candidate, or end a duel without a verdict."""
    if chat.state.choosing is None:
        return
    if chat.state.choosing.blind:
        await duel_verdicts.leave(chat)
    else:
        await keep_candidate(chat, chat.state.choosing.marked)


async def leave_candidates(chat: ChatScreen) -> None:
    """Close the candidates: keep the marked one or, after a comparison, the reply from before."""
    from rpterm.tui.widgets.example_comparison import ExampleComparison

    if not isinstance(chat.state.choosing, ExampleComparison):
        await keep_marked(chat)
    elif not chat.state.busy:
        await frame.clear_below(chat)
        await replies.refresh_transcript(chat)


async def keep_candidate(chat: ChatScreen, turn: Turn) -> None:
    """Keep this candidate; the others stay as its swipes."""
    if chat.state.choosing is not None and chat.state.choosing.blind:
        await duel_verdicts.choose(chat, turn)
        return
    if chat.state.busy:
        chat.state.chosen = True
        chat.say("This reply is kept once all of them are complete; Esc stops them now.")
        return
    if chat.session is not None and chat.state.choosing is not None:
        await chat.ask(chat.session.select, turn.id)
        await frame.clear_below(chat)
        await replies.refresh_transcript(chat)
        chat.input.focus()


async def start_after_choice(chat: ChatScreen, request: ScreenRequest) -> None:
    """Start a reply, after keeping the marked candidate if candidates wait."""
    try:
        if chat.state.choosing is not None:
            with require.holding(chat):
                await leave_candidates(chat)
    except RptermError:
        replies.restore_message(chat, request)
        raise
    await replies.start(chat, request)
