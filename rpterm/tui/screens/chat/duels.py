"""Duels in the chat: begins one, and opens the review; ``duel_verdicts`` ends one."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from rpterm.tui.screens.chat import candidates, ratings, replies, require, sending
from rpterm.tui.screens.chat.state import ScreenRequest
from rpterm.tui.widgets.duel import DuelView
from rpterm.types import Intent, Turn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rpterm.tui.screens.chat.screen import ChatScreen


async def begin(chat: ChatScreen) -> None:
    """Start a duel: two replies to the draft, or to the last turn if there is none."""
    if chat.input.full_text.strip() and chat.transcript.selected is None:
        await sending.send_text(chat, ScreenRequest(candidates=2, duel=True))
        return
    require.idle(chat)
    if chat.state.choosing is not None:
        await candidates.keep_marked(chat)
    turn = replies.target_turn(chat)
    if turn is None or (turn.role == "assistant" and turn.parent_id is None):
        raise require.Refusal("Write something first: a duel compares two replies to it.")
    if turn.role == "user" and turn is not replies.last_turn(chat) and chat.session is not None:
        await chat.ask(chat.session.branch, turn.id)
    chat.input.focus()
    turn_id = turn.id if turn.role == "assistant" else None
    await replies.start(
        chat, ScreenRequest(Intent.REGENERATE, turn_id=turn_id, candidates=2, duel=True)
    )


def duel_view(turns: Sequence[Turn]) -> DuelView:
    """A view of both replies, on randomly chosen sides."""
    left_index = secrets.randbelow(2)
    return DuelView(turns, (left_index, 1 - left_index))


async def review(chat: ChatScreen) -> None:
    """Open the review, in which replies of all chats are rated one after the other."""
    from rpterm.preference.review_queue import Filter
    from rpterm.tui.screens.review import ReviewScreen

    session = require.session(chat)
    wanted = Filter(card=session.card.name)
    await chat.app.push_screen_wait(ReviewScreen(session.store, wanted))
    await ratings.show_marks(chat)
