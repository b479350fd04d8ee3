"""The duel of the chat: two blind replies, a verdict, and only then which was which."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from rpterm.tui.screens.chat import frame, ratings, replies, sending
from rpterm.tui.screens.chat.state import ScreenRequest
from rpterm.tui.widgets.duel import DuelView
from rpterm.types import Intent, Status, Turn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rpterm.chat.session import Session
    from rpterm.store.judgement_records import Verdict
    from rpterm.tui.screens.chat.screen import ChatScreen


async def begin(chat: ChatScreen) -> None:
    """Two replies to what is written, or else to what was said last."""
    if chat.input.whole.strip() and chat.transcript.selected is None:
        await sending.send_text(chat, ScreenRequest(candidates=2, duel=True))
        return
    if replies.refuse_while_busy(chat):
        return
    if chat.state.choosing is not None:
        await replies.keep_marked(chat)
    turn = replies.target_turn(chat)
    if turn is None or (turn.role == "assistant" and turn.parent_id is None):
        chat.say("Write something first: a duel is between two replies to it.")
        return
    if turn.role == "user" and turn is not replies.last_turn(chat) and chat.session is not None:
        await chat.ask(chat.session.branch, turn.id)
    chat.input.focus()
    turn_id = turn.id if turn.role == "assistant" else None
    await replies.start(
        chat, ScreenRequest(Intent.REGENERATE, turn_id=turn_id, candidates=2, duel=True)
    )


def duel_view(turns: Sequence[Turn]) -> DuelView:
    """Both in a frame, on sides drawn by lot."""
    first = secrets.randbelow(2)
    return DuelView(turns, (first, 1 - first))


async def left(chat: ChatScreen) -> None:
    """The left one is better."""
    await judge(chat, "left")


async def right(chat: ChatScreen) -> None:
    """The right one is better."""
    await judge(chat, "right")


async def tie(chat: ChatScreen) -> None:
    """Both are equally good."""
    await judge(chat, "tie")


async def both_bad(chat: ChatScreen) -> None:
    """Neither is any good."""
    await judge(chat, "both_bad")


async def judge(chat: ChatScreen, verdict: Verdict) -> None:
    """Store the verdict, show the winner, and tell who was who."""
    from rpterm.preference.rating import verdict_words

    duel, session = chat.state.choosing, chat.session
    if not isinstance(duel, DuelView) or session is None:
        return
    if chat.state.busy:
        chat.say("Judge when both are written; Esc stops them now.")
        return
    one, other = duel.sides
    if any(turn.status is not Status.COMPLETE for turn in duel.sides):
        chat.say("One of them was stopped, so there is nothing to judge. Both stay as swipes.")
        await leave(chat)
        return
    await chat.ask(session.rater.duel, one.id, other.id, verdict)
    kept = {"left": one, "right": other}.get(verdict, duel.marked)
    told = await chat.ask(_identities, session, one, other)
    await _show(chat, kept)
    await ratings.show_marks(chat)
    chat.say(f"You said: {verdict_words(verdict)}. {told}", title="Duel")


async def leave(chat: ChatScreen) -> None:
    """Undecided: both stay as swipes."""
    duel = chat.state.choosing
    if isinstance(duel, DuelView) and not chat.state.busy:
        await _show(chat, duel.marked)


async def choose(chat: ChatScreen, turn: Turn) -> None:
    """One of them was clicked: it is the better one."""
    duel = chat.state.choosing
    if isinstance(duel, DuelView):
        await judge(chat, "left" if turn.id == duel.sides[0].id else "right")


async def review(chat: ChatScreen) -> None:
    """Rate replies one after the other, in all chats."""
    from rpterm.tui.screens.review import ReviewScreen

    session = chat.session
    if session is None:
        chat.say("The chat is still opening.")
        return
    await chat.app.push_screen_wait(ReviewScreen(session.store, chat.settings, card=session.card))
    await ratings.show_marks(chat)


async def _show(chat: ChatScreen, turn: Turn) -> None:
    session = chat.session
    if session is not None and turn.id > 0:
        await chat.ask(session.select, turn.id)
    await frame.clear_below(chat)
    await replies.refresh_transcript(chat)
    chat.input.focus()


def _identities(session: Session, one: Turn, other: Turn) -> str:
    from rpterm.dueling.contender import differences

    made = session.store.generation(one.id), session.store.generation(other.id)
    if made[0] is None or made[1] is None:
        return ""
    first, second = differences(made[0], made[1])
    return f"Left was {first}; right was {second}."
