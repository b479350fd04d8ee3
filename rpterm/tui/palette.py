"""The command palette: which commands it offers, and in which order.

Without a query, commands that can act now come first, the most used ones before the order of the
registry. With a query, matches in a command's id and label rank above matches in its description.
How often each command was run from the palette is counted in the database.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from textual.content import Content
from textual.screen import Screen

from rpterm.errors import RptermError
from rpterm.tui import keys, text
from rpterm.tui.screens.chooser import Choice, Chooser, ChooserResult

if TYPE_CHECKING:
    from rpterm.tui.screens.chat.screen import ChatScreen

_USAGE_FLAG = "palette.used"
"""The flag of the store that holds how often each command was run from here, as JSON."""


def offered(chat: ChatScreen, screen: Screen[Any]) -> Iterator[keys.Key]:
    """Every command of the registry; over a dialog, only those that work everywhere."""
    for key in keys.KEYS:
        if key.palette and (key.scope == "app" or screen is chat):
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
    names = keys.spoken_names(key)
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


class Palette(Chooser):
    """A list of the commands that can be run from the screen below."""

    DEFAULT_CSS = "Palette #box { width: 96; }"

    def __init__(self, chat: ChatScreen) -> None:
        hint = "Search commands (in the chat, / and a name do the same)"
        found = sorted(offered(chat, chat.app.screen), key=lambda key: not acts_now(chat, key))
        choices = [Choice(key.id, title(key)) for key in found]
        super().__init__(
            "Commands", choices, placeholder=hint, empty="No command matches.", takes="run"
        )
        self._chat, self._query = chat, ""
        self._usage: Counter[str] = Counter()

    def on_mount(self) -> None:
        super().on_mount()
        self.run_worker(self._read_usage())

    async def matching(self, query: str) -> Sequence[Choice]:
        """All commands, those that can act now and the most used ones first, or the best hits."""
        self._query, chat = query, self._chat

        def grade(choice: Choice) -> tuple[float, float]:
            key, used = keys.BY_ID[choice.id], self._usage[choice.id]
            if query.strip():
                rated = rank(query, key)
                return rated, rated + 0.05 * used / (used + 1)
            return 1.0, acts_now(chat, key) + used / (used + 1)

        graded = [(grade(choice), choice) for choice in self._choices]
        hits = [(order, choice) for (rated, order), choice in graded if rated]
        return [choice for _, choice in sorted(hits, key=lambda hit: -hit[0])]

    def line(self, choice: Choice, width: int) -> Content:
        """Key, label and title of a command, with the words of the query highlighted."""
        key = keys.BY_ID[choice.id]
        shown = keys.key_name(key.id, self._chat.settings.keys)
        line = Content.assemble(
            (f"{shown:<8} ", text.MUTED), (f"{key.label:<13} ", "bold"), (choice.title, text.MUTED)
        )
        folded = line.plain.casefold()
        for word in self._query.casefold().split():
            if (at := folded.find(word, len(shown))) >= 0:
                line = line.stylize("bold $text-accent", at, at + len(word))
        return line.truncate(width - 1, ellipsis=True)

    def run_chosen(self, done: ChooserResult | None) -> None:
        """Run the command that was chosen, and count that."""
        chat, session = self._chat, self._chat.session
        if done is None:
            return
        if session is not None:
            usage = json.dumps(self._usage + Counter([done.id]))
            chat.desk.put(lambda: session.store.set_flag(_USAGE_FLAG, usage))
        chat.app.call_later(chat.app.run_command, done.id)  # type: ignore[attr-defined]

    async def _read_usage(self) -> None:
        """Read how often each command was run from here, if that can be read."""
        chat = self._chat
        if chat.session is not None:
            with suppress(RptermError, ValueError):
                flag = await chat.ask(chat.session.store.flag, _USAGE_FLAG)
                stored = json.loads(flag or "{}")
                if isinstance(stored, dict):
                    counts = {name: n for name, n in stored.items() if isinstance(n, int)}
                    self._usage = Counter(counts)
        if self._usage:
            await self.narrow()
