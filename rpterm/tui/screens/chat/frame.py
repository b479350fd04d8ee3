"""Helpers for all parts of the chat screen: the header, errors below the last turn, the draft.

Knows no replies and no commands, so that the modules that do can import it.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from rpterm.errors import RptermError
from rpterm.tui.screens.chat import speakers
from rpterm.tui.widgets.candidates import Candidates
from rpterm.tui.widgets.error import ErrorBlock
from rpterm.tui.widgets.header import Header

if TYPE_CHECKING:
    from rpterm.chat.session import Session
    from rpterm.tui.screens.chat.screen import ChatScreen

SETTLE_S = 60.0
"""Longest wait for the engine to settle."""


def show_header(chat: ChatScreen) -> None:
    """Show the character's name and tagline and the chat's title, and the input's placeholder."""
    header = chat.query_one("#header", Header)
    card, record = chat.card, chat.state.chat
    name = card.name if card else "rpterm"
    header.show(name, card.tagline if card else "", record.title if record else "")
    chat.input.placeholder = _placeholder(chat)
    chat.tints = {}
    if chat.session is not None and chat.session.scene.group:
        speakers.show_header(chat, chat.session.scene)


def _placeholder(chat: ChatScreen) -> str:
    """The placeholder of the empty input; Enter also asks for a reply that is missing."""
    if chat.card is None:
        return "Choose a character first"
    turns = chat.transcript.turns
    unanswered = bool(turns) and turns[-1].id > 0 and turns[-1].role == "user"
    waits = unanswered and not chat.state.busy and chat.state.choosing is None
    name = chat.card.char
    return f"Write, or ⏎ and {name} answers" if waits else f"Write to {name}…"


def settle_cache(chat: ChatScreen) -> None:
    """Wait in a thread until the engine can take the next message at the least cost.

    A new message ends the wait, as does the death of the model's process.
    """
    from rpterm.tui.screens.chat import reply_events

    def settle(session: Session) -> None:
        session.engine.settled(SETTLE_S)
        chat.tell(lambda: reply_events.engine_settled(chat))

    if (session := chat.session) is not None:
        chat.idle.put(lambda: settle(session))


def keep_draft(session: Session, text: str) -> None:
    """Store the unsent draft for the next time this chat is opened; "" clears it."""
    from rpterm.store import drafts

    with suppress(RptermError):
        drafts.save(session.store, session.chat_id, text)


async def show_error(chat: ChatScreen, text: str, log_tail: str = "") -> None:
    """Show an error in a block below the last turn, unless it is shown already."""
    if text not in [block.message for block in chat.query(ErrorBlock)]:
        await chat.transcript.mount(ErrorBlock(text, log_tail))
        chat.transcript.scroll_to_end()


async def clear_below(chat: ChatScreen) -> None:
    """Remove the errors and candidates below the last turn."""
    chat.state.choosing = None
    await chat.transcript.remove_children([*chat.query(ErrorBlock), *chat.query(Candidates)])
