"""What stands around the turns, and what every part of the chat asks for.

The header, an error below the last turn, opening a chat, the engine that settles. Knows no reply
and no command: what does may import it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rpterm.tui import worker
from rpterm.tui.screens.chat import panes
from rpterm.tui.widgets.candidates import Candidates
from rpterm.tui.widgets.error import ErrorBlock
from rpterm.tui.widgets.header import Header
from rpterm.tui.widgets.status import Phase

if TYPE_CHECKING:
    from rpterm.cards.card import CharacterCard
    from rpterm.tui.screens.chat.screen import ChatScreen


def show_header(chat: ChatScreen) -> None:
    """Name whom one talks to."""
    header = chat.query_one("#header", Header)
    card, record = chat.card, chat.state.chat
    name = card.name if card else "rpterm"
    header.show(name, card.tagline if card else "", record.title if record else "")
    chat.input.placeholder = f"Write to {card.char}…" if card else "Choose a character first"
    chat.tints = {}
    if chat.session is not None and chat.session.scene.group:
        from rpterm.tui.screens.chat import group

        group.show_header(chat, chat.session.scene)


def open_chat(chat: ChatScreen, target: str | None, chat_id: int | None) -> None:
    """Open a chat in a thread. ``None`` and ``None``: what the command line asked for."""
    chat.phase(Phase.OPENING, hint="")
    opener, post = chat.opener, chat.post_message
    chat.loads.put(lambda: worker.open_chat(opener, target, chat_id, post))


def settle(chat: ChatScreen) -> None:
    """Tell when the engine has settled."""
    session, post = chat.session, chat.post_message
    if session is not None:
        chat.idle.put(lambda: worker.settle(session, post))


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


async def card_changed(
    chat: ChatScreen, card: CharacterCard, summary: str, title: str = ""
) -> None:
    """The card is another one, most often saved in an editor: say what changed, and show it."""
    chat.card = card
    show_header(chat)
    panes.chat_opened(chat)
    chat.say(summary, title=title or f"{card.name} was saved")
