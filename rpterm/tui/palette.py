"""The command palette: which commands it offers, and in which order.

Without a query, commands that can act now come first, the most used ones before the order of the
registry. With a query, matches in a command's id and label rank above matches in its description.
How often each command was run from the palette is counted in the database.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol

from textual.command import CommandPalette, DiscoveryHit, Hit, Hits, Provider
from textual.content import Content
from textual.screen import Screen

from rpterm.errors import RptermError
from rpterm.tui import keys, text
from rpterm.tui.screens.dialog import DismissOnce

if TYPE_CHECKING:
    from rpterm.config import Settings
    from rpterm.tui.screens.chat.screen import ChatScreen

_USAGE_FLAG = "palette.used"
"""The flag of the store that holds how often each command was run from here, as JSON."""

ALIASES: Mapping[str, tuple[str, ...]] = {
    "regenerate": ("reroll",), "candidates": ("alternatives",), "delete": ("remove",),
    "branch-here": ("checkpoint", "fork"), "branches": ("checkpoints",), "hide": ("ghost",),
    "chats": ("search", "find", "history"), "cast": ("group", "narrator", "mute"),
    "quit": ("exit",), "world": ("lorebook", "world info"), "pane-prompt": ("context",),
    "pane-card": ("avatar", "portrait"), "pane-memory": ("summary", "facts"),
    "settings": ("model", "samplers", "options"), "theme": ("dark", "light", "appearance"),
    "unrate": ("undo rating",),
}  # fmt: skip
"""What other programs call a command, by its id."""

WIDTH = 96
"""Most cells of the palette's box."""


class Program(Protocol):
    """What the palette needs of the running program; see ``tui.app.RptermApp``."""

    settings: Settings

    @property
    def chat(self) -> ChatScreen: ...

    def run_command(self, name: str) -> None:
        """Run a command of the registry."""
        ...


def offered(app: Program, screen: Screen[Any]) -> Iterator[keys.Key]:
    """Every command of the registry; over a dialog, only those that work everywhere."""
    for key in keys.KEYS:
        if key.palette and (key.scope == "app" or screen is app.chat):
            yield key


def acts_now(chat: ChatScreen, key: keys.Key) -> bool:
    """Whether the reply or the selected turn that a command needs is there."""
    if key.when == ("writing",):
        return chat.state.busy
    return key.when != ("selected",) or chat.transcript.selected is not None


def title(key: keys.Key) -> str:
    """What a command does, without the details."""
    return key.description.split(":")[0].split(";")[0].rstrip(".")


def rank(query: str, key: keys.Key) -> float:
    """How well a command matches a query, 0 (not at all) to 1 (its exact name)."""
    words = query.casefold().replace("-", " ").split()
    phrase = " ".join(words)
    names = (key.id.replace("-", " "), key.label.casefold(), *ALIASES.get(key.id, ()))
    both_names = " ".join(names)
    everything = f"{both_names} {key.description} {key.group}".casefold()
    grades = (
        (1.0, phrase in names),
        (0.9, any(name.startswith(phrase) for name in names)),
        (0.8, _are_prefixes(words, both_names)),
        (0.7, all(word in both_names for word in words)),
        (0.5, _are_prefixes(words, everything)),
        (0.4, all(word in everything for word in words)),
    )
    return next((grade for grade, matches in grades if matches), 0.0)


def _are_prefixes(words: list[str], text_: str) -> bool:
    """Whether each of the words is a prefix of some word of the text."""
    candidates = text_.split()
    return all(any(each.startswith(word) for each in candidates) for word in words)


class Palette(CommandPalette, DismissOnce[None]):
    """Textual's palette, which a second Enter does not close again.

    It has no id: another one may open while this one is being removed.
    """


class Commands(Provider):
    """Provides the entries of one palette, and runs one of them, however often Enter is pressed."""

    async def startup(self) -> None:
        self._has_run = False
        self._usage = await _read_usage(self._program)
        self._room = min(WIDTH, self.app.size.width * 94 // 100) - 9

    async def discover(self) -> Hits:
        chat = self._program.chat
        for key in sorted(
            offered(self._program, self.screen),
            key=lambda key: (not acts_now(chat, key), -self._usage[key.id]),
        ):
            yield DiscoveryHit(self._entry(key), self._run(key.id), text=title(key))

    async def search(self, query: str) -> Hits:
        for key in offered(self._program, self.screen):
            if grade := rank(query, key):
                used = self._usage[key.id]
                yield Hit(
                    grade + 0.05 * used / (used + 1), self._entry(key, query), self._run(key.id),
                    text=title(key),
                )  # fmt: skip

    @property
    def _program(self) -> Program:
        return self.app  # type: ignore[return-value]

    def _entry(self, key: keys.Key, query: str = "") -> Content:
        """Key, label and title of a command, with the words of the query highlighted."""
        shown = keys.key_name(key.id, self._program.settings.keys)
        line = Content.assemble(
            (f"{shown:<8} ", text.MUTED), (f"{key.label:<13} ", "bold"), (title(key), text.MUTED)
        )
        folded = line.plain.casefold()
        for word in query.casefold().split():
            if (at := folded.find(word, len(shown))) >= 0:
                line = line.stylize("bold $text-accent", at, at + len(word))
        return line.truncate(self._room, ellipsis=True)

    def _run(self, name: str) -> Callable[[], None]:
        def run() -> None:
            if self._has_run:
                return
            self._has_run = True
            _store_usage(self._program, self._usage + Counter([name]))
            self._program.run_command(name)

        return run


async def _read_usage(app: Program) -> Counter[str]:
    """How often each command was run from the palette; empty if that cannot be read."""
    session = app.chat.session
    if session is None:
        return Counter()
    with suppress(RptermError, ValueError):
        flag = await app.chat.ask(session.store.flag, _USAGE_FLAG)
        stored = json.loads(flag or "{}")
        if isinstance(stored, dict):
            return Counter({name: n for name, n in stored.items() if isinstance(n, int)})
    return Counter()


def _store_usage(app: Program, usage: Mapping[str, int]) -> None:
    session = app.chat.session
    if session is not None:
        app.chat.desk.put(lambda: session.store.set_flag(_USAGE_FLAG, json.dumps(usage)))
