"""Fills the Memory pane; ``memory_commands`` changes what is in it.

All reading and writing happens in threads; the pane gets a finished ``Overview``.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rpterm.errors import RptermError
from rpterm.tui.screens.chat import preview, require
from rpterm.tui.widgets.panes.memory import MemoryPane

if TYPE_CHECKING:
    from rpterm.memory.character_memory import CharacterMemory
    from rpterm.memory.overview import Overview
    from rpterm.tui.screens.chat.screen import ChatScreen


async def toggle(chat: ChatScreen) -> None:
    """Open and focus the pane; focus it if it is open; close it if it has the focus."""
    pane = chat.panes.pane("memory")
    if isinstance(pane, MemoryPane) and not pane.has_focus_within:
        chat.panes.focus_pane("memory")
        return
    opened = await chat.panes.toggle("memory", MemoryPane)
    if isinstance(opened, MemoryPane):
        chat.panes.focus_pane("memory")
        await refresh(chat)
        preview.request_preview(chat, after=0.0)
    else:
        chat.input.focus()


async def refresh(chat: ChatScreen) -> None:
    """Reload and show everything; of several requests at once only the last one is shown."""
    pane = chat.panes.pane("memory")
    if not isinstance(pane, MemoryPane):
        return
    try:
        session, memory = require.session(chat), memory_of(chat)
    except require.Refusal as refusal:
        pane.show_problem(str(refusal))
        return
    pane.requests += 1
    request, prompt = pane.requests, chat.state.recalled
    query, kinds = pane.query_text, pane.chosen_kinds

    def read() -> Overview | None:
        from rpterm.memory.overview import overview

        if pane.requests != request:
            return None
        view = overview(memory, prompt, query, kinds)
        failed = session.distiller.error if session.distiller is not None else ""
        return replace(view, error=view.error or failed)

    try:
        view = await chat.previews.call(read)
    except RptermError as error:
        pane.show_problem(str(error))
        return
    if view is not None and pane.is_attached and chat.session is session:
        pane.show(view, session.chat_id)


def refresh_soon(chat: ChatScreen) -> None:
    """Reload the pane in the background, if it is open."""
    if isinstance(chat.panes.pane("memory"), MemoryPane):
        chat.work(refresh(chat), "memory")


def memory_of(chat: ChatScreen) -> CharacterMemory:
    if (memory := require.session(chat).memory) is None:
        raise require.Refusal("This chat has no memory: the settings have `memory = false`.")
    return memory
