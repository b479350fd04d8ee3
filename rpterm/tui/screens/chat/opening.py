"""From the first frame to a chat that answers: open the session, load the model, or say why not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rpterm.tui import messages, worker
from rpterm.tui.screens.chat import panes, replies
from rpterm.tui.screens.chat.state import GHOST_REPLY, GHOST_USER, ChatState
from rpterm.tui.widgets.candidates import Candidates
from rpterm.tui.widgets.error import ErrorBlock
from rpterm.tui.widgets.header import Header
from rpterm.tui.widgets.status import Phase

if TYPE_CHECKING:
    from rpterm.cards.card import CharacterCard
    from rpterm.tui.screens.chat.screen import ChatScreen

NEW_CHAT = 0
"""The chat id that asks an opener for a new chat."""

STARTER_HINT = "a starter; `rpterm models` has better ones"


def expand(card: CharacterCard, text: str, user: str) -> str:
    """A greeting with the names filled in, for the first frame; the session has the exact one."""
    from rpterm.cards import macros

    return macros.expand(text, char=card.char, user=user).strip()


def dress(chat: ChatScreen) -> None:
    """Name whom one talks to."""
    header = chat.query_one("#header", Header)
    card, record = chat.card, chat.state.chat
    name = card.name if card else "rpterm"
    header.show(name, card.tagline if card else "", record.title if record else "")
    chat.input.placeholder = f"Write to {card.char}…" if card else "Choose a character first"
    chat.tints = {}
    if chat.session is not None and chat.session.scene.group:
        from rpterm.tui.screens.chat import group

        group.dress(chat, chat.session.scene)


def begin(chat: ChatScreen) -> None:
    """After the first frame: open the chat, or choose a character."""
    if chat.choose_first:
        chat.command("characters")
    else:
        open_chat(chat, None, None)


def open_chat(chat: ChatScreen, target: str | None, chat_id: int | None) -> None:
    """Open a chat in a thread. ``None`` and ``None``: what the command line asked for."""
    chat.phase(Phase.OPENING)
    opener, post = chat.opener, chat.post_message
    chat.loads.put(lambda: worker.open_chat(opener, target, chat_id, post))


async def switch(chat: ChatScreen, target: str | None, chat_id: int | None) -> None:
    """Leave the chat that is open and open another one."""
    state, session = chat.state, chat.session
    state.epoch += 1
    if session is not None and state.busy:
        session.cancel()
    chat.state = ChatState(epoch=state.epoch)
    chat.transcript.select(None)
    chat.figures(used=0, context=0, reused=0, evaluated=0, rate=0.0, first_s=0.0, hint="")
    open_chat(chat, target, chat_id)
    if session is not None:
        # The opener leaves the old chat first: its cache is saved while the engine still holds it.
        chat.loads.put(session.close)


async def opened(chat: ChatScreen, event: messages.SessionOpened) -> None:
    """The chat is open: show it, load its model, send what waits."""
    state = chat.state
    state.session, state.chat = event.session, event.chat
    chat.card = event.session.card
    dress(chat)
    await clear_below(chat)
    tail = list(event.turns)
    ghosts = [turn for turn in chat.transcript.turns if turn.id in (GHOST_USER, GHOST_REPLY)]
    if state.wish is not None:
        tail += ghosts
    await chat.transcript.show(tail, more=len(event.turns) >= worker.WINDOW)
    chat.transcript.to_end()
    if event.session.scene.group:
        dress(chat)
    chat.phase(Phase.LOADING)
    session, post = event.session, chat.post_message
    chat.loads.put(lambda: worker.load_model(session, post))
    panes.opened(chat)
    chat.run_worker(_marks(chat), group="marks")
    if state.wish is not None:
        replies.run(chat)


async def _marks(chat: ChatScreen) -> None:
    from rpterm.tui.screens.chat import judging

    await judging.show_marks(chat)


async def failed(chat: ChatScreen, text: str) -> None:
    """The chat could not be opened; what was typed stays in the input."""
    if (wish := chat.state.wish) is not None:
        chat.state.wish = None
        replies.give_back(chat, wish)
    ghosts = [turn for turn in chat.transcript.turns if turn.id not in (GHOST_USER, GHOST_REPLY)]
    await chat.transcript.show(ghosts, more=False)
    await show_error(chat, text)
    chat.phase(Phase.FAILED)


def loaded(chat: ChatScreen, event: messages.ModelLoaded) -> None:
    """The model is there."""
    info = event.info
    chat.state.info = info
    hint = STARTER_HINT if info.starter else ""
    chat.figures(model=info.model, context=info.context, share=0.0, hint=hint)
    if not chat.state.busy:
        chat.phase(Phase.SETTLING)
        settle(chat)
    panes.want_preview(chat, always=True)


def settle(chat: ChatScreen) -> None:
    """Tell when the engine has settled."""
    session, post = chat.session, chat.post_message
    if session is not None:
        chat.idle.put(lambda: worker.settle(session, post))


async def model_failed(chat: ChatScreen, event: messages.ModelFailed) -> None:
    """There is no model; the chat can be read and edited, and Ctrl+R tries again."""
    chat.phase(Phase.FAILED)
    if not chat.state.busy:
        await show_error(chat, event.text, event.log_tail)


async def show_error(chat: ChatScreen, text: str, log_tail: str = "") -> None:
    """Put a quiet block under the last turn."""
    shown = [block.message for block in chat.query(ErrorBlock)]
    if text not in shown:
        await chat.transcript.below(ErrorBlock(text, log_tail))
        chat.transcript.to_end()


async def clear_below(chat: ChatScreen) -> None:
    """Take away errors and candidates."""
    chat.state.choosing = None
    await chat.transcript.remove_children([*chat.query(ErrorBlock), *chat.query(Candidates)])


async def card_changed(chat: ChatScreen, card: CharacterCard, summary: str) -> None:
    """The card was saved in an editor: say what changed, and show it."""
    chat.card = card
    dress(chat)
    panes.opened(chat)
    chat.say(summary, title=f"{card.name} was saved")
