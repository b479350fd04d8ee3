"""One duel from its first round to its last: the next round, the verdicts so far, and the tally.

The setup, the replies and the verdicts are all in the store, so an interrupted duel can always be
resumed. This module generates no replies and knows no user interface.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from rpterm.chat.tree import begin_chat
from rpterm.dueling.contender import Contender, parse_all
from rpterm.dueling.plan import Round, places, plan_rounds
from rpterm.dueling.tally import JudgedRound, Tally, tally
from rpterm.errors import RptermError
from rpterm.preference.rating import Rater
from rpterm.preference.splits import DUEL_METHOD
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
class DuelSetup:
    """The configuration of a duel, stored with it under these names.

    Attributes:
        specs: One line for each contender.
        count: Number of rounds, without repetitions.
        lines: The prepared user messages; empty if the user writes each one.
    """

    card: str
    specs: tuple[str, ...]
    count: int
    seed: int
    lines: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if len(self.specs) < 2:
            raise RptermError("A duel needs two sides: give --a and --b.")
        if len(set(self.specs)) < len(self.specs):
            raise RptermError("Two sides are the same; say what one changes: --b temperature=1.2.")

    def same_as(self, stored: Mapping[str, Any], *, any_count: bool = False) -> bool:
        """Whether a stored duel has this setup; the seed may differ, and optionally the count."""
        own = _to_stored(self)
        ignored = ("seed", "count") if any_count else ("seed",)
        return own == {**stored, **{name: own[name] for name in ignored}}


@dataclass(frozen=True, slots=True)
class ReplyPair:
    """A round with its two replies; ``None`` where one is still to be generated."""

    round: Round
    left: Turn | None
    right: Turn | None

    @property
    def ready(self) -> bool:
        return self.left is not None and self.right is not None


class Duel:
    """A duel in progress; may be called from any thread."""

    def __init__(self, store: Store, stored: StoredDuel) -> None:
        self.store, self.id, self.chat_id = store, stored.id, stored.chat_id
        values = dict(stored.setup)
        values |= {name: tuple(values[name]) for name in ("specs", "lines")}
        self.setup = DuelSetup(**values)
        self.contenders: tuple[Contender, ...] = parse_all(self.setup.specs)
        self.names = tuple(each.name for each in self.contenders)
        self.planned = plan_rounds(self.names, self.setup.count, self.setup.seed)
        self.rater = Rater(store, method=self.method)
        self.failed: set[int] = set()
        """Places where a side produced no text; their rounds are left out."""
        self._skipped: set[int] = set()

    @classmethod
    def begin(
        cls, store: Store, card: CharacterCard, toml: str, persona: Persona, setup: DuelSetup,
        *, card_path: str | None = None,
    ) -> Duel:  # fmt: skip
        """Start a new duel in a chat of its own."""
        chat = begin_chat(store, card, toml, persona, card_path=card_path)
        against = " against ".join(spec or "as set" for spec in setup.specs)
        store.update_chat(chat.id, title=f"Duel: {against}"[:120])
        return cls(store, Duels(store).begin(chat.id, _to_stored(setup)))

    @classmethod
    def newest(cls, store: Store, setup: DuelSetup, *, any_count: bool = False) -> Duel | None:
        """The newest duel with this setup, or with another number of rounds; finished or not."""
        for stored in Duels(store).all():
            if setup.same_as(stored.setup, any_count=any_count):
                return cls(store, stored)
        return None

    @classmethod
    def resume(cls, store: Store, setup: DuelSetup) -> Duel | None:
        """The newest duel with this setup, unless it is finished."""
        duel = cls.newest(store, setup)
        return None if duel is None or duel.next() is None else duel

    @property
    def method(self) -> str:
        """The method under which its verdicts are stored."""
        return f"{DUEL_METHOD}{self.id}"

    @property
    def fresh(self) -> bool:
        """Whether the user writes each message."""
        return not self.setup.lines

    @cached_property
    def places(self) -> int:
        """The number of messages it needs."""
        return places(self.names, self.setup.count)

    # Replies -----------------------------------------------------------------------------------
    @cached_property
    def _duels(self) -> Duels:
        return Duels(self.store)

    def replies(self) -> dict[tuple[int, str], int]:
        """The replies so far: (place, contender) → turn id."""
        return self._duels.replies(self.id)

    def record_reply(self, place: int, contender: str, turn_id: int) -> None:
        """Record the reply of a contender."""
        self._duels.put(self.id, place, contender, turn_id)

    def message(self, place: int) -> Turn | None:
        """The user's turn at a place, added now if it is a prepared one; ``None`` if unwritten."""
        turn_ids = self.replies()
        for name in self.names:
            if (turn_id := turn_ids.get((place, name))) is not None:
                parent = self.store.turn(turn_id).parent_id
                return None if parent is None else self.store.turn(parent)
        if self.fresh:
            return None
        return self._add_message(self._root(), self.setup.lines[place % len(self.setup.lines)])

    def needs_message(self, pair: ReplyPair) -> bool:
        """Whether a round waits for a message that the user has to write."""
        return self.fresh and not pair.ready and self.message(pair.round.place) is None

    def say(self, text: str) -> Turn:
        """Add the user's next message, as an answer to the reply that won last."""
        return self._add_message(self._last_winner() or self._root(), text)

    @contextmanager
    def replying_to(self, message: Turn) -> Iterator[None]:
        """Select a message as the leaf of the chat while a reply to it is generated.

        A prepared message is deselected afterwards: the user never said it, so no character may
        remember it.
        """
        self.store.set_leaf(self.chat_id, message.id)
        try:
            yield
        finally:
            if not self.fresh:
                self.store.set_leaf(self.chat_id, self._root())

    def _add_message(self, parent: int | None, text: str) -> Turn:
        persona = self.store.chat(self.chat_id).persona
        return self.store.add_turn(
            self.chat_id, parent, "user", persona.name, text.strip(), origin=Origin.TYPED,
            select=False,
        )  # fmt: skip

    def _root(self) -> int | None:
        """The id of the greeting, if there is one."""
        leaf = self.store.chat(self.chat_id).leaf_id
        path = [] if leaf is None else self.store.path(leaf)
        return path[0].id if path and path[0].role == "assistant" else None

    def _last_winner(self) -> int | None:
        # A repeated round asks about an earlier place: the conversation goes on from its end.
        rounds = [each for each in self._comparisons() if each.asked_again is None]
        if not rounds:
            return None
        return rounds[-1].right_id if rounds[-1].verdict == "right" else rounds[-1].left_id

    # Rounds ------------------------------------------------------------------------------------
    def next(self) -> ReplyPair | None:
        """The next round with both replies, else the next one without; ``None`` at the end.

        A repetition, whose replies exist already, waits for all rounds before it: right after its
        original it would only show what the judge remembers.
        """
        turn_ids = self.replies()
        judged = self._judged_rounds(turn_ids)
        first_unready: ReplyPair | None = None
        for each in self.planned:
            if each.number in judged or each.number in self._skipped or each.place in self.failed:
                continue
            if each.again is not None and (each.again not in judged or first_unready is not None):
                continue
            pair = self._pair(each, turn_ids)
            if pair.ready:
                return pair
            first_unready = first_unready or pair
        return first_unready

    def judge(self, pair: ReplyPair, verdict: Verdict) -> None:
        """Store the verdict on a round."""
        assert pair.left is not None and pair.right is not None
        again = None
        if pair.round.again is not None:
            again = self._judged_rounds(self.replies())[pair.round.again].id
        self.rater.duel(pair.left.id, pair.right.id, verdict, method=self.method, asked_again=again)
        if self.fresh and again is None:
            winner = pair.right if verdict == "right" else pair.left
            self.store.set_leaf(self.chat_id, winner.id)

    def skip(self, pair: ReplyPair) -> None:
        """Skip a round for now; it comes back when the duel is resumed."""
        self._skipped.add(pair.round.number)

    def undo(self) -> bool:
        """Withdraw the last verdict, so that its round comes again; whether there was one."""
        comparisons = self._comparisons()
        if comparisons:
            last = comparisons[-1]
            self.rater.judgements.withdraw(last.id, self.chat_id, rater=self.rater.rater)
        return bool(comparisons)

    def done(self) -> int:
        """The number of judged rounds."""
        return len(self._judged_rounds(self.replies()))

    def tally(self, *, bootstrap: int = 200) -> Tally:
        """Add up the verdicts; ``bootstrap`` is the number of resamples."""
        contender = {turn: name for (_, name), turn in self.replies().items()}
        place = {turn: at for (at, _), turn in self.replies().items()}
        comparisons = self._comparisons()
        verdicts = {each.id: each.verdict for each in comparisons}
        messages = len(self.setup.lines) or self.places
        judged = [
            JudgedRound(
                contender[each.left_id], contender[each.right_id], each.verdict,
                place[each.left_id] % messages,
                verdicts[each.asked_again] if each.asked_again is not None else None,
            )
            for each in comparisons
            if each.left_id in contender and each.right_id in contender
            if each.asked_again is None or each.asked_again in verdicts
        ]  # fmt: skip
        return tally(self.names, judged, rounds=bootstrap)

    # -------------------------------------------------------------------------------------------
    def _comparisons(self) -> list[Comparison]:
        in_chat = self.rater.judgements.comparisons(self.chat_id)
        return [each for each in in_chat if each.how.method == self.method]

    def _judged_rounds(self, turn_ids: Mapping[tuple[int, str], int]) -> dict[int, Comparison]:
        comparisons = {
            (each.left_id, each.right_id, each.asked_again is not None): each
            for each in self._comparisons()
        }
        by_round = {}
        for each in self.planned:
            key = (
                turn_ids.get((each.place, each.left), 0),
                turn_ids.get((each.place, each.right), 0),
                each.again is not None,
            )
            if key in comparisons:
                by_round[each.number] = comparisons[key]
        return by_round

    def _pair(self, planned: Round, turn_ids: Mapping[tuple[int, str], int]) -> ReplyPair:
        def reply(name: str) -> Turn | None:
            turn_id = turn_ids.get((planned.place, name))
            try:
                return None if turn_id is None else self.store.turn(turn_id)
            except StoreError:
                return None  # The user deleted it in the meantime.

        return ReplyPair(planned, reply(planned.left), reply(planned.right))


def _to_stored(setup: DuelSetup) -> dict[str, Any]:
    values = asdict(setup)
    return values | {name: list(values[name]) for name in ("specs", "lines")}
