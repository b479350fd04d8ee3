"""Starts and stops replies, and shows what is stored.

Every command that wants a reply builds a ``ScreenRequest`` (see ``sending``) and passes it to
``start``; ``reply_events`` shows what happens then.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from rpterm.chat import slash
from rpterm.tui.screens.chat import frame, preview, require
from rpterm.tui.screens.chat.state import GHOST_REPLY, GHOST_USER, WINDOW, ScreenRequest
from rpterm.tui.widgets.status import Phase
from rpterm.types import Intent, Role, Status, Turn

if TYPE_CHECKING:
    from rpterm.tui.screens.chat.screen import ChatScreen

SILENCE_CHECK_S = 0.5
SILENCE_S = 5
"""A shorter pause in a reply is not shown."""
ANSWERING = (Phase.EVALUATING, Phase.THINKING, Phase.WRITING)


async def stop(chat: ChatScreen) -> None:
    """Stop the reply, keeping its text so far."""
    state = chat.state
    if state.request is None:
        return
    if state.running and state.session is not None:
        state.stopping = True
        state.session.cancel()
    else:
        request, state.request = state.request, None
        restore_message(chat, request)
        await refresh_transcript(chat)


# Starting --------------------------------------------------------------------------------------


async def start(chat: ChatScreen, request: ScreenRequest) -> None:
    """Start a reply; if the chat is still opening, the message waits on screen."""
    state = chat.state
    state.request, state.running, state.stored, state.stopping = request, False, False, False
    state.epoch += 1
    state.live.clear()
    chat.keeper.clear_alarm()
    await frame.clear_below(chat)
    if request.intent is Intent.SEND:
        await _show_ghosts(chat, request)
    chat.transcript.scroll_to_end()
    if state.session is not None:
        run(chat)
    elif state.figures.phase is Phase.CLOSED:
        chat.open_chat(None, None)  # The reason for the failure may be gone.
    frame.show_header(chat)
    chat.refresh_hints()


async def regenerate(chat: ChatScreen, candidates: int = 1, hint: str = "") -> None:
    """Generate other versions of the selected or last reply.

    Args:
        hint: What to do differently, in the user's words; "" for nothing.
    """
    require.idle(chat)
    if chat.state.figures.phase is Phase.CLOSED:
        await frame.clear_below(chat)
        chat.open_chat(None, None)
        return
    turn = target_turn(chat)
    if turn is None:
        raise require.Refusal("There is no reply to regenerate yet.")
    turn_id = turn.id if turn.role == "assistant" else None
    if turn.role == "user" and turn is not last_turn(chat) and chat.session is not None:
        with require.holding(chat):
            await chat.ask(chat.session.branch, turn.id)
    if turn.parent_id is None and turn.role == "assistant":
        list_key = chat.key_name("greeting")
        raise require.Refusal(
            f"This is the greeting: ← and → show the card's others, {list_key} lists them."
        )
    chat.input.focus()
    request = ScreenRequest(Intent.REGENERATE, turn_id=turn_id, candidates=candidates, hint=hint)
    await start(chat, request)


def run(chat: ChatScreen) -> None:
    """Pass the request to the session, in the thread of the reply lane, unless it has it already.

    A message that is sent while the chat is being opened is passed on by whoever is ready last.
    """
    state = chat.state
    session, request, epoch = state.session, state.request, state.epoch
    if session is None or request is None or state.running:
        return
    state.running, state.heard_at = True, time.monotonic()
    if (last := last_turn(chat)) is not None:
        request = replace(request, after=last.id)
    if state.info is not None:
        chat.phase(Phase.EVALUATING, done=0, total=0)

    def stale() -> bool:
        return chat.state.epoch != epoch

    chat.replies.put(lambda: chat.generate(session, request, stale))


def show_silence(chat: ChatScreen) -> None:
    """Show for how long nothing has come from the model, once that is long."""
    state = chat.state
    waits = state.running and state.figures.phase in ANSWERING
    seconds = int(time.monotonic() - state.heard_at) if waits else 0
    chat.figures(silent_s=seconds if seconds >= SILENCE_S else 0)


async def _show_ghosts(chat: ChatScreen, request: ScreenRequest) -> None:
    name = chat.card.char if chat.card else ""
    if chat.session is not None and chat.session.scene.group:
        name = frame.expected_name(chat, chat.session.scene, request)
    user = Turn(GHOST_USER, 0, None, "user", user_name(chat), request.text)
    reply = Turn(GHOST_REPLY, 0, None, "assistant", name, "", status=Status.STREAMING)
    await chat.transcript.show([*chat.transcript.turns, user, reply], more=chat.transcript.has_more)


def restore_message(chat: ChatScreen, request: ScreenRequest) -> None:
    """Return a message that was not stored to the input, before what was written there since."""
    if request.intent is Intent.SEND:
        prepend_to_input(chat, slash.escaped(request.text))


def prepend_to_input(chat: ChatScreen, words: str) -> None:
    """Put text into the input, before what is written there."""
    if words.strip():
        parts = (words, chat.input.full_text)
        chat.input.put("\n".join(part for part in parts if part.strip()))


# What is shown ----------------------------------------------------------------------------------
async def refresh_transcript(chat: ChatScreen) -> None:
    """Show the branch as it is stored, and update what depends on it."""
    from rpterm.tui.screens.chat import scores

    session = chat.session
    if session is None:
        ghosts = (GHOST_USER, GHOST_REPLY)
        stored = [turn for turn in chat.transcript.turns if turn.id not in ghosts]
        await chat.transcript.show(stored, more=chat.transcript.has_more)
        return
    loaded = max(WINDOW, sum(turn.id > 0 for turn in chat.transcript.turns) + 2)
    chat.state.chat, path = await chat.ask(lambda: (session.chat, session.path(loaded)))
    await chat.transcript.show(_with_unstored(chat, path), more=len(path) >= loaded)
    if chat.transcript.is_vertical_scroll_end:
        await chat.transcript.trim(WINDOW)
    frame.show_header(chat)
    scores.refresh(chat)
    chat.keeper.shown()
    preview.request_preview(chat, always=True)
    chat.fill_pane("examples")


def _with_unstored(chat: ChatScreen, path: list[Turn]) -> list[Turn]:
    """The path with the text of a reply whose end could not be stored, which stays on screen."""
    views = (chat.transcript.view(turn_id) for turn_id in chat.state.live.values())
    view = next((view for view in views if view and view.live and view.full_text.strip()), None)
    if view is None or chat.state.running:
        return path
    reply, ids = view.turn, [turn.id for turn in path]
    is_stored = any(turn.id == reply.id and turn.status is not Status.STREAMING for turn in path)
    if is_stored or reply.parent_id not in ids:
        return path
    above = path[: ids.index(reply.parent_id) + 1]
    return [*above, replace(reply, text=view.full_text, status=Status.PARTIAL)]


# Helpers ---------------------------------------------------------------------------------------
def last_turn(chat: ChatScreen, role: Role | None = None) -> Turn | None:
    """The last stored turn on screen, or the last one of a role."""
    stored = (turn for turn in reversed(chat.transcript.turns) if turn.id > 0)
    return next((turn for turn in stored if role in (None, turn.role)), None)


def user_name(chat: ChatScreen) -> str:
    """The name of the user in this chat, or while it opens the name a new chat would have."""
    if chat.state.chat is not None:
        return chat.state.chat.persona.name
    own = chat.settings.persona
    return (chat.card.user(own) if chat.card else own).name


def target_turn(chat: ChatScreen) -> Turn | None:
    """The turn that a command acts on: the selected one, the marked candidate, or the last one."""
    return chat.transcript.selected or chat.state.marked or last_turn(chat)
