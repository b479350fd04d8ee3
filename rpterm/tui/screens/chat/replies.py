"""The one reply path on screen: send, again, several, go on, write for me, stop; and what comes.

Every command makes a ``ReplyRequest`` and hands it to ``start``. The rest of the file answers the
messages of the worker.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rpterm.session import ReplyRequest
from rpterm.tui import messages, worker
from rpterm.tui.screens.chat import opening, panes
from rpterm.tui.screens.chat.state import GHOST_REPLY, GHOST_USER
from rpterm.tui.widgets.candidates import Candidates
from rpterm.tui.widgets.status import Phase
from rpterm.types import Generation, Intent, Status, Turn

if TYPE_CHECKING:
    from rpterm.tui.screens.chat.screen import ChatScreen


# Commands --------------------------------------------------------------------------------------
async def send(chat: ChatScreen) -> None:
    """Send the draft."""
    whole = chat.input.whole
    if not whole.strip():
        chat.say("Nothing to send yet: write something first.")
        return
    if _occupied(chat):
        return
    if chat.state.choosing is not None:
        await choose(chat)
    chat.input.put("")
    await start(chat, ReplyRequest(Intent.SEND, whole.strip()))


async def regenerate(chat: ChatScreen) -> None:
    """Another version of the selected or last reply."""
    await _again(chat, 1)


async def several(chat: ChatScreen) -> None:
    """Several versions at once."""
    await _again(chat, max(2, chat.settings.candidates))


async def _again(chat: ChatScreen, candidates: int) -> None:
    if _occupied(chat):
        return
    turn = reply_meant(chat)
    if turn is None:
        chat.say("There is no reply to make again yet.")
        return
    turn_id = turn.id if turn.role == "assistant" else None
    if turn.role == "user" and turn is not last_turn(chat) and chat.session is not None:
        await chat.ask(chat.session.branch, turn.id)
    if turn.parent_id is None and turn.role == "assistant":
        chat.say("This is the greeting: ← and → show the card's other ones, F7 lists them.")
        return
    chat.input.focus()
    await start(chat, ReplyRequest(Intent.REGENERATE, turn_id=turn_id, candidates=candidates))


async def go_on(chat: ChatScreen) -> None:
    """Let the selected or last reply go on."""
    turn = reply_meant(chat)
    if _occupied(chat):
        return
    if turn is None or turn.role != "assistant":
        chat.say("There is no reply that could go on.")
        return
    chat.input.focus()
    await start(chat, ReplyRequest(Intent.CONTINUE, turn_id=turn.id))


async def impersonate(chat: ChatScreen) -> None:
    """Draft the user's next line into the input."""
    if not _occupied(chat):
        await start(chat, ReplyRequest(Intent.IMPERSONATE, chat.input.whole))


async def stop(chat: ChatScreen) -> None:
    """Stop the reply; what has come is kept."""
    state = chat.state
    if state.request is None:
        return
    if state.running and state.session is not None:
        state.session.cancel()
    else:
        request, state.request = state.request, None
        give_back(chat, request)
        await resync(chat)


async def choose(chat: ChatScreen) -> None:
    """Keep the marked candidate."""
    if chat.state.choosing is not None:
        await choose_turn(chat, chat.state.choosing.marked)


async def choose_turn(chat: ChatScreen, turn: Turn) -> None:
    """Keep this candidate; the others stay as its swipes."""
    if chat.state.busy:
        chat.say("Still writing: Esc stops the replies, then choose.")
        return
    if chat.session is not None and chat.state.choosing is not None:
        await chat.ask(chat.session.select, turn.id)
        await opening.clear_below(chat)
        await resync(chat)
        chat.input.focus()


# The path of one request -----------------------------------------------------------------------
async def start(chat: ChatScreen, request: ReplyRequest) -> None:
    """Begin a reply; before the chat is open it waits on screen."""
    state = chat.state
    state.request, state.running, state.stored = request, False, False
    state.epoch += 1
    state.live.clear()
    await opening.clear_below(chat)
    if request.intent is Intent.SEND:
        await _show_ghosts(chat, request.text)
    chat.transcript.to_end()
    if state.session is not None:
        run(chat)
    chat.refresh_hints()


def run(chat: ChatScreen) -> None:
    """Hand the request to the session, in the reply lane."""
    state = chat.state
    session, request, epoch = state.session, state.request, state.epoch
    if session is None or request is None:
        return
    state.running = True
    if state.info is not None:
        chat.phase(Phase.EVALUATING, done=0, total=0)
    post = chat.post_message
    chat.replies.put(
        lambda: worker.reply(session, request, post, lambda: chat.state.epoch != epoch)
    )


async def _show_ghosts(chat: ChatScreen, words: str) -> None:
    persona = chat.session.chat.persona if chat.session else chat.settings.persona
    name = chat.card.name if chat.card else ""
    user = Turn(GHOST_USER, 0, None, "user", persona.name, words)
    reply = Turn(GHOST_REPLY, 0, None, "assistant", name, "", status=Status.STREAMING)
    await chat.transcript.show([*chat.transcript.turns, user, reply], more=chat.transcript.more)


def give_back(chat: ChatScreen, request: ReplyRequest) -> None:
    """Put words that were not stored back into the input, unless something else is there."""
    if request.intent is Intent.SEND and chat.input.empty:
        chat.input.put(request.text)


