"""Ends a duel in the chat: a verdict, and only then which reply was made how; or no verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rpterm.tui.screens.chat import frame, ratings, replies, require
from rpterm.tui.widgets.duel import DuelView
from rpterm.types import Status, Turn

if TYPE_CHECKING:
    from rpterm.chat.session import Session
    from rpterm.store.judgement_records import Verdict
    from rpterm.tui.screens.chat.screen import ChatScreen


async def judge(chat: ChatScreen, *, verdict: Verdict) -> None:
    """Store the verdict, show the winner, and reveal how each reply was generated."""
    from rpterm.preference.rating import verdict_words

    duel, session = chat.state.choosing, chat.session
    # A second press of the key, while the first verdict is being stored, is no verdict.
    if not isinstance(duel, DuelView) or session is None or chat.state.keeping:
        return
    if chat.state.busy:
        raise require.Refusal("Both replies must be complete before you judge; Esc stops them now.")
    left_turn, right_turn = duel.sides
    if any(turn.status is not Status.COMPLETE for turn in duel.sides):
        chat.say("One reply was stopped, so there is nothing to judge. Both stay as swipes.")
        await leave(chat)
        return
    kept = {"left": left_turn, "right": right_turn}.get(verdict, duel.marked)
    with require.holding(chat):
        await chat.ask(session.rater.duel, left_turn.id, right_turn.id, verdict)
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
