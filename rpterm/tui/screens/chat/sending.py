"""The commands that ask for a reply: send, again, several, go on, write for me."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rpterm import slash
from rpterm.tui import keys
from rpterm.tui.screens.chat import commanding, frame, replies
from rpterm.tui.screens.chat.state import Wish
from rpterm.tui.widgets.status import Phase
from rpterm.types import Intent

if TYPE_CHECKING:
    from rpterm.tui.screens.chat.screen import ChatScreen


async def send(chat: ChatScreen) -> None:
    """Send the draft."""
    if chat.input.whole.strip():
        await say(chat, Wish())
    else:
        await _without_words(chat)


async def say(chat: ChatScreen, wish: Wish) -> None:
    """Say what is written, for a wish that lacks the words; a command is carried out instead."""
    if await commanding.written(chat) or replies.occupied(chat):
        return
    text = slash.message(chat.input.whole.strip())
    chat.input.put("")  # Before anything is waited for: another Enter would send it again.
    await replies.follow(chat, replace(wish, text=text))


async def _without_words(chat: ChatScreen) -> None:
    if chat.state.choosing is not None and chat.state.choosing.blind:
        chat.say("← or → for the better one, = for a tie, 0 for both bad, Esc for no verdict.")
    elif chat.state.choosing is not None:
        await replies.choose(chat)
    elif chat.session is not None and chat.session.scene.group:
        if not replies.occupied(chat):
            await replies.start(chat, Wish(Intent.NEXT))
    else:
        chat.say("Nothing to send yet: write something first.")


async def regenerate(chat: ChatScreen) -> None:
    """Another version of the selected or last reply."""
    await _again(chat, 1)


async def several(chat: ChatScreen) -> None:
    """Several replies at once: to what is written, or else anew to what was said."""
    count = max(2, chat.settings.candidates)
    if chat.input.whole.strip() and chat.transcript.selected is None:
        await say(chat, Wish(candidates=count))
    else:
        await _again(chat, count)


async def _again(chat: ChatScreen, candidates: int) -> None:
    if replies.occupied(chat):
        return
    if chat.state.figures.phase is Phase.CLOSED:
        await frame.clear_below(chat)
        frame.open_chat(chat, None, None)
        return
    turn = replies.reply_meant(chat)
    if turn is None:
        chat.say("There is no reply to make again yet.")
        return
    turn_id = turn.id if turn.role == "assistant" else None
    if turn.role == "user" and turn is not replies.last_turn(chat) and chat.session is not None:
        await chat.ask(chat.session.branch, turn.id)
    if turn.parent_id is None and turn.role == "assistant":
        lists = keys.shown("greeting", chat.settings.keys)
        chat.say(f"This is the greeting: ← and → show the card's other ones, {lists} lists them.")
        return
    chat.input.focus()
    await replies.start(chat, Wish(Intent.REGENERATE, turn_id=turn_id, candidates=candidates))


async def go_on(chat: ChatScreen) -> None:
    """Let the selected or last reply go on."""
    turn = replies.reply_meant(chat)
    if replies.occupied(chat):
        return
    if turn is None or turn.role != "assistant":
        chat.say("There is no reply that could go on.")
        return
    chat.input.focus()
    await replies.start(chat, Wish(Intent.CONTINUE, turn_id=turn.id))


async def impersonate(chat: ChatScreen) -> None:
    """Draft the user's next line into the input."""
    if not replies.occupied(chat):
        await replies.follow(chat, Wish(Intent.IMPERSONATE, chat.input.whole))
