"""What the user had begun to write in a chat, kept until it is sent or something else is kept."""

from __future__ import annotations

from rpterm.store.chats import draft_key
from rpterm.store.store import Store


def keep(store: Store, chat_id: int, text: str) -> None:
    """Keep a draft instead of the one before; "" is none."""
    text = text if text.strip() else ""
    if text != kept(store, chat_id):
        store.set_flag(draft_key(chat_id), text)


def kept(store: Store, chat_id: int) -> str:
    """The draft; "" is none. It stays, so that a crash does not lose it."""
    return store.flag(draft_key(chat_id)) or ""
