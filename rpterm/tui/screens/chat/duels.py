"""Duels in the chat: two blind replies, a verdict, and only then which reply was made how."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from rpterm.tui.screens.chat import frame, ratings, replies, require, sending
from rpterm.tui.screens.chat.state import ScreenRequest
from rpterm.tui.widgets.duel import DuelView
from rpterm.types import Intent, Status, Turn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rpterm.chat.session import Session
    from rpterm.store.judgement_records import Verdict
    from rpterm.tui.screens.chat.screen import ChatScreen


async def begin(chat: ChatScreen) -> None:
    """Start a duel: two replies to the draft, or to the last turn if there is none."""
    if chat.input.full_text.strip() and chat.transcript.selected is None:
        await sending.send_text(chat, ScreenRequest(candidates=2, duel=True))
        return
    require.idle(chat)
    if chat.state.choosing is not None:
        await replies.keep_marked(chat)
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


async def judge(chat: ChatScreen, *, verdict: Verdict) -> None:
    """Store the verdict, show the winner, and reveal how each reply was generated."""
    from rpterm.preference.rating import verdict_words

    duel, session = chat.state.choosing, chat.session
    if not isinstance(duel, DuelView) or session is None:
        return
    if chat.state.busy:
        raise require.Refusal("Both replies must be complete before you judge; Esc stops them now.")
    left_turn, right_turn = duel.sides
    if any(turn.status is not Status.COMPLETE for turn in duel.sides):
        chat.say("One reply was stopped, so there is nothing to judge. Both stay as swipes.")
        await leave(chat)
        return
    await chat.ask(session.rater.duel, left_turn.id, right_turn.id, verdict)
    kept = {"left": left_turn, "right": right_turn}.get(verdict, duel.marked)
    identities = await chat.ask(_identities, session, left_turn, right_turn)
    await _show(chat, kept)
    await ratings.show_marks(chat)
    chat.say(f"You said: {verdict_words(verdict)}. {identities}", title="Duel")


async def leave(chat: ChatScreen) -> None:
    """End the duel without a verdict; both replies stay as swipes."""
    duel = chat.state.choosing
    if isinstance(duel, DuelView) and not chat.state.busy:
        await _show(chat, duel.marked)


async def choose(chat: ChatScreen, turn: Turn) -> None:
    """Judge the clicked reply to be the better one."""
    duel = chat.state.choosing
    if isinstance(duel, DuelView):
        await judge(chat, verdict="left" if turn.id == duel.sides[0].id else "right")


async def review(chat: ChatScreen) -> None:
    """Open the review, in which replies of all chats are rated one after the other."""
    from rpterm.tui.screens.review import ReviewScreen

    session = require.session(chat)
    await chat.app.push_screen_wait(ReviewScreen(session.store, chat.settings, card=session.card))
    await ratings.show_marks(chat)


async def _show(chat: ChatScreen, turn: Turn) -> None:
    session = chat.session
    if session is not None and turn.id > 0:
        await chat.ask(session.select, turn.id)
    await frame.clear_below(chat)
    await replies.refresh_transcript(chat)
    chat.input.focus()


def _identities(session: Session, left_turn: Turn, right_turn: Turn) -> str:
    """A sentence about what was different in how the two replies were generated."""
    from rpterm.dueling.contender import differences

    left_made = session.store.generation(left_turn.id)
    right_made = session.store.generation(right_turn.id)
    if left_made is None or right_made is None:
        return ""
    left_words, right_words = differences(left_made, right_made)
    return f"Left was {left_words}; right was {right_words}."
