"""What follows a change of the cast, from here or from another terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rpterm.tui.screens.chat import frame, preview, replies

if TYPE_CHECKING:
    from rpterm.tui.screens.chat.screen import ChatScreen


async def cast_changed(chat: ChatScreen) -> None:
    """After the cast changed: show it, and prepare the next speaker's prompt."""
    session = chat.session
    if session is None:
        return
    if chat.state.choosing is None and chat.state.info is not None:
        await frame.clear_below(chat)  # An error that nobody can speak may no longer hold.
    await replies.refresh_transcript(chat)
    for turn in chat.transcript.turns:
        if (view := chat.transcript.view(turn.id)) is not None:
            view.draw()
    await chat.ask(session.settle_cache)
    if chat.state.info is not None and not chat.state.busy:
        frame.settle_cache(chat)
    preview.request_preview(chat, always=True)
