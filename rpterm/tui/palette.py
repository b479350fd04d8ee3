"""The palette: which commands it offers, and in which order.

Without words the most used come first, then the order of the registry. With words a command's id
and label count before what is told about it. What was taken is counted in the database.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content
from textual.screen import Screen

from rpterm.tui import keys, text
from rpterm.tui.screens.chat import slash_commands
from rpterm.types import RptermError

if TYPE_CHECKING:
    from rpterm.tui.app import RptermApp

_USED = "palette.used"
"""The flag of the store that holds how often each command was taken here, as JSON."""


def offered(app: RptermApp, screen: Screen[Any]) -> Iterator[keys.Key]:
    """Every command of the registry; over a dialog only the program's own."""
    for key in keys.KEYS:
        if key.palette and (key.scope == "app" or screen is app.chat):
            yield key


def title(key: keys.Key) -> str:
    """What a command does, without its conditions."""
    return key.description.split(":")[0].split(";")[0].rstrip(".")


def rank(query: str, key: keys.Key) -> float:
    """How well a command fits what was typed, 0 (not at all) to 1 (it is called so)."""
    words = query.casefold().replace("-", " ").split()
    whole, names = " ".join(words), (key.id.replace("-", " "), key.label.casefold())
    told = f"{' '.join(names)} {key.description} {key.group}".casefold()
    fits = (
        (1.0, whole in names),
        (0.9, any(name.startswith(whole) for name in names)),
        (0.8, _begin(words, " ".join(names))),
        (0.7, all(word in " ".join(names) for word in words)),
        (0.5, _begin(words, told)),
        (0.4, all(word in told for word in words)),
    )
    return next((share for share, fit in fits if fit), 0.0)


def _begin(words: list[str], told: str) -> bool:
    """Whether each of the words begins one of what is told."""
    there = told.split()
    return all(any(each.startswith(word) for each in there) for word in words)


class Commands(Provider):
    """Gives the palette its lines."""

    async def startup(self) -> None:
        self._used = await _read(self._program)

    async def discover(self) -> Hits:
        for key in sorted(offered(self._program, self.screen), key=lambda k: -self._used[k.id]):
            yield DiscoveryHit(
                _line(key), self._run(key.id), text=title(key), help=self._help(key)
            )  # fmt: skip

    async def search(self, query: str) -> Hits:
        for key in offered(self._program, self.screen):
            if fit := rank(query, key):
                used = self._used[key.id]
                yield Hit(
                    fit + 0.05 * used / (used + 1), _line(key, query), self._run(key.id),
                    text=title(key), help=self._help(key),
                )  # fmt: skip

    @property
    def _program(self) -> RptermApp:
        return self.app  # type: ignore[return-value]

    def _help(self, key: keys.Key) -> str:
        written = f" · /{key.id}" if key.id in slash_commands.names() else ""
        return f"{keys.shown(key.id, self._program.settings.keys)} · {key.group}{written}"

    def _run(self, name: str) -> Callable[[], None]:
        def run() -> None:
            _keep(self._program, self._used + Counter([name]))
            self._program.run_command(name)

        return run


def _line(key: keys.Key, query: str = "") -> Content:
    """The label and what it does, with what was typed marked in it."""
    line = Content.assemble((key.label, "bold"), ("  ", ""), (title(key), text.MUTED))
    folded = line.plain.casefold()
    for word in query.casefold().split():
        if (at := folded.find(word)) >= 0:
            line = line.stylize("bold $text-accent", at, at + len(word))
    return line


async def _read(app: RptermApp) -> Counter[str]:
    """How often each command was taken; nothing where nobody can tell."""
    session = app.chat.session
    if session is None:
        return Counter()
    with suppress(RptermError, ValueError):
        flag = await app.chat.ask(session.store.flag, _USED)
        kept = json.loads(flag or "{}")
        if isinstance(kept, dict):
            return Counter({name: n for name, n in kept.items() if isinstance(n, int)})
    return Counter()


def _keep(app: RptermApp, used: Mapping[str, int]) -> None:
    session = app.chat.session
    if session is not None:
        app.chat.desk.put(lambda: session.store.set_flag(_USED, json.dumps(used)))
