"""What follows from what the user writes: it is kept while it grows, and the prompt is another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rpterm.tui import worker
from rpterm.tui.screens.chat import panes

if TYPE_CHECKING:
    from rpterm.tui.screens.chat.screen import ChatScreen

KEPT_AFTER_S = 1.5
"""How long typing must rest before what is written is on disk."""


def typed(chat: ChatScreen) -> None:
    """The draft changed: what the model does beside the chat ends."""
    if chat.session is not None:
        chat.session.touched()
    chat.refresh_hints()
    panes.want_preview(chat)
    chat.state.drafts += 1
    chat.set_timer(KEPT_AFTER_S, lambda at=chat.state.drafts: _rested(chat, at))


def _rested(chat: ChatScreen, at: int) -> None:
    session, text = chat.session, chat.input.whole
    # What was just sent stays the draft until it is stored as a turn.
    sent = not text.strip() and (chat.state.busy or chat.state.wish is not None)
    if session is not None and chat.state.drafts == at and not sent:
        chat.desk.put(lambda: worker.keep_draft(session, text))
