"""The dialog with the list of chats, with full-text search in all turns."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any

from rpterm.humanize import counted
from rpterm.tui import text
from rpterm.tui.screens.chooser import Choice, Chooser
from rpterm.tui.screens.dialog import errors_as_notices
from rpterm.types import Chat

if TYPE_CHECKING:
    from rpterm.store import Store

Ask = Callable[..., Awaitable[Any]]


class ChatsScreen(Chooser):
    """Choose a chat, searching titles and everything said."""

    DEFAULT_CSS = """
    ChatsScreen #box { width: 92; }
    """

    def __init__(self, ask: Ask, store: Store, current: int, at: str) -> None:
        super().__init__(
            "Chats", [], marked=str(current), at=at,
            actions=("list-new", "list-rename", "list-delete"),
            empty="No chat matches.", placeholder="Search titles and everything said",
        )  # fmt: skip
        self._ask, self._store = ask, store
        self.found: dict[str, int] = {}
        """For the chats that are listed because of a turn that matches: chat id → turn id."""

    def on_mount(self) -> None:
        super().on_mount()
        self.run_worker(self._read())

    async def _read(self) -> None:
        with errors_as_notices(self):
            self._choices = await chat_choices(self._ask, self._store)
        await self.narrow()

    async def matching(self, query: str) -> Sequence[Choice]:
        by_title = list(await super().matching(query))
        if not query.strip():
            self.found = {}
            return by_title
        titled = {choice.id for choice in by_title if not choice.said}
        others = {choice.id: choice for choice in self._choices if choice.id not in titled}
        hits = await self._ask(self._store.search, query, by_chat=True)
        by_turn = {id_: hit for hit in hits if (id_ := str(hit.turn.chat_id)) in others}
        self.found = {id_: hit.turn.id for id_, hit in by_turn.items()}
        return [choice for choice in by_title if choice.id not in by_turn] + [
            others[id_]._replace(detail=f"{hit.turn.speaker}: {hit.snippet}")
            for id_, hit in by_turn.items()
        ]


async def chat_choices(ask: Ask, store: Store) -> list[Choice]:
    """All chats as choices, most recently used first."""
    from rpterm.store.cast import Casts
    from rpterm.store.reply_queries import exportable_chats

    chats, allowed, casts = await ask(
        lambda: (store.chats(), exportable_chats(store), Casts(store).counts())
    )
    return [
        choice_of(chat, exportable=chat.id in allowed, others=casts.get(chat.id, 1) - 1)
        for chat in chats
    ]


def choice_of(chat: Chat, *, exportable: bool = False, others: int = 0) -> Choice:
    """A chat as a choice.

    Args:
        exportable: Whether the user allowed it in exports.
        others: How many characters take part besides the chat's own.
    """
    characters = chat.card_name + (f" +{others}" if others else "")
    title = text.one_line(chat.heading or characters, 80)
    suffix = characters if chat.heading and chat.heading != chat.card_name else ""
    consent = "in exports · " if exportable else ""
    right = f"{consent}{counted(chat.length, 'turn')} · {ago(chat.updated_at)}"
    preview = text.one_line(chat.preview)
    return Choice(str(chat.id), title, preview, right, said=not chat.title, suffix=suffix)


def ago(moment: float, now: float | None = None) -> str:
    """How long ago a Unix time was, in the largest unit that fits."""
    seconds = max(0.0, (time.time() if now is None else now) - moment)
    for size, unit in (
        (31_536_000, "y"),
        (2_592_000, "mo"),
        (86_400, "d"),
        (3600, "h"),
        (60, "min"),
    ):
        if seconds >= size:
            return f"{int(seconds // size)} {unit} ago"
    return "just now"
