"""Whether a key of the registry acts in the state the chat is in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rpterm import slash
from rpterm.tui import keys
from rpterm.tui.widgets.turn_editor import TurnEditor
from rpterm.tui.widgets.writing import Line

if TYPE_CHECKING:
    from rpterm.tui.screens.chat.screen import ChatScreen


def allowed(chat: ChatScreen, key: keys.Key, *, typed: bool) -> bool:
    """Whether one of the key's states holds.

    Args:
        typed: Look at the states that depend on what is written, or else at the others: see
            ``keys.OF_THE_INPUT``.
    """
    return any(_holds(chat, when) for when in key.when if (when in keys.OF_THE_INPUT) is typed)


def _holds(chat: ChatScreen, when: keys.When) -> bool:
    writing_here = chat.input.has_focus
    match when:
        case "always":
            return True
        case "input":
            return writing_here
        case "empty":
            return writing_here and chat.input.empty
        case "typing":
            return writing_here and not chat.input.empty
        case "command":
            return writing_here and slash.is_command(chat.input.text)
        case "elsewhere":
            return not writing_here
        case "selected":
            # By where the next key goes: a widget learns that it lost the keys a little later.
            return chat.transcript.selected is not None and chat.focused is chat.transcript
        case "writing":
            return chat.state.busy
        case "choosing":
            return _waits(chat, blind=False)
        case "dueling":
            return _waits(chat, blind=True)
        case "free":
            chosen = chat.transcript.selected or chat.state.choosing or chat.panes.shown
            # The editor of a turn and the search of a pane have an Escape of their own.
            return bool(chosen) and not isinstance(chat.focused, TurnEditor | Line)


def _waits(chat: ChatScreen, *, blind: bool) -> bool:
    """Whether candidates, blind ones or others, wait and no message is being written."""
    choosing = chat.state.choosing
    ready = chat.input.has_focus and chat.input.empty
    return choosing is not None and choosing.blind is blind and ready
