"""The one reply path on screen: begin, stop, choose, and show what is stored.

Every command makes a ``ScreenRequest`` (``sending``) and hands it to ``start``; what comes of it is shown by
``incoming``.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from textual.message import Message

from rpterm import slash
from rpterm.tui import keys, worker
from rpterm.tui.screens.chat import frame
from rpterm.tui.screens.chat.state import GHOST_REPLY, GHOST_USER, ScreenRequest
from rpterm.tui.widgets.status import Phase
from rpterm.types import Intent, RptermError, Status, Turn

if TYPE_CHECKING:
    from rpterm.tui.screens.chat.screen import ChatScreen


# Stopping and choosing ---------------------------------------------------------------------------
async def stop(chat: ChatScreen) -> None:
    """Stop the reply; what has come is kept."""
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


async def keep_marked(chat: ChatScreen) -> None:
    """Keep the marked candidate."""
    if chat.state.choosing is None:
        return
    if chat.state.choosing.blind:
        from rpterm.tui.screens.chat import duels

        await duels.leave(chat)
    else:
        await keep_candidate(chat, chat.state.choosing.marked)


async def leave_candidates(chat: ChatScreen) -> None:
    """Go on without choosing: the marked one stays, or what was there before a comparison."""
    from rpterm.tui.widgets.aside import AsideView

    if not isinstance(chat.state.choosing, AsideView):
        await keep_marked(chat)
    elif not chat.state.busy:
        await frame.clear_below(chat)
        await refresh_transcript(chat)


async def keep_candidate(chat: ChatScreen, turn: Turn) -> None:
    """Keep this candidate; the others stay as its swipes."""
    if chat.state.choosing is not None and chat.state.choosing.blind:
        from rpterm.tui.screens.chat import duels

        await duels.choose(chat, turn)
        return
    if chat.state.busy:
        chat.state.chosen = True
        chat.say("It is kept as soon as all are written; Esc stops them now.")
        return
    if chat.session is not None and chat.state.choosing is not None:
        await chat.ask(chat.session.select, turn.id)
        await frame.clear_below(chat)
        await refresh_transcript(chat)
        chat.input.focus()


# The path of one request --------------------------------------------------------------------------
async def start_after_choice(chat: ChatScreen, request: ScreenRequest) -> None:
    """Begin a reply below the candidate that is marked, where some wait."""
    state = chat.state
    state.keeping = True
    try:
        if state.choosing is not None:
            await leave_candidates(chat)
    except RptermError:
        restore_message(chat, request)
        raise
    finally:
        state.keeping = False
    await start(chat, request)


async def start(chat: ChatScreen, request: ScreenRequest) -> None:
    """Begin a reply; before the chat is open it waits on screen."""
    state = chat.state
    state.request, state.running, state.stored, state.stopping = request, False, False, False
    state.epoch += 1
    state.live.clear()
    chat.keeper.hush()
    await frame.clear_below(chat)
    if request.intent is Intent.SEND:
        await _show_ghosts(chat, request)
    chat.transcript.to_end()
    if state.session is not None:
        run(chat)
    elif state.figures.phase is Phase.CLOSED:
        frame.open_chat(chat, None, None)  # What was in the way may be gone.
    frame.show_header(chat)
    chat.refresh_hints()


def run(chat: ChatScreen) -> None:
    """Hand the request to the session, in the reply lane."""
    state = chat.state
    session, request, epoch = state.session, state.request, state.epoch
    if session is None or request is None:
        return
    state.running = True
    if (seen := last_turn(chat)) is not None:
        request = replace(request, after=seen.id)
    if state.info is not None:
        chat.phase(Phase.EVALUATING, done=0, total=0)

    def stale() -> bool:
        return chat.state.epoch != epoch

    def post(message: Message) -> None:
        if not stale():
            chat.post_message(message)

    chat.replies.put(lambda: worker.reply(session, request, post, stale))


async def _show_ghosts(chat: ChatScreen, request: ScreenRequest) -> None:
    persona = chat.state.chat.persona if chat.state.chat else chat.settings.persona
    name = chat.card.char if chat.card else ""
    if chat.session is not None and chat.session.scene.group:
        from rpterm.tui.screens.chat import group

        name = group.expected_name(chat, chat.session.scene, request)
    user = Turn(GHOST_USER, 0, None, "user", persona.name, request.text)
    reply = Turn(GHOST_REPLY, 0, None, "assistant", name, "", status=Status.STREAMING)
    await chat.transcript.show([*chat.transcript.turns, user, reply], more=chat.transcript.more)


def restore_message(chat: ChatScreen, request: ScreenRequest) -> None:
    """Put words that were not stored back into the input, before what was begun there since."""
    if request.intent is Intent.SEND:
        prepend_to_input(chat, slash.written(request.text))


def prepend_to_input(chat: ChatScreen, words: str) -> None:
    """Put words into the input, before what is written there."""
    if words.strip():
        parts = (words, chat.input.whole)
        chat.input.put("\n".join(part for part in parts if part.strip()))


# What is shown ----------------------------------------------------------------------------------
async def refresh_transcript(chat: ChatScreen) -> None:
    """Show the path as the session has it."""
    session = chat.session
    if session is None:
        real = [turn for turn in chat.transcript.turns if turn.id not in (GHOST_USER, GHOST_REPLY)]
        await chat.transcript.show(real, more=chat.transcript.more)
        return
    loaded = max(worker.WINDOW, sum(turn.id > 0 for turn in chat.transcript.turns) + 2)
    chat.state.chat, path = await chat.ask(lambda: (session.chat, session.path(loaded)))
    await chat.transcript.show(_with_unstored(chat, path), more=len(path) >= loaded)
    if chat.transcript.is_vertical_scroll_end:
        await chat.transcript.trim(worker.WINDOW)
    frame.show_header(chat)
    await _other_places(chat)


def _with_unstored(chat: ChatScreen, path: list[Turn]) -> list[Turn]:
    """The path, and what came of a reply whose end could not be stored: it stays in sight."""
    views = (chat.transcript.view(turn_id) for turn_id in chat.state.live.values())
    view = next((view for view in views if view and view.live and view.whole.strip()), None)
    if view is None or chat.state.running:
        return path
    reply, ids = view.turn, [turn.id for turn in path]
    stored = any(turn.id == reply.id and turn.status is not Status.STREAMING for turn in path)
    if stored or reply.parent_id not in ids:
        return path
    above = path[: ids.index(reply.parent_id) + 1]
    return [*above, replace(reply, text=view.whole, status=Status.PARTIAL)]


async def _other_places(chat: ChatScreen) -> None:
    """What else tells of the path shown."""
    from rpterm.tui.screens.chat import examples, scores

    scores.refresh(chat)
    chat.keeper.shown()
    await examples.fill(chat)


# Helpers ---------------------------------------------------------------------------------------
def last_turn(chat: ChatScreen) -> Turn | None:
    """The last stored turn on screen."""
    return next((turn for turn in reversed(chat.transcript.turns) if turn.id > 0), None)


def user_name(chat: ChatScreen) -> str:
    """What the user is called in this chat."""
    record = chat.state.chat
    return record.persona.name if record is not None else chat.settings.persona.name


def marked_candidate(chat: ChatScreen) -> Turn | None:
    """The candidate that is marked, where some wait that one may tell apart."""
    choosing = chat.state.choosing
    return choosing.marked if choosing is not None and not choosing.blind else None


def refuse_while_choosing(chat: ChatScreen) -> bool:
    """Whether candidates wait, of which none is the reply yet; says so.

    The last turn is not what one looks at then.
    """
    waits = chat.transcript.selected is None and chat.state.choosing is not None
    if waits:
        blind = chat.state.choosing is not None and chat.state.choosing.blind
        chat.say("Say first which is better." if blind else "Choose one of them first: ⏎.")
    return waits


def target_turn(chat: ChatScreen) -> Turn | None:
    """The selected turn, the marked candidate, or the last turn."""
    return chat.transcript.selected or marked_candidate(chat) or last_turn(chat)


def refuse_while_busy(chat: ChatScreen) -> bool:
    """Whether a reply is being written or a turn edited; says so."""
    if busy := chat.state.busy or chat.state.keeping:
        chat.say("Still writing: Esc stops the reply.")
    return busy or refuse_while_editing(chat)


def refuse_while_editing(chat: ChatScreen) -> bool:
    """Whether a turn is being edited; says so and goes there."""
    if (editor := chat.state.editor) is None:
        return False
    keeps, leaves = (keys.shown(f"turn-{each}", chat.settings.keys) for each in ("keep", "leave"))
    chat.say(f"A turn is being edited: {keeps} keeps it, {leaves} leaves it as it was.")
    editor.focus()
    return True
