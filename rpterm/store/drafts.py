"""The user's unsent message in a chat, stored until it is sent or replaced."""

from __future__ import annotations

from rpterm.store.chats import draft_key
from rpterm.store.store import Store


def save(store: Store, chat_id: int, text: str) -> None:
    """Store a draft in place of the previous one; "" clears it."""
    text = text if text.strip() else ""
    if text != load(store, chat_id):
        store.set_flag(draft_key(chat_id), text)


def load(store: Store, chat_id: int) -> str:
    """The stored draft, or "". Reading does not remove it, so that a crash does not lose it."""
    return store.flag(draft_key(chat_id)) or ""
