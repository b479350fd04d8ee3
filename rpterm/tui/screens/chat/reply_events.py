"""What comes of a request: the session's events and the end of a reply, on screen.

The worker posts them as messages, in their order; the screen hands each to the function here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from rpterm.tui import keys, messages, worker
from rpterm.tui.screens.chat import frame, panes, replies
from rpterm.tui.screens.chat.state import GHOST_REPLY, GHOST_USER
from rpterm.tui.widgets.candidates import Candidates
from rpterm.tui.widgets.status import Phase
from rpterm.types import Generation, Intent, Turn

if TYPE_CHECKING:
    from rpterm.chat import events
    from rpterm.tui.screens.chat.screen import ChatScreen


async def handle(chat: ChatScreen, event: events.SessionEvent) -> None:
    """Show what the session told."""
    from rpterm.chat import events

    match event:
        case events.UserTurnStored():
            await _stored(chat, event)
        case events.ReplyStarted():
            await _started(chat, event)
        case events.PromptEvaluated(done, total):
            chat.figures(phase=Phase.EVALUATING, done=done, total=total)
        case events.ReplyThought():
            _thought(chat, event)
        case events.ReplyFinished() | events.ReplyCancelled():
            _finished(chat, event)
        case events.BestLed(index):
            if chat.state.choosing is not None and not chat.state.chosen:
                chat.state.choosing.point(index)
        case events.BestKept(index, _, chances):
            from rpterm.tui.screens.chat import remedies

            await remedies.best_kept(chat, chances, index)
        case events.DraftFinished(text):
            chat.input.put(text)
        case events.ReplyFailed():
            await _failed(chat, event)


async def _stored(chat: ChatScreen, event: events.UserTurnStored) -> None:
    """The ghost of the user's turn becomes real."""
    chat.state.stored = True
    if event.parted:
        from rpterm.chat.elsewhere import PARTED

        chat.say(f"{PARTED} {keys.shown('branches', chat.settings.keys)} shows all.")
    if (session := chat.session) is not None:
        chat.desk.put(lambda: worker.keep_draft(session, ""))
    view = chat.transcript.view(GHOST_USER)
    if view is not None:
        view.show(event.turn)
    if chat.state.info is None:
        chat.phase(Phase.LOADING, share=chat.state.figures.share)


async def _started(chat: ChatScreen, event: events.ReplyStarted) -> None:
    """Show the empty replies where they will grow."""
    state = chat.state
    state.prompt = event.prompt
    chat.phase(Phase.EVALUATING)
    panes.show_window_usage(chat, event.prompt)
    panes.show_sent_prompt(chat, event.prompt)
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
        state.choosing = _choice(chat, event.turns)
        await chat.transcript.below(state.choosing)
    chat.refresh_hints()


def _choice(chat: ChatScreen, turns: Sequence[Turn]) -> Candidates:
    """The frame for several replies: to choose from, blind, or with and without examples."""
    if chat.state.request is not None and chat.state.request.compare_examples and len(turns) == 2:
        from rpterm.tui.widgets.aside import AsideView

        return AsideView(turns)
    if chat.state.request is None or not chat.state.request.duel or len(turns) != 2:
        return Candidates(turns)
    from rpterm.tui.screens.chat import duels

    return duels.duel_view(turns)


def _thought(chat: ChatScreen, event: events.ReplyThought) -> None:
    """The model thinks; the reply is still to come."""
    state = chat.state
    chat.figures(phase=Phase.THINKING, done=event.tokens)
    if (view := chat.transcript.view(state.live.get(event.index, 0))) is not None:
        view.think(event.text)


def show_growth(chat: ChatScreen, event: messages.ReplyGrown) -> None:
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
                view.grow(whole, wait=chat.input.undrawn)
                chat.keeper.growing(replace(view.turn, text=whole))


def _finished(chat: ChatScreen, event: events.ReplyFinished | events.ReplyCancelled) -> None:
    """A reply is complete, or was stopped; either way it is stored."""
    state = chat.state
    if state.choosing is not None:
        state.choosing.finish(event.index, event.turn, event.generation.usage.generated)
    elif (view := chat.transcript.view(event.turn.id)) is not None:
        view.show(event.turn)
    _count(chat, event.generation)
    if state.session is not None:
        state.session.rater.see(event.turn.id)
    chat.keeper.replied(event.turn)


async def _failed(chat: ChatScreen, event: events.ReplyFailed) -> None:
    """Say why, and lose nothing."""
    state = chat.state
    if state.request is not None and not state.stored:
        replies.restore_message(chat, state.request)
    if not state.stopping:
        await frame.show_error(chat, event.message, event.log_tail)


def engine_settled(chat: ChatScreen) -> None:
    """The engine is ready for the next message, or will not be."""
    if not chat.state.busy and chat.state.info is not None:
        chat.phase(Phase.READY)
        chat.keeper.idle()


async def reply_ended(chat: ChatScreen) -> None:
    """Nothing more comes: show what the database holds, and let the engine settle."""
    state = chat.state
    was_draft = state.request is not None and state.request.intent is Intent.IMPERSONATE
    state.request, state.running = None, False
    chat.input.read_only = False
    chosen, state.chosen = state.chosen, False
    if state.info is None and state.session is not None:
        state.info = state.session.engine.info
    chat.phase(Phase.SETTLING if state.info is not None else Phase.FAILED)
    if state.choosing is not None and not state.choosing.end():
        await frame.clear_below(chat)
    if state.choosing is None and not was_draft:
        await replies.refresh_transcript(chat)
    elif chosen:
        await replies.keep_marked(chat)
    else:
        frame.show_header(chat)
    if state.info is not None:
        frame.settle(chat)
    panes.request_preview(chat, always=True)


def _count(chat: ChatScreen, generation: Generation) -> None:
    """What the reply cost, in the status line."""
    usage = generation.usage
    chat.figures(
        reused=usage.reused, evaluated=usage.evaluated, rate=usage.tokens_per_second,
        first_s=usage.first_token_s, hint="",
    )  # fmt: skip
