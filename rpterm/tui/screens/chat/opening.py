"""Opens a chat: from the first frame to a loaded model, or to the reason why that failed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rpterm.tui import background, messages
from rpterm.tui.screens.chat import (
    examples,
    frame,
    other_terminals,
    panes,
    preview,
    ratings,
    replies,
    require,
)
from rpterm.tui.screens.chat.state import GHOST_GREETING, GHOST_REPLY, GHOST_USER, ChatState
from rpterm.tui.widgets.status import Phase
from rpterm.tui.widgets.turn import TurnView
from rpterm.types import Turn

if TYPE_CHECKING:
    from rpterm.chat.session import Session
    from rpterm.tui.screens.chat.screen import ChatScreen

NEW_CHAT = 0
"""The chat id that tells an opener to create a new chat."""

STARTER_HINT = "a starter; `rpterm models` has better ones"


def first_views(chat: ChatScreen) -> list[TurnView]:
    """The greeting as far as it is known for the first frame; the session has the exact text."""
    if chat.card is None or not chat.greeting:
        return []
    return [TurnView(Turn(GHOST_GREETING, 0, None, "assistant", chat.card.char, chat.greeting))]


def begin(chat: ChatScreen) -> None:
    """After the first frame: open the chat, or let the user choose a character."""
    if chat.choose_first:
        chat.command("characters")
    else:
        frame.open_chat(chat, None, None)


async def switch_chat(chat: ChatScreen, target: str | None, chat_id: int | None) -> None:
    """Leave the open chat and open another one."""
    require.no_editor(chat)
    state, session = chat.state, chat.session
    state.epoch += 1
    if session is not None and state.busy:
        session.cancel()
    chat.state = ChatState(epoch=state.epoch)
    chat.keeper.clear_alarm()
    chat.transcript.select(None)
    chat.figures(used=0, context=0, left=0, reused=0, evaluated=0, rate=0.0, first_s=0.0, hint="")
    examples.refresh_soon(chat)
    if session is not None:
        # The draft stays in the input and moves to the other chat.
        chat.loads.put(lambda: background.keep_draft(session, ""))
    frame.open_chat(chat, target, chat_id)
    if session is not None:
        # Closed afterwards: the opener leaves the old chat first, which saves its KV cache while
        # the engine still holds it.
        chat.loads.put(session.close)


async def session_opened(chat: ChatScreen, event: messages.SessionOpened) -> None:
    """The chat is open: show it, load its model, and send the message that waits for it."""
    state = chat.state
    state.session, state.chat = event.session, event.chat
    chat.card = event.session.card
    frame.show_header(chat)
    await frame.clear_below(chat)
    tail = list(event.turns)
    ghosts = [turn for turn in chat.transcript.turns if turn.id in (GHOST_USER, GHOST_REPLY)]
    if state.request is not None:
        tail += ghosts
    await chat.transcript.show(tail, more=len(event.turns) >= background.WINDOW)
    chat.transcript.scroll_to_end()
    portrait = panes.portrait_path(chat)
    user = event.chat.persona.name
    chat.call_after_refresh(chat.transcript.introduce, chat.card, user, portrait)
    if event.session.scene.group:
        frame.show_header(chat)
    chat.phase(Phase.LOADING)
    session, post = event.session, chat.post_message
    chat.loads.put(lambda: background.load_model(session, post))
    panes.chat_opened(chat)
    await _restore_draft(chat, session)
    chat.work(ratings.show_marks(chat), "marks")
    chat.work(other_terminals.warn_if_open(chat, session), "elsewhere")
    if state.request is not None:
        replies.run(chat)


async def _restore_draft(chat: ChatScreen, session: Session) -> None:
    """Put the stored draft before what the user has begun to write meanwhile, or has sent."""
    from rpterm.store import drafts

    draft = await chat.ask(drafts.load, session.store, session.chat_id)
    if draft.strip() not in chat.input.full_text:
        replies.prepend_to_input(chat, draft)


async def opening_failed(chat: ChatScreen, text: str) -> None:
    """The chat could not be opened: say why; a message that waits returns to the input."""
    if (request := chat.state.request) is not None:
        chat.state.request = None
        replies.restore_message(chat, request)
    kept = [turn for turn in chat.transcript.turns if turn.id not in (GHOST_USER, GHOST_REPLY)]
    await chat.transcript.show(kept, more=False)
    await frame.show_error(chat, text)
    chat.phase(Phase.CLOSED, hint=f"{chat.key_name('regenerate')} tries again")


def model_loaded(chat: ChatScreen, event: messages.ModelLoaded) -> None:
    """The model is loaded: show its name, and wait for the engine to settle."""
    info = event.info
    chat.state.info = info
    hint = STARTER_HINT if info.starter else ""
    chat.figures(model=info.model, context=info.context, share=0.0, hint=hint)
    if not chat.state.busy:
        chat.phase(Phase.SETTLING)
        frame.settle_cache(chat)
    examples.refresh_soon(chat)
    preview.request_preview(chat, always=True)


async def model_failed(chat: ChatScreen, event: messages.ModelFailed) -> None:
    """The model could not be loaded; the chat can be read and edited, and Ctrl+R tries again."""
    chat.phase(Phase.FAILED)
    examples.refresh_soon(chat)
    if not chat.state.busy:
        await frame.show_error(chat, event.text, event.log_tail)
