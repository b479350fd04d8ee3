"""What a command needs before it can run. A ``Refusal`` ends the command; the screen shows why."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rpterm.errors import RptermError
from rpterm.tui.widgets.status import Phase

if TYPE_CHECKING:
    from rpterm.chat.session import Session
    from rpterm.tui.screens.chat.screen import ChatScreen


class Refusal(RptermError):
    """A command cannot run as things are; the text says why, and what to do first."""


def session(chat: ChatScreen) -> Session:
    """The open chat's session."""
    if chat.session is not None:
        return chat.session
    if chat.state.figures.phase is Phase.CLOSED:
        raise Refusal(f"The chat could not be opened; {chat.key_name('regenerate')} tries again.")
    raise Refusal("The chat is still opening.")


def idle(chat: ChatScreen) -> None:
    """Require that no reply is being written and no turn edited."""
    if chat.state.busy or chat.state.keeping:
        raise Refusal("Still writing: Esc stops the reply.")
    no_editor(chat)


@contextmanager
def holding(chat: ChatScreen) -> Iterator[None]:
    """Refuse other requests while something is stored that the next one builds on."""
    state = chat.state
    state.keeping = True
    try:
        yield
    finally:
        state.keeping = False


def no_editor(chat: ChatScreen) -> None:
    """Require that no turn is being edited, or else focus its editor."""
    if (editor := chat.state.editor) is None:
        return
    keep_key, leave_key = chat.key_name("turn-keep"), chat.key_name("turn-leave")
    editor.focus()
    raise Refusal(f"A turn is being edited: {keep_key} keeps the edit, {leave_key} discards it.")


def no_choice(chat: ChatScreen) -> None:
    """Require that no candidates wait for a choice, unless a turn is selected.

    Until then, the last turn of the transcript is not the reply that the user is looking at.
    """
    choosing = chat.state.choosing
    if choosing is not None and chat.transcript.selected is None:
        what = "Say first which is better." if choosing.blind else "Choose one of them first: ⏎."
        raise Refusal(what)
