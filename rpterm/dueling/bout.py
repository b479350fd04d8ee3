"""One duel from its first round to its last: what comes next, what was said, what it adds up to.

Everything is in the store (the set-up, the replies, the verdicts), so a bout goes on after any end.
It makes no reply and knows no front end.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from rpterm.chat.tree import begin_chat
from rpterm.dueling.contender import Contender, ContenderError, parse_all
from rpterm.dueling.plan import Round, places, rounds
from rpterm.dueling.tally import Judged, Tally, tally
from rpterm.preference.rating import Rater
from rpterm.store import Store
from rpterm.store.duels import Duels, StoredDuel
from rpterm.store.errors import StoreError
from rpterm.types import Origin, Turn

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rpterm.cards.card import CharacterCard
    from rpterm.store.judgement_records import Comparison, Verdict
    from rpterm.types import Persona


@dataclass(frozen=True, slots=True)
class Setup:
    """What a duel is.

    Attributes:
        specs: One line for each contender.
        count: New rounds.
        lines: The user's messages; empty when they are written as one goes.
    """

    card: str
    specs: tuple[str, ...]
    count: int
    seed: int
    lines: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if len(self.specs) < 2:
            raise ContenderError("A duel needs two sides: give --a and --b.")
        if len(set(self.specs)) < len(self.specs):
            raise ContenderError(
                "Two sides are the same; say what one changes: --b temperature=1.2."
            )

    def same_as(self, other: Mapping[str, Any], *, any_count: bool = False) -> bool:
        """Whether a stored duel was begun as this one; its seed may be another."""
        own = _plain(self)
        free = ("seed", "count") if any_count else ("seed",)
        return own == {**other, **{name: own[name] for name in free}}


@dataclass(frozen=True, slots=True)
class Pair:
    """A round with its replies; ``None`` where one is still to be made."""

    round: Round
    left: Turn | None
    right: Turn | None

    @property
    def ready(self) -> bool:
        return self.left is not None and self.right is not None


class Bout:
    """A duel under way; may be called from any thread."""

    def __init__(self, store: Store, stored: StoredDuel) -> None:
        self.store, self.id, self.chat_id = store, stored.id, stored.chat_id
        values = dict(stored.setup)
        values |= {name: tuple(values[name]) for name in ("specs", "lines")}
        self.setup = Setup(**values)
        self.contenders: tuple[Contender, ...] = parse_all(self.setup.specs)
        self.names = tuple(each.name for each in self.contenders)
        self.planned = rounds(self.names, self.setup.count, self.setup.seed)
        self.rater = Rater(store, method=self.method)
        self.failed: set[int] = set()
        """Places at which a side had nothing to say; their rounds are left out."""
        self._skipped: set[int] = set()

    @classmethod
    def begin(
        cls, store: Store, card: CharacterCard, toml: str, persona: Persona, setup: Setup,
        *, card_path: str | None = None,
    ) -> Bout:  # fmt: skip
        """Begin a new duel, in a chat of its own."""
        chat = begin_chat(store, card, toml, persona, card_path=card_path)
        against = " against ".join(spec or "as set" for spec in setup.specs)
        store.update_chat(chat.id, title=f"Duel: {against}"[:120])
        return cls(store, Duels(store).begin(chat.id, _plain(setup)))

    @classmethod
    def newest(cls, store: Store, setup: Setup) -> Bout | None:
        """The newest duel like this, at its end or not, however many rounds it has."""
        for stored in Duels(store).all():
            if setup.same_as(stored.setup, any_count=True):
                return cls(store, stored)
        return None

    @classmethod
    def resume(cls, store: Store, setup: Setup) -> Bout | None:
        """The newest duel that was begun like this, if it is not at its end."""
        for stored in Duels(store).all():
            if setup.same_as(stored.setup):
                bout = cls(store, stored)
                return None if bout.next() is None else bout
        return None

    @property
    def method(self) -> str:
        """What its verdicts are stored under."""
        return f"duel:{self.id}"

    @property
    def fresh(self) -> bool:
        """Whether the user writes each message."""
        return not self.setup.lines

    @cached_property
    def places(self) -> int:
        """How many messages it needs."""
        return places(self.names, self.setup.count)

    # Replies -----------------------------------------------------------------------------------
    @cached_property
    def _duels(self) -> Duels:
        return Duels(self.store)

    def replies(self) -> dict[tuple[int, str], int]:
        """What was made so far: (place, contender) → turn."""
        return self._duels.replies(self.id)

    def put(self, place: int, contender: str, turn_id: int) -> None:
        """A contender has replied."""
        self._duels.put(self.id, place, contender, turn_id)

    def message(self, place: int) -> Turn | None:
        """The user's turn at a place, put there when it is a prepared one."""
        made = self.replies()
        for name in self.names:
            if (turn_id := made.get((place, name))) is not None:
                parent = self.store.turn(turn_id).parent_id
                return None if parent is None else self.store.turn(parent)
        if self.fresh:
            return None
        return self._say(self._root(), self.setup.lines[place % len(self.setup.lines)])

    def asks(self, pair: Pair) -> bool:
        """Whether a round waits for the user's message; not where a side has replied to it."""
        return self.fresh and not pair.ready and self.message(pair.round.place) is None

    def say(self, text: str) -> Turn:
        """The user's next message of a fresh duel: it answers the reply that won last."""
        return self._say(self._last_winner() or self._root(), text)

    @contextmanager
    def at(self, message: Turn) -> Iterator[None]:
        """While a reply is made, its message is the end of what the chat shows.

        A prepared message is not: it is nothing the user said, so no character may remember it.
        """
        self.store.set_leaf(self.chat_id, message.id)
        try:
            yield
        finally:
            if not self.fresh:
                self.store.set_leaf(self.chat_id, self._root())

    def _say(self, parent: int | None, text: str) -> Turn:
        persona = self.store.chat(self.chat_id).persona
        return self.store.add_turn(
            self.chat_id, parent, "user", persona.name, text.strip(), origin=Origin.TYPED,
            select=False,
        )  # fmt: skip

    def _root(self) -> int | None:
        """The greeting, if there is one."""
        leaf = self.store.chat(self.chat_id).leaf_id
        path = [] if leaf is None else self.store.path(leaf)
        return path[0].id if path and path[0].role == "assistant" else None

    def _last_winner(self) -> int | None:
        for each in reversed(self._verdicts()):
            return each.right_id if each.verdict == "right" else each.left_id
        return None

    # Rounds ------------------------------------------------------------------------------------
    def next(self) -> Pair | None:
        """The next round that is ready, else the next one that is not; ``None`` at the end."""
        made = self.replies()
        judged = self._judged_rounds(made)
        waiting: Pair | None = None
        for each in self.planned:
            if each.number in judged or each.number in self._skipped or each.place in self.failed:
                continue
            if each.again is not None and each.again not in judged:
                continue
            pair = self._pair(each, made)
            if pair.ready:
                return pair
            waiting = waiting or pair
        return waiting

    def judge(self, pair: Pair, verdict: Verdict) -> None:
        """Store what the judge says of a round."""
        assert pair.left is not None and pair.right is not None
        again = None
        if pair.round.again is not None:
            again = self._judged_rounds(self.replies())[pair.round.again].id
        self.rater.duel(pair.left.id, pair.right.id, verdict, method=self.method, asked_again=again)
        if self.fresh:
            kept = pair.right if verdict == "right" else pair.left
            self.store.set_leaf(self.chat_id, kept.id)

    def skip(self, pair: Pair) -> None:
        """Leave a round undecided; it comes back when the duel is taken up again."""
        self._skipped.add(pair.round.number)

    def undo(self) -> bool:
        """Take back the last verdict; its round comes again."""
        verdicts = self._verdicts()
        if verdicts:
            self.rater.judgements.withdraw(verdicts[-1].id, self.chat_id, rater=self.rater.rater)
        return bool(verdicts)

    def done(self) -> int:
        """Rounds judged."""
        return len(self._judged_rounds(self.replies()))

    def tally(self, *, bootstrap: int = 200) -> Tally:
        """What the verdicts add up to."""
        side = {turn: name for (_, name), turn in self.replies().items()}
        place = {turn: at for (at, _), turn in self.replies().items()}
        verdicts = self._verdicts()
        said = {each.id: each.verdict for each in verdicts}
        cluster = len(self.setup.lines) or self.places
        judged = [
            Judged(
                side[each.left_id], side[each.right_id], each.verdict,
                place[each.left_id] % cluster,
                said.get(each.asked_again) if each.asked_again is not None else None,
            )
            for each in verdicts
            if each.left_id in side and each.right_id in side
            if each.asked_again is None or each.asked_again in said
        ]  # fmt: skip
        return tally(self.names, judged, rounds=bootstrap)

    # -------------------------------------------------------------------------------------------
    def _verdicts(self) -> list[Comparison]:
        found = self.rater.judgements.comparisons(self.chat_id)
        return [each for each in found if each.how.method == self.method]

    def _judged_rounds(self, made: Mapping[tuple[int, str], int]) -> dict[int, Comparison]:
        verdicts = {
            (each.left_id, each.right_id, each.asked_again is not None): each
            for each in self._verdicts()
        }
        found = {}
        for each in self.planned:
            key = (
                made.get((each.place, each.left), 0), made.get((each.place, each.right), 0),
                each.again is not None,
            )  # fmt: skip
            if key in verdicts:
                found[each.number] = verdicts[key]
        return found

    def _pair(self, planned: Round, made: Mapping[tuple[int, str], int]) -> Pair:
        def reply(name: str) -> Turn | None:
            turn_id = made.get((planned.place, name))
            try:
                return None if turn_id is None else self.store.turn(turn_id)
            except StoreError:
                return None  # deleted in the meantime, by hand

        return Pair(planned, reply(planned.left), reply(planned.right))


def _plain(setup: Setup) -> dict[str, Any]:
    values = asdict(setup)
    return values | {name: list(values[name]) for name in ("specs", "lines")}


def labels(contenders: Sequence[Contender]) -> str:
    """Everybody in one line."""
    return ", ".join(each.label for each in contenders)
