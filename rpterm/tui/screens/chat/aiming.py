"""Where words go: to the place in which one writes, from any other in which they mean nothing.

Asked before a key or a paste is handed on, so that what is typed quickly keeps its order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import events

if TYPE_CHECKING:
    from rpterm.tui.screens.chat.screen import ChatScreen


def aim(chat: ChatScreen, event: events.Key | events.Paste) -> None:
    """Let the input, or the editor of a turn, have this and what comes after it."""
    if not chat.is_current or not chat.is_mounted or chat.panes.covers:
        return
    place = chat.focused
    takes_words = place is not None and place.check_consume_key("a", "a")
    if not takes_words and (isinstance(event, events.Paste) or _is_letter(chat, event)):
        # Not ``focus``, which has its effect later.
        chat.set_focus(chat.state.editor or chat.input)


def _is_letter(chat: ChatScreen, event: events.Key) -> bool:
    """Whether a key prints something and is no command; a blank begins no word."""
    prints = event.is_printable and event.key != "space"
    return prints and event.key not in chat.active_bindings
