"""What the user had begun to write in a chat, kept until the chat is opened again."""

from __future__ import annotations

from rpterm.store.chats import draft_key
from rpterm.store.store import Store


def keep(store: Store, chat_id: int, text: str) -> None:
    """Keep a draft instead of the one before; "" is none."""
    text = text if text.strip() else ""
    if text != (store.flag(draft_key(chat_id)) or ""):
        store.set_flag(draft_key(chat_id), text)


def take(store: Store, chat_id: int) -> str:
    """The draft, once; "" is none. Only one that is there makes opening a chat wait to write."""
    text = store.flag(draft_key(chat_id)) or ""
    keep(store, chat_id, "")
    return text
