"""The commands that request a reply, such as send and regenerate; and the draft in the input.

A draft is stored while it grows, and each change of it updates the prompt preview.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rpterm import slash
from rpterm.tui import keys, worker
from rpterm.tui.screens.chat import frame, panes, replies, slash_commands
from rpterm.tui.screens.chat.state import ScreenRequest
from rpterm.tui.widgets.status import Phase
from rpterm.types import Intent

if TYPE_CHECKING:
    from rpterm.tui.screens.chat.screen import ChatScreen

KEPT_AFTER_S = 1.5
"""How long typing must pause before the draft is stored, in seconds."""


async def send(chat: ChatScreen) -> None:
    """Send the draft."""
    if chat.input.whole.strip():
        await send_text(chat, ScreenRequest())
    else:
        await _without_words(chat)


async def send_text(chat: ChatScreen, request: ScreenRequest) -> None:
    """Say what is written, for a request that lacks the words; a command is carried out instead."""
    if await slash_commands.run_if_command(chat) or replies.refuse_while_busy(chat):
        return
    text = slash.message(chat.input.whole.strip())
    chat.input.put("")  # Before anything is waited for: another Enter would send it again.
    await replies.start_after_choice(chat, replace(request, text=text))


async def _without_words(chat: ChatScreen) -> None:
    if chat.state.choosing is not None and chat.state.choosing.blind:
        chat.say("← or → for the better one, = for a tie, 0 for both bad, Esc for no verdict.")
    elif chat.state.choosing is not None:
        await replies.keep_marked(chat)
    elif chat.session is not None and chat.session.scene.group:
        if not replies.refuse_while_busy(chat):
            await replies.start(chat, ScreenRequest(Intent.NEXT))
    else:
        chat.say("Nothing to send yet: write something first.")


async def regenerate(chat: ChatScreen) -> None:
    """Another version of the selected or last reply."""
    await _again(chat, 1)


async def several_candidates(chat: ChatScreen) -> None:
    """Several replies at once: to what is written, or else anew to what was said."""
    count = max(2, chat.settings.candidates)
    if chat.input.whole.strip() and chat.transcript.selected is None:
        await send_text(chat, ScreenRequest(candidates=count))
    else:
        await _again(chat, count)


async def _again(chat: ChatScreen, candidates: int) -> None:
    if replies.refuse_while_busy(chat):
        return
    if chat.state.figures.phase is Phase.CLOSED:
        await frame.clear_below(chat)
        frame.open_chat(chat, None, None)
        return
    turn = replies.target_turn(chat)
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
    await replies.start(
        chat, ScreenRequest(Intent.REGENERATE, turn_id=turn_id, candidates=candidates)
    )


async def continue_reply(chat: ChatScreen) -> None:
    """Let the selected or last reply go on."""
    turn = replies.target_turn(chat)
    if replies.refuse_while_busy(chat):
        return
    if turn is None or turn.role != "assistant":
        chat.say("There is no reply that could go on.")
        return
    chat.input.focus()
    await replies.start(chat, ScreenRequest(Intent.CONTINUE, turn_id=turn.id))


async def impersonate(chat: ChatScreen) -> None:
    """Draft the user's next line into the input."""
    if not replies.refuse_while_busy(chat):
        await replies.start_after_choice(chat, ScreenRequest(Intent.IMPERSONATE, chat.input.whole))


# The draft -------------------------------------------------------------------------------------
def draft_changed(chat: ChatScreen) -> None:
    """The text in the input changed: pause background work, and store the draft soon."""
    if chat.session is not None:
        chat.session.touched()
    chat.refresh_hints()
    panes.request_preview(chat)
    chat.state.drafts += 1
    chat.set_timer(KEPT_AFTER_S, lambda number=chat.state.drafts: _store_draft(chat, number))


def _store_draft(chat: ChatScreen, number: int) -> None:
    """Store the draft unless it has changed again since draft ``number``."""
    session, text = chat.session, chat.input.whole
    # A message that was just sent stays the stored draft until it is stored as a turn.
    was_sent = not text.strip() and (chat.state.busy or chat.state.request is not None)
    if session is not None and chat.state.drafts == number and not was_sent:
        chat.desk.put(lambda: worker.keep_draft(session, text))
