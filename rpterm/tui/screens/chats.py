"""The list of chats, and full-text search in everything that was said."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rpterm.plural import counted
from rpterm.tui import text
from rpterm.tui.screens.chooser import Choice, Chooser
from rpterm.tui.screens.dialog import telling
from rpterm.types import Chat

if TYPE_CHECKING:
    from rpterm.store import Store

Ask = Callable[..., Awaitable[Any]]


class ChatsScreen(Chooser):
    """Open a chat, or find one by its title or by words said in it."""

    DEFAULT_CSS = """
    ChatsScreen #box { width: 92; }
    """

    def __init__(
        self, ask: Ask, store: Store, current: int, overrides: Mapping[str, str], at: str = ""
    ) -> None:
        super().__init__(
            "Chats", [], marked=str(current), at=at, overrides=overrides,
            actions=("list-new", "list-rename", "list-delete"),
            empty="No chat matches.", placeholder="Search titles and everything said",
        )  # fmt: skip
        self._ask, self._store = ask, store
        self.found: dict[str, int] = {}
        """Id of a chat that is listed for what was said in it → that turn."""

    def on_mount(self) -> None:
        super().on_mount()
        self.run_worker(self._read())

    async def _read(self) -> None:
        with telling(self):
            self._choices = await chat_choices(self._ask, self._store)
        await self.narrow()

    async def matching(self, query: str) -> Sequence[Choice]:
        by_title = list(await super().matching(query))
        if not query.strip():
            self.found = {}
            return by_title
        titled = {choice.id for choice in by_title if not choice.said}
        others = {each.id: each for each in self._choices if each.id not in titled}
        hits = await self._ask(self._store.search, query, by_chat=True)
        found = {at: hit for hit in hits if (at := str(hit.turn.chat_id)) in others}
        self.found = {at: hit.turn.id for at, hit in found.items()}
        return [choice for choice in by_title if choice.id not in found] + [
            replace(others[at], detail=f"{hit.turn.speaker}: {hit.snippet}")
            for at, hit in found.items()
        ]


async def chat_choices(ask: Ask, store: Store) -> list[Choice]:
    """All chats, the last used first."""
    from rpterm.store.cast import Casts
    from rpterm.store.reviews import exportable

    chats, allowed, casts = await ask(
        lambda: (store.chats(), exportable(store), Casts(store).counts())
    )
    return [
        choice_of(chat, exportable=chat.id in allowed, others=casts.get(chat.id, 1) - 1)
        for chat in chats
    ]


def choice_of(chat: Chat, *, exportable: bool = False, others: int = 0) -> Choice:
    """A chat as a line of a list.

    Args:
        others: How many take part beside its own character.
    """
    who = chat.card_name + (f" +{others}" if others else "")
    title = text.one_line(chat.heading or who, 80)
    if chat.heading and chat.heading != chat.card_name:
        title = f"{title}  ·  {text.one_line(who, 30)}"
    leaves = "in exports · " if exportable else ""
    right = f"{leaves}{counted(chat.length, 'turn')} · {ago(chat.updated_at)}"
    preview = text.one_line(chat.preview)
    return Choice(str(chat.id), title, preview, right, said=not chat.title)


def ago(moment: float, now: float | None = None) -> str:
    """How long ago, in the largest unit that fits."""
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
