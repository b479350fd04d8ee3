"""Candidates that wait: keeps one, also before another reply starts, or judges those of a duel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rpterm.errors import RptermError
from rpterm.tui.screens.chat import frame, ratings, replies, require
from rpterm.tui.screens.chat.state import ScreenRequest
from rpterm.types import Status, Turn

if TYPE_CHECKING:
    from rpterm.chat.session import Session
    from rpterm.store.judgement_records import Verdict
    from rpterm.tui.screens.chat.screen import ChatScreen


async def keep_marked(chat: ChatScreen) -> None:
    """Keep the marked candidate, or end a duel without a verdict: both stay as swipes."""
    choosing = chat.state.choosing
    if choosing is None:
        return
    if not choosing.blind:
        await _keep(chat, choosing.marked)
    elif not chat.state.busy:
        await _show(chat, choosing.marked)


async def leave_candidates(chat: ChatScreen) -> None:
    """Close the candidates: keep the marked one or, after a comparison, the reply from before."""
    choosing = chat.state.choosing
    if choosing is None or not choosing.compares:
        await keep_marked(chat)
    elif not chat.state.busy:
        await frame.clear_below(chat)
        await replies.refresh_transcript(chat)


async def choose(chat: ChatScreen, turn: Turn) -> None:
    """Keep this candidate, or judge it to be the better one; the others stay as its swipes."""
    choosing = chat.state.choosing
    if choosing is not None and choosing.blind:
        await judge(chat, verdict="left" if turn.id == choosing.sides[0].id else "right")
    else:
        await _keep(chat, turn)


async def _keep(chat: ChatScreen, turn: Turn) -> None:
    if chat.state.busy:
        chat.state.chosen = True
        chat.say("This reply is kept once all of them are complete; Esc stops them now.")
    elif chat.state.choosing is not None:
        await _show(chat, turn)


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


# Duels -----------------------------------------------------------------------------------------
async def judge(chat: ChatScreen, *, verdict: Verdict) -> None:
    """Store the verdict, show the winner, and reveal how each reply was generated."""
    from rpterm.preference.rating import verdict_words

    duel, session = chat.state.choosing, chat.session
    # A second press of the key, while the first verdict is being stored, is no verdict.
    if duel is None or not duel.blind or session is None or chat.state.keeping:
        return
    if chat.state.busy:
        raise require.Refusal("Both replies must be complete before you judge; Esc stops them now.")
    left_turn, right_turn = duel.sides
    if any(turn.status is not Status.COMPLETE for turn in duel.sides):
        chat.say("One reply was stopped, so there is nothing to judge. Both stay as swipes.")
        await _show(chat, duel.marked)
        return
    kept = {"left": left_turn, "right": right_turn}.get(verdict, duel.marked)
    with require.holding(chat):
        await chat.ask(session.rater.duel, left_turn.id, right_turn.id, verdict)
        identities = await chat.ask(_identities, session, left_turn, right_turn)
        await _show(chat, kept)
    await ratings.show_marks(chat)
    chat.say(f"You said: {verdict_words(verdict)}. {identities}", title="Duel")


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
    return differences(left_made, right_made)
