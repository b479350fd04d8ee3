"""A chat with two replies to a message, and a rater with a clock that the test controls."""

from __future__ import annotations

from rpterm.preference.rating import Rater
from rpterm.store import Store
from rpterm.types import Origin, Persona, Status, Turn


class Clock:
    """Seconds that only pass when told."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Table:
    """One chat: a greeting, a message, two replies."""

    def __init__(self, store: Store, card: str = "Mara") -> None:
        self.store, self.clock = store, Clock()
        self.rater = Rater(store, clock=self.clock)
        self.chat = store.create_chat(card_name=card, card_hash="c" * 64, persona=Persona("Ann"))
        self.greeting = self.say(None, "Good evening.", Origin.GREETING)
        self.user = store.add_turn(
            self.chat.id, self.greeting.id, "user", "Ann", "Who?", origin=Origin.TYPED
        )
        self.one = self.say(self.user.id, "The first reply. It has two sentences.")
        self.two = self.say(self.user.id, "The second reply.")

    def say(
        self,
        parent: int | None,
        text: str,
        origin: Origin = Origin.GENERATED,
        status: Status = Status.COMPLETE,
        edited_from: int | None = None,
    ) -> Turn:
        return self.store.add_turn(
            self.chat.id, parent, "assistant", "Mara", text, origin=origin, status=status,
            edited_from=edited_from,
        )  # fmt: skip
