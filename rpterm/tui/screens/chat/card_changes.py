"""What follows a change of the card, from here or from an editor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rpterm.tui.screens.chat import examples, panes, replies

if TYPE_CHECKING:
    from rpterm.cards.card import CharacterCard
    from rpterm.tui.screens.chat.screen import ChatScreen


async def card_changed(
    chat: ChatScreen, card: CharacterCard, summary: str, title: str = ""
) -> None:
    """After the card changed, usually by a save in an editor: show it, and say what changed."""
    chat.card = card
    await replies.refresh_transcript(chat)
    panes.chat_opened(chat)
    chat.say(summary, title=title or f"{card.name} was saved")


async def card_written(chat: ChatScreen, summary: str, member: str = "") -> None:
    """After a card was saved from here: say what changed, and show it.

    Args:
        member: The card name of one of several characters; "" is the chat's own character.
    """
    if member:
        chat.say(summary, title=f"{member} was saved")
    elif chat.session is not None:
        await card_changed(chat, chat.session.card, summary)
    await examples.examples_changed(chat)
