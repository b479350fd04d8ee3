"""Rating while one plays: stars, thumbs, tags, flags, undo, consent; and what shows of it.

Thin: ``rpterm.preference.rating`` knows what a judgement is. Every command acts on the selected
reply, or on the last one.
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
        if (meant := _meant(chat)) is not None:
            rater, turn = meant
            await chat.ask(rater.stars, turn.id, n)
            await show_marks(chat)

    return rate


async def thumb_up(chat: ChatScreen) -> None:
    """A thumb up."""
    await _thumb(chat, True)


async def thumb_down(chat: ChatScreen) -> None:
    """A thumb down."""
    await _thumb(chat, False)


async def _thumb(chat: ChatScreen, up: bool) -> None:
    if (meant := _meant(chat)) is None:
        return
    rater, turn = meant
    await chat.ask(rater.thumb, turn.id, up)
    await show_marks(chat)
    if chat.transcript.selected is None:
        above, back = (
            keys.shown(each, chat.settings.keys) for each in ("select-previous", "unrate")
        )
        what = "good ▲" if up else "bad ▼"
        chat.say(f"The last reply is {what}. {above}, then {back} takes it back.")


async def tags(chat: ChatScreen) -> None:
    """Say what was good or bad about a reply."""
    from rpterm.tui.screens.tags import TagScreen

    if (meant := _meant(chat)) is None:
        return
    rater, turn = meant
    await chat.ask(rater.ready, turn.id)  # before it is asked what would be lost
    mark = await chat.ask(rater.mark, turn.id)
    done = await chat.app.push_screen_wait(TagScreen(mark))
    if done is not None:
        await chat.ask(rater.change, turn.id, mark, done)
        await show_marks(chat)


async def flag(chat: ChatScreen) -> None:
    """Mark a reply, or a sentence of it, and say why."""
    from rpterm.tui.screens.flag import FlagScreen

    if (meant := _meant(chat)) is None:
        return
    rater, turn = meant
    turn = await chat.ask(rater.ready, turn.id)  # before it is asked what would be lost
    done = await chat.app.push_screen_wait(FlagScreen(turn.text))
    if done is not None:
        await chat.ask(rater.flag, turn.id, done.span, done.reason)
        await show_marks(chat)


async def unrate(chat: ChatScreen) -> None:
    """Take back the last judgement of the selected reply."""
    if (meant := _meant(chat)) is None:
        return
    rater, turn = meant
    undone = await chat.ask(rater.undo, turn.chat_id, turn.id)
    await show_marks(chat)
    chat.say("Taken back." if undone is not None else "There is nothing to take back here.")


async def consent(chat: ChatScreen) -> None:
    """Allow this chat in exports, or no longer."""
    session = chat.session
    if session is None:
        return
    allowed = await chat.ask(session.rater.allowed, session.chat_id)
    await chat.ask(session.rater.allow, session.chat_id, not allowed)
    if allowed:
        chat.say("This chat stays here: `rpterm export` passes it over.")
    else:
        chat.say("This chat may leave by `rpterm export`. The same key forbids it again.")


async def show_marks(chat: ChatScreen) -> None:
    """Read again what was said of the turns of this chat, and show it in their headers."""
    session = chat.session
    if session is not None:
        marks = await chat.ask(session.rater.marks, session.chat_id)
        if session is chat.session:
            chat.transcript.rate({turn: mark.text for turn, mark in marks.items()})


def _meant(chat: ChatScreen) -> tuple[Rater, Turn] | None:
    """Who judges, and the reply meant; says why where there is none."""
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
        chat.say("Only replies are rated; this turn is yours." if turn else "No reply yet.")
        return None
    return chat.session.rater, turn
