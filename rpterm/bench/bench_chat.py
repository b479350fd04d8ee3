"""The chat that the engine benchmarks play: Sherlock, fifty turns, memory and lore every turn."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from rpterm import paths as folders
from rpterm.chat.session import Session
from rpterm.chat.tree import begin_chat
from rpterm.config import Settings
from rpterm.engine.protocol import Engine
from rpterm.examples.provider import ExampleProvider
from rpterm.models.engine_factory import open_engine
from rpterm.prompt.chat_view import ChatView
from rpterm.prompt.static_block import Insert
from rpterm.startup import launch
from rpterm.store import Store
from rpterm.types import LeftOut, Origin, Persona, Prompt, Sampling

GREEDY = Sampling(
    seed=1,
    temperature=0.0,
    repeat_penalty=1.0,
    dry_multiplier=0.0,
    min_p=0.0,
    max_tokens=160,
    close_after=0,
)
"""The cheapest sampler chain, so that everything but sampling is measured."""

CONTEXT = 8192
_USER_LINES = (
    "I walked past the {n}th lamp on the quay and somebody had scratched a cross into the post.",
    "The letter came by the second post, without a stamp, and smelled of tobacco number {n}.",
    "My brother swears he saw the cab again, the one with the grey horse, {n} days ago.",
    "Then tell me what you make of the glove. There are {n} buttons and one of them is new.",
)
_CHARACTER_LINES = (
    "*turns it over by the window* You have left out the one thing that matters: who knew, "
    "{n} hours before, that you would pass that way at all?",
    "Curious. A careful hand and a careless purse. *taps the paper* We shall hear of paper number "
    "{n} again before the week is out, and I should be glad to be wrong.",
    "It is not the horse that interests me, but the driver, who has changed his coat {n} times "
    "and his boots never. Sit down and begin again from the bridge.",
)


class ChangingContext(ExampleProvider):
    """A memory and a lore entry that change with every turn: the worst case for a KV cache."""

    def for_turn(
        self, view: ChatView, prompt: Prompt, count: Callable[[str], int]
    ) -> tuple[tuple[Insert, ...], tuple[LeftOut, ...]]:
        """Inserts with the number of turns in them, instead of examples."""
        number = len(view.history)
        memory = (
            f"[{view.card.char} remembers: {number} days ago the visitor said they had once kept "
            f"{number} bees on a roof in Southwark and sold the honey.]"
        )
        lore = f"[The fog of day {number}: yellow, from the river, thick enough to lose a cab in.]"
        why = "changes every turn"
        return (Insert("memory", memory, why), Insert("lore:fog", lore, why)), ()


@dataclass(frozen=True, slots=True)
class BenchChat:
    """An engine, and a temporary folder for databases and saved states."""

    settings: Settings
    engine: Engine
    folder: Path

    def session(self, name: str, exchanges: int, sampling: Sampling) -> Session:
        """A new chat of so many exchanges, stored but not yet evaluated."""
        found = launch.find_card("sherlock", folders.find())
        store = Store(self.folder / f"{name}.db")
        chat = begin_chat(store, found.card, found.text, Persona("Anna"))
        parent = chat.leaf_id
        for number in range(exchanges):
            asked = _USER_LINES[number % len(_USER_LINES)].format(n=number)
            reply = _CHARACTER_LINES[number % len(_CHARACTER_LINES)].format(n=number)
            parent = store.add_turn(chat.id, parent, "user", "Anna", asked, origin=Origin.TYPED).id
            parent = store.add_turn(
                chat.id, parent, "assistant", found.card.char, reply, origin=Origin.GENERATED
            ).id
        card = replace(found.card, sampling={})
        settings = replace(self.settings, sampling=sampling)
        states = self.folder / "states"
        return Session(
            store, self.engine, card, chat, settings, states=states, examples=ChangingContext(store)
        )


@contextmanager
def open_bench_chat(settings: Settings) -> Iterator[BenchChat]:
    """An engine on the configured model, in a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="rpterm-bench-") as name:
        engine = open_for_bench(settings, Path(name))
        try:
            yield BenchChat(settings, engine, Path(name))
        finally:
            engine.close()


def open_for_bench(settings: Settings, folder: Path) -> Engine:
    """A new engine on the configured model."""
    return open_engine(
        replace(settings, context=settings.context or CONTEXT),
        folders.find()._replace(cache=folder, logs=folder),
    )
