"""Shows the events of a running reply on screen.

``generating`` tells them in order, from its thread.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from rpterm.tui.screens.chat import candidates, frame, preview, replies
from rpterm.tui.screens.chat.state import GHOST_REPLY, GHOST_USER
from rpterm.tui.widgets.candidates import COMPARISON, SIDES, Candidates
from rpterm.tui.widgets.status import Phase
from rpterm.types import Intent, Turn

if TYPE_CHECKING:
    from rpterm.chat import events
    from rpterm.tui.screens.chat.screen import ChatScreen


async def handle(chat: ChatScreen, event: events.SessionEvent) -> None:
    """Show an event of the session."""
    from rpterm.chat import events

    match event:
        case events.UserTurnStored():
            await _user_turn_stored(chat, event)
        case events.ReplyStarted():
            await _reply_started(chat, event)
        case events.PromptEvaluated(done, total, reused):
            # Not the last reply's figures beside this one's size.
            chat.figures(phase=Phase.EVALUATING, done=done, total=total, reused=reused,
                         evaluated=total, rate=0.0, first_s=0.0)  # fmt: skip
        case events.ReplyThought():
            _show_thought(chat, event)
        case events.ReplyFinished() | events.ReplyCancelled():
            _reply_finished(chat, event)
        case events.BestLed(index):
            if chat.state.choosing is not None and not chat.state.chosen:
                chat.state.choosing.mark_at(index)
        case events.BestKept(index, _, chances):
            from rpterm.tui.screens.chat import remedies

            await remedies.best_kept(chat, chances, index)
        case events.DraftFinished(text):
            chat.input.put(text)
        case events.ReplyFailed():
            await _reply_failed(chat, event)


async def _user_turn_stored(chat: ChatScreen, event: events.UserTurnStored) -> None:
    """Replace the placeholder of the user's turn with the stored turn."""
    chat.state.stored = True
    if event.begins_branch:
        from rpterm.chat.other_terminals import BRANCH_BEGUN

        chat.say(f"{BRANCH_BEGUN} {chat.key_name('branches')} shows all.")
    if (session := chat.session) is not None:
        draft = chat.input.full_text  # What was written since the message was sent.
        chat.desk.put(lambda: frame.keep_draft(session, draft))
    view = chat.transcript.view(GHOST_USER)
    if view is not None:
        view.show(event.turn)
    if chat.state.info is None:
        chat.phase(Phase.LOADING, share=chat.state.figures.share)


async def _reply_started(chat: ChatScreen, event: events.ReplyStarted) -> None:
    """Show the empty replies in the place where they will grow."""
    state = chat.state
    state.prompt = event.prompt
    chat.phase(Phase.EVALUATING)
    preview.show_window_usage(chat, event.prompt)
    preview.show_sent_prompt(chat, event.prompt)
    if not event.turns:
        chat.input.read_only = True
        return
    above = [turn for turn in chat.transcript.turns if turn.id not in (GHOST_USER, GHOST_REPLY)]
    ids = [turn.id for turn in above]
    parent = event.turns[0].parent_id
    if parent is None or parent in ids:
        above = above[: ids.index(parent) + 1] if parent else []  # A greeting that is continued.
    state.live = {index: turn.id for index, turn in enumerate(event.turns)}
    if len(event.turns) == 1:
        await chat.transcript.show([*above, event.turns[0]], more=chat.transcript.has_more)
    else:
        await chat.transcript.show(above, more=chat.transcript.has_more)
        state.choosing = _candidates_view(chat, event.turns)
        await chat.transcript.mount(state.choosing)
    chat.refresh_hints()


def _candidates_view(chat: ChatScreen, turns: Sequence[Turn]) -> Candidates:
    """The widget for several replies: a choice, a comparison with and without examples, a duel."""
    request = chat.state.request
    if request is not None and request.compare_examples and len(turns) == 2:
        return Candidates(turns, COMPARISON)
    if request is not None and request.duel and len(turns) == 2:
        left_index = secrets.randbelow(2)
        return Candidates(turns, SIDES, (left_index, 1 - left_index))
    return Candidates(turns)


def _show_thought(chat: ChatScreen, event: events.ReplyThought) -> None:
    """Show the model's thoughts before the reply."""
    state = chat.state
    chat.figures(phase=Phase.THINKING, done=event.tokens)
    if (view := chat.transcript.view(state.live.get(event.index, 0))) is not None:
        view.think(event.text)


def show_growth(chat: ChatScreen, texts: Mapping[int, str], tokens: Mapping[int, int]) -> None:
    """Show the full texts so far of the replies that grew, by candidate index."""
    state = chat.state
    if state.figures.phase is not Phase.WRITING:
        chat.phase(Phase.WRITING)
    if state.choosing is not None:
        state.choosing.grow(texts, tokens)
    elif state.request is not None and state.request.intent is Intent.IMPERSONATE:
        chat.input.put(texts.get(0, ""))
    else:
        for index, text in texts.items():
            if (view := chat.transcript.view(state.live.get(index, 0))) is not None:
                view.grow(text, wait=chat.input.undrawn)
                chat.keeper.growing(replace(view.turn, text=text))


def _reply_finished(chat: ChatScreen, event: events.ReplyFinished | events.ReplyCancelled) -> None:
    """Show a reply that is complete or was stopped, and have it scored; it is stored already."""
    state = chat.state
    if state.choosing is not None:
        state.choosing.finish(event.index, event.turn, event.generation.usage.generated)
    elif (view := chat.transcript.view(event.turn.id)) is not None:
        view.show(event.turn)
    usage = event.generation.usage
    chat.figures(
        reused=usage.reused, evaluated=usage.evaluated, rate=usage.tokens_per_second,
        first_s=usage.first_token_s, hint="",
    )  # fmt: skip
    if state.session is not None:
        state.session.rater.mark_seen(event.turn.id)
    chat.keeper.replied(event.turn)


async def _reply_failed(chat: ChatScreen, event: events.ReplyFailed) -> None:
    """Show the error, and return a message that was not stored to the input."""
    state = chat.state
    if state.request is not None and not state.stored:
        replies.restore_message(chat, state.request)
    if not state.stopping:
        await frame.show_error(chat, event.message, event.log_tail)


def engine_settled(chat: ChatScreen) -> None:
    """The engine has settled, successfully or not: show that it is ready, and score replies."""
    if not chat.state.busy and chat.state.info is not None:
        chat.phase(Phase.READY)
        chat.keeper.idle()


async def reply_ended(chat: ChatScreen) -> None:
    """After the last event: show what is stored, and wait for the engine to settle."""
    state = chat.state
    was_draft = state.request is not None and state.request.intent is Intent.IMPERSONATE
    state.request, state.running = None, False
    chat.input.read_only = False
    chosen, state.chosen = state.chosen, False
    if state.info is None and state.session is not None:
        state.info = state.session.engine.info
    chat.phase(Phase.SETTLING if state.info is not None else Phase.FAILED)
    if state.choosing is not None:
        if not state.choosing.finish_all():
            await frame.clear_below(chat)
        elif chat.transcript.is_vertical_scroll_end:
            state.choosing.scroll_to_marked()
    if state.choosing is None and not was_draft:
        await replies.refresh_transcript(chat)
    elif chosen:
        await candidates.keep_marked(chat)
    else:
        frame.show_header(chat)
    if state.info is not None:
        frame.settle_cache(chat)
    preview.request_preview(chat, always=True)
