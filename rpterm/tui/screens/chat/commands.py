"""Maps every command id of the key registry to the function that runs it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from rpterm.tui import keys
from rpterm.tui.screens.chat import (
    chats,
    duels,
    example_commands,
    examples,
    files,
    memory,
    navigation,
    panes,
    ratings,
    remedies,
    replies,
    sending,
    slash_commands,
    turns,
)

if TYPE_CHECKING:
    from rpterm.tui.screens.chat.screen import ChatScreen

Command = Callable[["ChatScreen"], Awaitable[None] | None]
"""A command that is not a coroutine runs at once: the next key may already be on its way."""


async def _newline(chat: ChatScreen) -> None:
    chat.input.insert("\n")


async def _speaker(chat: ChatScreen) -> None:
    from rpterm.tui.screens.chat import group

    await group.choose_speaker(chat)


async def _cast(chat: ChatScreen) -> None:
    from rpterm.tui.screens.chat import group

    await group.edit_cast(chat)


async def _world(chat: ChatScreen) -> None:
    from rpterm.tui.screens.chat import worlds

    await worlds.choose_world(chat)


async def _settings(chat: ChatScreen) -> None:
    from rpterm.tui.screens.chat import setting_commands

    await setting_commands.choose_setting(chat)


def _editor_command(name: str) -> Command:
    """Pass a command on to the turn editor; needed when its hint is clicked."""

    async def pass_on(chat: ChatScreen) -> None:
        if chat.state.editor is not None:
            chat.state.editor.action_command(name)

    return pass_on


COMMANDS: dict[str, Command] = {
    "send": sending.send,
    "newline": _newline,
    "complete": slash_commands.complete,
    "stop": replies.stop,
    "back": turns.back,
    "editor": turns.edit_outside_here,
    "impersonate": sending.impersonate,
    "regenerate": sending.regenerate,
    "candidates": sending.several_candidates,
    "continue": sending.continue_reply,
    "swipe-previous": turns.swipe_previous,
    "swipe-next": turns.swipe_next,
    "choose": replies.keep_marked,
    "edit-last": turns.edit_last,
    "select-previous": turns.select_previous,
    "select-next": turns.select_next,
    "edit": turns.edit,
    "regenerate-here": sending.regenerate,
    "continue-here": sending.continue_reply,
    "branch-here": turns.branch_here,
    "copy": turns.copy,
    "hide": turns.hide,
    "thought": turns.toggle_thought,
    "delete": turns.delete,
    **{f"stars-{n}": ratings.stars(n) for n in range(1, 6)},
    "thumb-up": ratings.thumb_up,
    "thumb-down": ratings.thumb_down,
    "tags": ratings.tags,
    "flag": ratings.flag,
    "unrate": ratings.unrate,
    "good": ratings.thumb_up,
    "bad": ratings.thumb_down,
    "duel": duels.begin,
    "duel-left": duels.left,
    "duel-right": duels.right,
    "duel-tie": duels.tie,
    "duel-bad": duels.both_bad,
    "review": duels.review,
    "consent": ratings.consent,
    "scroll-up": turns.scroll_up,
    "scroll-down": turns.scroll_down,
    "to-end": turns.to_end,
    "chats": chats.choose_chat,
    "new-chat": chats.new_chat,
    "characters": chats.choose_character,
    "rename": chats.rename,
    "greeting": chats.choose_greeting,
    "branches": chats.choose_branch,
    "speaker": _speaker,
    "cast": _cast,
    "note": chats.write_note,
    "settings": _settings,
    "world": _world,
    "edit-card": files.edit_card,
    "export-chat": files.export_chat,
    "persona": chats.choose_persona,
    "next-place": panes.next_place,
    "pane-prompt": panes.toggle_prompt,
    "pane-card": panes.toggle_card,
    "pane-chats": panes.toggle_chats,
    "pane-consistency": panes.toggle_consistency,
    "pane-examples": examples.toggle,
    "remedy-hint": remedies.again_with_hint,
    "remedy-best": remedies.best_of,
    "remedy-pin": remedies.pin_example,
    "remedy-note": remedies.add_note,
    "keep-example": example_commands.keep,
    "pane-memory": memory.toggle,
    "memory-file": memory.add_file,
    "go-back": navigation.go_back,
    **{key.id: _editor_command(key.id) for key in keys.of_scope("turn")},
}
