"""Opens a chat: from the first frame to a loaded model, or to the reason why that failed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rpterm.errors import RptermError
from rpterm.tui.screens.chat import (
    frame,
    other_terminals,
    preview,
    ratings,
    replies,
    require,
)
from rpterm.tui.screens.chat.state import (
    GHOST_GREETING,
    GHOST_REPLY,
    GHOST_USER,
    WINDOW,
    ChatState,
)
from rpterm.tui.widgets.status import Phase
from rpterm.tui.widgets.turn import TurnView
from rpterm.types import Chat, Turn

if TYPE_CHECKING:
    from rpterm.chat.session import Session
    from rpterm.engine.protocol import EngineInfo
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
        open_chat(chat, None, None)


def open_chat(chat: ChatScreen, target: str | None, chat_id: int | None) -> None:
    """Open a chat in a thread.

    Args:
        target: The name or path of a card.
        chat_id: A stored chat. Both ``None``: what the command line asked for.
    """
    chat.phase(Phase.OPENING, hint="")
    chat.loads.put(lambda: _open(chat, target, chat_id))


def _open(chat: ChatScreen, target: str | None, chat_id: int | None) -> None:
    """In the thread: open a chat, and tell the screen its last turns."""
    try:
        session = chat.opener(target, chat_id)
        record, turns = session.chat, session.path(WINDOW)
    except RptermError as error:
        problem = str(error)
        chat.tell(lambda: opening_failed(chat, problem))
        return

    def memory_changed(*_what: object) -> None:
        chat.tell(lambda: chat.fill_pane("memory"))

    if session.distiller is not None:
        session.distiller.listeners.append(memory_changed)
    if session.memory is not None:
        session.memory.listeners.append(memory_changed)
    chat.tell(lambda: session_opened(chat, session, record, turns))


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
    chat.fill_pane("examples")
    if session is not None:
        # The draft stays in the input and moves to the other chat.
        chat.loads.put(lambda: frame.keep_draft(session, ""))
    open_chat(chat, target, chat_id)
    if session is not None:
        # Closed afterwards: the opener leaves the old chat first, which saves its KV cache while
        # the engine still holds it.
        chat.loads.put(session.close)


async def session_opened(
    chat: ChatScreen, session: Session, record: Chat, turns: list[Turn]
) -> None:
    """The chat is open: show its last turns, load its model, and send the message that waits."""
    state = chat.state
    state.session, state.chat = session, record
    chat.card = session.card
    frame.show_header(chat)
    await frame.clear_below(chat)
    ghosts = [turn for turn in chat.transcript.turns if turn.id in (GHOST_USER, GHOST_REPLY)]
    tail = [*turns, *ghosts] if state.request is not None else turns
    await chat.transcript.show(tail, more=len(turns) >= WINDOW)
    chat.transcript.scroll_to_end()
    portrait = frame.portrait_path(chat)
    chat.call_after_refresh(chat.transcript.introduce, chat.card, record.persona.name, portrait)
    if session.scene.group:
        frame.show_header(chat)
    chat.phase(Phase.LOADING)
    chat.loads.put(lambda: _load(chat, session))
    chat.fill_panes()
    await _restore_draft(chat, session)
    chat.work(ratings.show_marks(chat), "marks")
    chat.work(other_terminals.warn_if_open(chat, session), "elsewhere")
    if state.request is not None:
        replies.run(chat)
    chat.show_pending_turn()


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


def _load(chat: ChatScreen, session: Session) -> None:
    """In the thread: load the model of a session, and tell the screen the progress in percents."""
    last = -1.0

    def report_progress(share: float) -> None:
        nonlocal last
        if share - last >= 0.01 or share >= 1:
            last = share
            chat.tell(lambda: chat.phase(Phase.LOADING, share=share), ("loading",))

    try:
        info = session.load(report_progress)
    except RptermError as error:
        problem, log_tail = str(error), getattr(error, "log_tail", "")
        chat.tell(lambda: model_failed(chat, problem, log_tail))
        return
    chat.tell(lambda: model_loaded(chat, info))


def model_loaded(chat: ChatScreen, info: EngineInfo) -> None:
    """The model is loaded: show its name, and wait for the engine to settle."""
    chat.state.info = info
    hint = STARTER_HINT if info.starter else ""
    chat.figures(model=info.model, context=info.context, share=0.0, hint=hint)
    if not chat.state.busy:
        chat.phase(Phase.SETTLING)
        frame.settle_cache(chat)
    chat.fill_pane("examples")
    preview.request_preview(chat, always=True)


async def model_failed(chat: ChatScreen, problem: str, log_tail: str) -> None:
    """The model could not be loaded; the chat can be read and edited, and Ctrl+R tries again."""
    chat.phase(Phase.FAILED)
    chat.fill_pane("examples")
    if not chat.state.busy:
        await frame.show_error(chat, problem, log_tail)