# What the worker tells -------------------------------------------------------------------------
async def stored(chat: ChatScreen, event: messages.UserTurnStored) -> None:
    """The ghost of the user's turn becomes real."""
    chat.state.stored = True
    view = chat.transcript.view(GHOST_USER)
    if view is not None:
        view.show(event.turn)
    if chat.state.info is None:
        chat.phase(Phase.LOADING, share=chat.state.figures.share)


async def started(chat: ChatScreen, event: messages.ReplyStarted) -> None:
    """Show the empty replies where they will grow."""
    state = chat.state
    state.prompt = event.prompt
    chat.phase(Phase.EVALUATING, used=event.prompt.tokens, context=event.prompt.context)
    panes.sent(chat, event.prompt)
    if not event.turns:
        chat.input.read_only = True
        return
    above = [turn for turn in chat.transcript.turns if turn.id not in (GHOST_USER, GHOST_REPLY)]
    ids = [turn.id for turn in above]
    parent = event.turns[0].parent_id
    if parent in ids:
        above = above[: ids.index(parent) + 1]
    state.live = {index: turn.id for index, turn in enumerate(event.turns)}
    if len(event.turns) == 1:
        await chat.transcript.show([*above, event.turns[0]], more=chat.transcript.more)
    else:
        await chat.transcript.show(above, more=chat.transcript.more)
        state.choosing = Candidates(event.turns)
        await chat.transcript.below(state.choosing)
    chat.refresh_hints()


def grown(chat: ChatScreen, event: messages.ReplyGrown) -> None:
    """More text."""
    state = chat.state
    if state.figures.phase is not Phase.WRITING:
        chat.phase(Phase.WRITING)
    if state.choosing is not None:
        state.choosing.grow(event.texts, event.tokens)
    elif state.request is not None and state.request.intent is Intent.IMPERSONATE:
        chat.input.put(event.texts.get(0, ""))
    else:
        for index, whole in event.texts.items():
            if (view := chat.transcript.view(state.live.get(index, 0))) is not None:
                view.grow(whole)


def finished(chat: ChatScreen, event: messages.ReplyFinished) -> None:
    """A reply is complete, or was stopped; either way it is stored."""
    state = chat.state
    if state.choosing is not None:
        state.choosing.finish(event.index, event.turn, event.generation.usage.generated)
    elif (view := chat.transcript.view(event.turn.id)) is not None:
        view.show(event.turn)
    _count(chat, event.generation)


def drafted(chat: ChatScreen, text: str) -> None:
    """The draft is complete."""
    chat.input.put(text)


async def failed(chat: ChatScreen, text: str, log_tail: str) -> None:
    """Say why, and lose nothing."""
    request = chat.state.request
    if request is not None and not chat.state.stored:
        give_back(chat, request)
    await opening.show_error(chat, text, log_tail)


async def ended(chat: ChatScreen) -> None:
    """Nothing more comes: show what the database holds, and let the engine settle."""
    state = chat.state
    was_draft = state.request is not None and state.request.intent is Intent.IMPERSONATE
    state.request, state.running = None, False
    chat.input.read_only = False
    if state.choosing is None and not was_draft:
        await resync(chat)
    if state.info is None and state.session is not None:
        state.info = state.session.engine.info
    chat.phase(Phase.SETTLING if state.info is not None else Phase.FAILED)
    session, epoch, post = state.session, state.epoch, chat.post_message
    if session is not None and state.info is not None:
        chat.idle.put(lambda: worker.settle(session, post, lambda: chat.state.epoch != epoch))
    panes.want_preview(chat)


async def resync(chat: ChatScreen) -> None:
    """Show the path as the session has it."""
    session = chat.session
    if session is None:
        real = [turn for turn in chat.transcript.turns if turn.id not in (GHOST_USER, GHOST_REPLY)]
        await chat.transcript.show(real, more=chat.transcript.more)
        return
    loaded = max(worker.WINDOW, sum(turn.id > 0 for turn in chat.transcript.turns) + 2)
    path = await chat.ask(session.path, loaded)
    await chat.transcript.show(path, more=len(path) >= loaded)
    if chat.transcript.is_vertical_scroll_end:
        await chat.transcript.trim(worker.WINDOW)
    opening.dress(chat)


# Helpers ---------------------------------------------------------------------------------------
def last_turn(chat: ChatScreen) -> Turn | None:
    """The last stored turn on screen."""
    return next((turn for turn in reversed(chat.transcript.turns) if turn.id > 0), None)


def reply_meant(chat: ChatScreen) -> Turn | None:
    """The selected turn, or the last one."""
    return chat.transcript.selected or last_turn(chat)


def _occupied(chat: ChatScreen) -> bool:
    if chat.state.busy:
        chat.say("Still writing: Esc stops the reply.")
    return chat.state.busy


def _count(chat: ChatScreen, generation: Generation) -> None:
    usage = generation.usage
    chat.figures(
        used=chat.state.figures.used + usage.generated if not chat.state.choosing else
        chat.state.figures.used,
        reused=usage.reused, evaluated=usage.evaluated, rate=usage.tokens_per_second,
        first_s=usage.first_token_s, hint="",
    )  # fmt: skip
