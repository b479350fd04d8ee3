"""The rating commands of the chat: stars, thumbs, tags, flags, undo, review, consent to export.

A command on a reply acts on the selected one or else on the last one. What a judgement means is
defined in ``rpterm.preference.rating``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rpterm.tui.screens.chat import replies, require
from rpterm.types import Turn

if TYPE_CHECKING:
    from rpterm.preference.rating import Rater
    from rpterm.tui.screens.chat.screen import ChatScreen


async def stars(chat: ChatScreen, *, n: int) -> None:
    """Give ``n`` stars."""
    rater, turn = _rater_and_reply(chat)
    await chat.ask(rater.stars, turn.id, n)
    await show_marks(chat)


async def thumb(chat: ChatScreen, *, up: bool) -> None:
    """Give a thumb up or down."""
    rater, turn = _rater_and_reply(chat)
    await chat.ask(rater.thumb, turn.id, up)
    await show_marks(chat)
    if chat.transcript.selected is None:
        select_key, undo_key = chat.key_name("select-previous"), chat.key_name("unrate")
        rating = "good ▲" if up else "bad ▼"
        chat.say(f"The last reply is rated {rating}. {select_key}, then {undo_key} undoes it.")


async def tags(chat: ChatScreen) -> None:
    """Rate aspects of a reply as good or bad."""
    from rpterm.tui.screens.tags import TagScreen

    rater, turn = _rater_and_reply(chat)
    await chat.ask(rater.require_complete, turn.id)  # Fail before the user has entered anything.
    mark = await chat.ask(rater.mark, turn.id)
    done = await chat.app.push_screen_wait(TagScreen(mark))
    if done is not None:
        await chat.ask(rater.change, turn.id, mark, done)
        await show_marks(chat)


async def flag(chat: ChatScreen) -> None:
    """Flag a reply, or a part of it, with a reason."""
    from rpterm.tui.screens.flag import FlagScreen

    rater, turn = _rater_and_reply(chat)
    # Fail before the user has entered anything.
    turn = await chat.ask(rater.require_complete, turn.id)
    done = await chat.app.push_screen_wait(FlagScreen(turn.text))
    if done is not None:
        await chat.ask(rater.flag, turn.id, done.span, done.reason)
        await show_marks(chat)


async def unrate(chat: ChatScreen) -> None:
    """Undo the last rating of the reply."""
    rater, turn = _rater_and_reply(chat)
    undone = await chat.ask(rater.undo, turn.chat_id, turn.id)
    await show_marks(chat)
    chat.say("The last rating is undone." if undone is not None else "There is nothing to undo.")


async def consent(chat: ChatScreen) -> None:
    """Include this chat in exports, or exclude it again."""
    session = require.session(chat)
    judgements = session.rater.judgements
    allowed = await chat.ask(judgements.exportable, session.chat_id)
    await chat.ask(judgements.consent, session.chat_id, not allowed)
    if allowed:
        chat.say("This chat stays private: `rpterm export` leaves it out.")
    else:
        chat.say("`rpterm export` may include this chat now. The same key excludes it again.")


async def review(chat: ChatScreen) -> None:
    """Open the review, in which replies of all chats are rated one after the other."""
    from rpterm.preference.review_queue import Filter
    from rpterm.tui.screens.review import ReviewScreen

    session = require.session(chat)
    wanted = Filter(card=session.card.name)
    await chat.app.push_screen_wait(ReviewScreen(session.store, wanted))
    await show_marks(chat)


async def show_marks(chat: ChatScreen) -> None:
    """Reload the ratings of this chat's turns and show them in the headers of the turns."""
    session = chat.session
    if session is not None:
        marks = await chat.ask(session.rater.marks, session.chat_id)
        if session is chat.session:
            chat.transcript.rate({turn: mark.text for turn, mark in marks.items()})


def _rater_and_reply(chat: ChatScreen) -> tuple[Rater, Turn]:
    """The rater and the reply to rate."""
    session = require.session(chat)
    require.no_choice(chat)
    turn = chat.transcript.selected or replies.last_turn(chat, "assistant")
    if turn is None or turn.id < 0:
        raise require.Refusal("No reply yet.")
    if turn.role != "assistant":
        raise require.Refusal("Only replies can be rated; this turn is yours.")
    return session.rater, turn
