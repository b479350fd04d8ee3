"""The commands that request a reply, such as send and regenerate; and the draft in the input.

A draft is stored while it grows, and each change of it updates the prompt preview.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rpterm.chat import slash
from rpterm.tui.screens.chat import (
    candidates,
    frame,
    preview,
    replies,
    require,
    slash_commands,
)
from rpterm.tui.screens.chat.state import ScreenRequest
from rpterm.types import Intent

if TYPE_CHECKING:
    from rpterm.tui.screens.chat.screen import ChatScreen

KEPT_AFTER_S = 1.5
"""How long typing must pause before the draft is stored, in seconds."""


async def send(chat: ChatScreen) -> None:
    """Send the draft; without one, keep the marked candidate or let the next character speak."""
    if chat.input.full_text.strip():
        await send_text(chat, ScreenRequest())
    else:
        await _send_without_text(chat)


async def send_text(chat: ChatScreen, request: ScreenRequest) -> None:
    """Send the draft as the text of a request; if the draft is a command, run it instead."""
    if await slash_commands.run_if_command(chat):
        return
    require.idle(chat)
    text = slash.unescaped(chat.input.full_text.strip())
    chat.input.put("")  # Before the first await, or a second Enter would send it again.
    await candidates.start_after_choice(chat, replace(request, text=text))


async def _send_without_text(chat: ChatScreen) -> None:
    if chat.state.choosing is not None and chat.state.choosing.blind:
        chat.say("← or → for the better one, = for a tie, 0 for both bad, Esc for no verdict.")
    elif chat.state.choosing is not None:
        await candidates.keep_marked(chat)
    elif require.session(chat).scene.group:
        require.idle(chat)
        await replies.start(chat, ScreenRequest(Intent.NEXT))
    elif (last := replies.last_turn(chat)) is not None and last.role == "user":
        await replies.regenerate(chat)
    else:
        key, name = chat.key_name("continue"), require.session(chat).card.char
        chat.say(f"Nothing to send yet: write something, or {key} lets {name} go on.")


async def several_candidates(chat: ChatScreen) -> None:
    """Generate several replies at once: to the draft or, without one, as versions of a reply."""
    count = max(2, chat.settings.candidates)
    if chat.input.full_text.strip() and chat.transcript.selected is None:
        await send_text(chat, ScreenRequest(candidates=count))
    else:
        await replies.regenerate(chat, count)


async def duel(chat: ChatScreen) -> None:
    """Start a duel: two replies to the draft, or to the last turn if there is none."""
    if chat.input.full_text.strip() and chat.transcript.selected is None:
        await send_text(chat, ScreenRequest(candidates=2, duel=True))
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


async def continue_reply(chat: ChatScreen) -> None:
    """Continue the selected or last reply."""
    require.idle(chat)
    turn = replies.target_turn(chat)
    if turn is None or turn.role != "assistant":
        raise require.Refusal("There is no reply to continue.")
    chat.input.focus()
    await replies.start(chat, ScreenRequest(Intent.CONTINUE, turn_id=turn.id))


async def impersonate(chat: ChatScreen) -> None:
    """Let the model draft the user's next line in the input."""
    require.idle(chat)
    draft = ScreenRequest(Intent.IMPERSONATE, chat.input.full_text)
    await candidates.start_after_choice(chat, draft)


# The draft -------------------------------------------------------------------------------------
def draft_changed(chat: ChatScreen) -> None:
    """The text in the input changed: pause background work, and store the draft soon."""
    if chat.session is not None:
        chat.session.user_is_typing()
    chat.refresh_hints()
    preview.request_preview(chat)
    chat.after_pause("draft", KEPT_AFTER_S, lambda: _store_draft(chat))


def _store_draft(chat: ChatScreen) -> None:
    """Store the draft."""
    session, text = chat.session, chat.input.full_text
    # A message that was just sent stays the stored draft until it is stored as a turn.
    was_sent = not text.strip() and (chat.state.busy or chat.state.request is not None)
    if session is not None and not was_sent:
        chat.desk.put(lambda: frame.keep_draft(session, text))
