"""The rating commands of the chat: stars, thumbs, tags, flags, undo and consent to export.

Every command acts on the selected reply or else on the last one. What a judgement means is defined
in ``rpterm.preference.rating``.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from rpterm.tui import keys
from rpterm.tui.screens.chat import replies
from rpterm.types import Turn

if TYPE_CHECKING:
    from rpterm.preference.rating import Rater
    from rpterm.tui.screens.chat.screen import ChatScreen


def stars(n: int) -> Callable[[ChatScreen], Awaitable[None]]:
    """The command that gives ``n`` stars."""

    async def rate(chat: ChatScreen) -> None:
        if (target := _rater_and_reply(chat)) is not None:
            rater, turn = target
            await chat.ask(rater.stars, turn.id, n)
            await show_marks(chat)

    return rate


async def thumb_up(chat: ChatScreen) -> None:
    """Give a thumb up."""
    await _thumb(chat, True)


async def thumb_down(chat: ChatScreen) -> None:
    """Give a thumb down."""
    await _thumb(chat, False)


async def _thumb(chat: ChatScreen, up: bool) -> None:
    if (target := _rater_and_reply(chat)) is None:
        return
    rater, turn = target
    await chat.ask(rater.thumb, turn.id, up)
    await show_marks(chat)
    if chat.transcript.selected is None:
        select_key, undo_key = (
            keys.key_name(each, chat.settings.keys) for each in ("select-previous", "unrate")
        )
        rating = "good ▲" if up else "bad ▼"
        chat.say(f"The last reply is rated {rating}. {select_key}, then {undo_key} undoes it.")


async def tags(chat: ChatScreen) -> None:
    """Rate aspects of a reply as good or bad."""
    from rpterm.tui.screens.tags import TagScreen

    if (target := _rater_and_reply(chat)) is None:
        return
    rater, turn = target
    await chat.ask(rater.require_complete, turn.id)  # Fail before the user has entered anything.
    mark = await chat.ask(rater.mark, turn.id)
    done = await chat.app.push_screen_wait(TagScreen(mark))
    if done is not None:
        await chat.ask(rater.change, turn.id, mark, done)
        await show_marks(chat)


async def flag(chat: ChatScreen) -> None:
    """Flag a reply, or a part of it, with a reason."""
    from rpterm.tui.screens.flag import FlagScreen

    if (target := _rater_and_reply(chat)) is None:
        return
    rater, turn = target
    turn = await chat.ask(
        rater.require_complete, turn.id
    )  # Fail before the user has entered anything.
    done = await chat.app.push_screen_wait(FlagScreen(turn.text))
    if done is not None:
        await chat.ask(rater.flag, turn.id, done.span, done.reason)
        await show_marks(chat)


async def unrate(chat: ChatScreen) -> None:
    """Undo the last rating of the reply."""
    if (target := _rater_and_reply(chat)) is None:
        return
    rater, turn = target
    undone = await chat.ask(rater.undo, turn.chat_id, turn.id)
    await show_marks(chat)
    chat.say("The last rating is undone." if undone is not None else "There is nothing to undo.")


async def consent(chat: ChatScreen) -> None:
    """Include this chat in exports, or exclude it again."""
    session = chat.session
    if session is None:
        return
    allowed = await chat.ask(session.rater.is_exportable, session.chat_id)
    await chat.ask(session.rater.set_exportable, session.chat_id, not allowed)
    if allowed:
        chat.say("This chat stays private: `rpterm export` leaves it out.")
    else:
        chat.say("`rpterm export` may include this chat now. The same key excludes it again.")


async def show_marks(chat: ChatScreen) -> None:
    """Reload the ratings of this chat's turns and show them in the headers of the turns."""
    session = chat.session
    if session is not None:
        marks = await chat.ask(session.rater.marks, session.chat_id)
        if session is chat.session:
            chat.transcript.rate({turn: mark.text for turn, mark in marks.items()})


def _rater_and_reply(chat: ChatScreen) -> tuple[Rater, Turn] | None:
    """The rater and the reply to rate; says why if there is none."""
    if chat.session is None:
        chat.say("The chat is still opening.")
        return None
    if replies.refuse_while_choosing(chat):
        return None
    turn = chat.transcript.selected
    if turn is None:
        turns = chat.transcript.turns
        turn = next((t for t in reversed(turns) if t.role == "assistant" and t.id > 0), None)
    if turn is None or turn.role != "assistant" or turn.id < 0:
        chat.say("Only replies can be rated; this turn is yours." if turn else "No reply yet.")
        return None
    return chat.session.rater, turn
