"""The key hints of the chat screen, and completions in their place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rpterm.chat import slash
from rpterm.tui import keys
from rpterm.tui.screens.chat import slash_completion
from rpterm.tui.widgets.hints import KeyHints
from rpterm.types import Turn

if TYPE_CHECKING:
    from rpterm.tui.screens.chat.screen import ChatScreen


WRITING = ("stop", "select-previous", "pane-prompt", "palette")
DUELING = ("duel-left", "duel-right", "duel-tie", "duel-bad", "back", "help")
CHOOSING = ("choose", "back", "palette", "help")
SELECTED = ("edit", "regenerate-here", "swipe-previous", "swipe-next", "branch-here", "delete")
RATED = ("stars-1", "stars-2", "stars-3", "stars-4", "stars-5", "thumb-up", "thumb-down")
SELECTED_LAST = ("continue-here", "copy", "hide", "back", "help")
RATED_LAST = ("tags", "flag", "unrate")
TYPING = ("send", "newline", "editor", "pane-prompt", "palette")
EDITING = ("turn-keep", "turn-line", "turn-leave", "palette")
COVERED = ("back", "pane-prompt", "pane-card", "pane-chats", "pane-memory", "pane-consistency",
           "pane-examples", "palette", "help")  # fmt: skip
BESIDE = ("next-place", *COVERED)
FIXED = {
    "prompt": (("↑↓", "mark"), ("⏎", "unfold")), "card": (("↑↓", "scroll"),),
    "chats": (("↑↓", "mark"), ("⏎", "open")), "memory": (("↑↓", "mark"),),
    "consistency": (("↑↓", "mark"), ("⏎", "line")), "examples": (("↑↓", "mark"), ("⏎", "unfold")),
}  # fmt: skip
"""The hints for the keys of lists in each pane, which cannot be remapped."""
EMPTY = ("regenerate", "swipe-previous", "swipe-next", "edit-last", "candidates", "continue",
         "select-previous", "chats", "palette", "help")  # fmt: skip


def hints(chat: ChatScreen) -> tuple[str, ...]:
    """The ids of the commands to show as hints in the present state."""
    beside = ("next-place",) if chat.panes.shown and not chat.panes.covers else ()
    if chat.state.busy:
        return (WRITING[0], *beside, *WRITING[1:])
    if chat.panes.active:
        places = COVERED if chat.panes.covers else BESIDE
        return ("editor", *places) if chat.panes.active == "card" else places
    if chat.panes.covers:
        return COVERED
    if chat.state.editor is not None:
        return EDITING
    if chat.transcript.selected is not None:
        return _turn_hints(chat.transcript.selected)
    if chat.state.choosing is not None and chat.input.empty:
        return DUELING if chat.state.choosing.blind else CHOOSING
    group = chat.session is not None and chat.session.scene.group
    if not chat.input.empty:
        return (*TYPING[:1], *(["speaker"] if group else ()), *beside, *TYPING[1:])
    return (*beside, *(("speaker", "cast") if group else ()), *EMPTY)


def fixed_hints(chat: ChatScreen) -> tuple[tuple[str, str], ...]:
    """Keys that do something else in this state or pane than their label says."""
    if chat.state.busy:
        return ()
    if hints(chat) is CHOOSING:
        swipes = ("swipe-previous", "swipe-next")
        arrows = (keys.short_key_name(each, chat.settings.keys) for each in swipes)
        return (("".join((*arrows, "↑↓")), "mark"),)
    return FIXED.get(chat.panes.active, ())


def show_hints(chat: ChatScreen) -> None:
    """Show the hints, or the completions while a slash command is written."""
    line, widget = chat.input.text, chat.query_one("#hints", KeyHints)
    # Nothing has the focus while the terminal's window is in the background.
    if slash.is_command(line) and chat.focused in (chat.input, None):
        widget.complete(*slash_completion.suggestions(line, chat.settings.keys))
    else:
        widget.show(hints(chat), fixed_hints(chat))


def _turn_hints(turn: Turn) -> tuple[str, ...]:
    """The commands on a selected turn; only replies can be rated."""
    if turn.role != "assistant":
        return (*SELECTED, *SELECTED_LAST)
    return (*SELECTED, *RATED, *SELECTED_LAST, *RATED_LAST)
