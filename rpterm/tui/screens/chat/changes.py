"""What follows a change of a card or of the cast, from here, an editor or another terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rpterm.tui.screens.chat import frame, preview, replies

if TYPE_CHECKING:
    from rpterm.cards.card import CharacterCard
    from rpterm.tui.screens.chat.screen import ChatScreen


async def card_changed(
    chat: ChatScreen, card: CharacterCard, summary: str, title: str = ""
) -> None:
    """After the card changed, usually by a save in an editor: show it, and say what changed."""
    chat.card = card
    await replies.refresh_transcript(chat)
    chat.fill_panes()
    chat.say(summary, title=title or f"{card.name} was saved")


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
