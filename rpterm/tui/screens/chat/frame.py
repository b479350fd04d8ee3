"""Helpers for all parts of the chat screen: the header, errors below the last turn, opening a chat.

Knows no replies and no commands, so that the modules that do can import it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rpterm.tui import background
from rpterm.tui.screens.chat import speakers
from rpterm.tui.widgets.candidates import Candidates
from rpterm.tui.widgets.error import ErrorBlock
from rpterm.tui.widgets.header import Header
from rpterm.tui.widgets.status import Phase

if TYPE_CHECKING:
    from rpterm.tui.screens.chat.screen import ChatScreen


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


def open_chat(chat: ChatScreen, target: str | None, chat_id: int | None) -> None:
    """Open a chat in a thread.

    Args:
        target: The name or path of a card.
        chat_id: A stored chat. Both ``None``: what the command line asked for.
    """
    chat.phase(Phase.OPENING, hint="")
    opener, post = chat.opener, chat.post_message
    chat.loads.put(lambda: background.open_chat(opener, target, chat_id, post))


def settle_cache(chat: ChatScreen) -> None:
    """Wait in a thread until the engine has settled, and post that as a message."""
    session, post = chat.session, chat.post_message
    if session is not None:
        chat.idle.put(lambda: background.settle_cache(session, post))


async def show_error(chat: ChatScreen, text: str, log_tail: str = "") -> None:
    """Show an error in a block below the last turn, unless it is shown already."""
    if text not in [block.message for block in chat.query(ErrorBlock)]:
        await chat.transcript.mount(ErrorBlock(text, log_tail))
        chat.transcript.scroll_to_end()


async def clear_below(chat: ChatScreen) -> None:
    """Remove the errors and candidates below the last turn."""
    chat.state.choosing = None
    await chat.transcript.remove_children([*chat.query(ErrorBlock), *chat.query(Candidates)])
