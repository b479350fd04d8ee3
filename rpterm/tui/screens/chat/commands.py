"""Maps every command id of the key registry to the function that runs it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING

from rpterm.tui import keys
from rpterm.tui.screens.chat import (
    candidates,
    chats,
    examples,
    files,
    group,
    memory,
    navigation,
    panes,
    ratings,
    remedies,
    replies,
    sending,
    setting_commands,
    slash_completion,
    turns,
    worlds,
)
from rpterm.tui.screens.judging import VERDICTS

if TYPE_CHECKING:
    from rpterm.tui.screens.chat.screen import ChatScreen

Command = Callable[["ChatScreen"], Awaitable[None] | None]
"""A command that is not a coroutine runs at once: the next key may already be on its way."""


def _newline(chat: ChatScreen) -> None:
    chat.input.insert("\n")


def _pass_to_editor(chat: ChatScreen, *, name: str) -> None:
    """Pass a command on to the turn editor; needed when its hint is clicked."""
    if chat.state.editor is not None:
        chat.state.editor.action_command(name)


COMMANDS: dict[str, Command] = {
    "send": sending.send,
    "newline": _newline,
    "complete": slash_completion.complete,
    "stop": replies.stop,
    "back": turns.back,
    "editor": turns.edit_outside_here,
    "impersonate": sending.impersonate,
    "regenerate": replies.regenerate,
    "candidates": sending.several_candidates,
    "continue": sending.continue_reply,
    "swipe-previous": partial(turns.swipe, step=-1),
    "swipe-next": partial(turns.swipe, step=1),
    "choose": candidates.keep_marked,
    "edit-last": turns.edit_last,
    "select-previous": turns.select_previous,
    "select-next": turns.select_next,
    "edit": turns.edit,
    "regenerate-here": replies.regenerate,
    "continue-here": sending.continue_reply,
    "branch-here": turns.branch_here,
    "undo": turns.take_back,
    "copy": turns.copy,
    "hide": turns.hide,
    "thought": turns.toggle_thought,
    "delete": turns.delete,
    **{f"stars-{n}": partial(ratings.stars, n=n) for n in range(1, 6)},
    **dict.fromkeys(("thumb-up", "good"), partial(ratings.thumb, up=True)),
    **dict.fromkeys(("thumb-down", "bad"), partial(ratings.thumb, up=False)),
    "tags": ratings.tags,
    "flag": ratings.flag,
    "unrate": ratings.unrate,
    "duel": sending.duel,
    **{name: partial(candidates.judge, verdict=verdict) for name, verdict in VERDICTS.items()},
    "review": ratings.review,
    "consent": ratings.consent,
    "scroll-up": lambda chat: chat.transcript.scroll_page_up(animate=False),
    "scroll-down": lambda chat: chat.transcript.scroll_page_down(animate=False),
    "to-end": lambda chat: chat.transcript.scroll_to_end(),
    "chats": chats.choose_chat,
    "new-chat": chats.new_chat,
    "characters": chats.choose_character,
    "rename": chats.rename,
    "greeting": chats.choose_greeting,
    "branches": chats.choose_branch,
    "speaker": group.choose_speaker,
    "cast": group.edit_cast,
    "note": chats.write_note,
    "settings": setting_commands.choose_setting,
    "world": worlds.choose_world,
    "edit-card": files.edit_card,
    "export-chat": files.export_chat,
    "persona": chats.choose_persona,
    "next-place": panes.next_place,
    **{f"pane-{name}": partial(panes.toggle, name=name) for name in panes.NAMES},
    "remedy-hint": remedies.again_with_hint,
    "remedy-best": remedies.best_of,
    "remedy-pin": remedies.pin_example,
    "remedy-note": remedies.add_note,
    "keep-example": examples.keep,
    "example-pin": partial(examples.toggle_mark, mark="pinned"),
    "example-exclude": partial(examples.toggle_mark, mark="excluded"),
    "example-edit": examples.edit,
    "example-undo": examples.undo,
    "example-aside": examples.compare,
    "example-more": partial(examples.step, k=1),
    "example-fewer": partial(examples.step, k=-1),
    "example-larger": partial(examples.step, tokens=examples.STEP),
    "example-smaller": partial(examples.step, tokens=-examples.STEP),
    "memory-file": memory.add_file,
    **{name: partial(memory.run, name=name) for name in keys.of_scope("memory")},
    "go-back": navigation.go_back,
    **{name: partial(_pass_to_editor, name=name) for name in keys.of_scope("turn")},
}
