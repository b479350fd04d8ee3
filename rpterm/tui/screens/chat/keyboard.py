"""What a key means to the chat: which commands are active now, and where typed text goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import events

from rpterm.chat import slash
from rpterm.tui import keys
from rpterm.tui.widgets.text_inputs import JoinerInput
from rpterm.tui.widgets.turn_editor import TurnEditor

if TYPE_CHECKING:
    from rpterm.tui.screens.chat.screen import ChatScreen


def allows(chat: ChatScreen, action: str, parameters: tuple[object, ...]) -> bool:
    """Whether a binding of the screen may run now; see ``Screen.check_action``."""
    if action == "command" and parameters and (key := keys.BY_ID.get(str(parameters[0]))):
        # A key may be pressed before the screen is mounted.
        return chat.is_mounted and is_active(chat, key, typed=False)
    return True


def press(chat: ChatScreen, name: str) -> bool:
    """Run the command of a key pressed in the input; False leaves the key to the input."""
    choosing, rows = chat.state.choosing, {"up": -1, "down": 1}.get(name, 0)
    if choosing is not None and rows and _candidates_wait(chat, blind=False):
        choosing.move(rows * choosing.columns)
        return True
    for key in keys.commands_for_input_key(name, chat.settings.keys):
        if is_active(chat, key, typed=True):
            chat.command(key.id)
            return True
    if chat.input.empty and keys.is_key_of("help", name, chat.settings.keys):
        chat.app.run_command("help")  # type: ignore[attr-defined]
        return True
    return False


def is_active(chat: ChatScreen, key: keys.Key, *, typed: bool) -> bool:
    """Whether a key of the registry acts in the chat's present state.

    Args:
        typed: Check the states that depend on what is in the input, or else the other states: see
            ``keys.INPUT_STATES``.
    """
    return any(_holds(chat, when) for when in key.when if (when in keys.INPUT_STATES) is typed)


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
            # The screen's focus decides: a widget learns later that it has lost the focus.
            return chat.transcript.selected is not None and chat.focused is chat.transcript
        case "writing":
            return chat.state.busy
        case "choosing":
            return _candidates_wait(chat, blind=False)
        case "dueling":
            return _candidates_wait(chat, blind=True)
        case "free":
            something_open = chat.transcript.selected or chat.state.choosing or chat.panes.shown
            # The turn editor and a pane's search line handle Escape themselves.
            return bool(something_open) and not isinstance(chat.focused, TurnEditor | JoinerInput)


def _candidates_wait(chat: ChatScreen, *, blind: bool) -> bool:
    """Whether candidates, blind or not, wait for a choice and no message is being written."""
    choosing = chat.state.choosing
    ready = chat.input.has_focus and chat.input.empty
    return choosing is not None and choosing.blind is blind and ready


def focus_for_typing(chat: ChatScreen, event: events.Key | events.Paste) -> None:
    """Focus the input, or the turn editor, if text is typed or pasted where it means nothing.

    Called before the event is dispatched, so that fast typing keeps its order.
    """
    # ``is_current`` also holds behind a dialog.
    if chat.app.screen is not chat or not chat.is_mounted or chat.panes.covers:
        return
    focused = chat.focused
    takes_text = focused is not None and focused.check_consume_key("a", "a")
    if not takes_text and (isinstance(event, events.Paste) or _begins_text(chat, event)):
        # Not ``focus()``, which takes effect later.
        chat.set_focus(chat.state.editor or chat.input)


def _begins_text(chat: ChatScreen, event: events.Key) -> bool:
    """Whether a key prints a character other than a space and is not bound to a command."""
    prints = event.is_printable and event.key != "space"
    return prints and event.key not in chat.active_bindings
