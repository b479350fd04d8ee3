"""Scores of replies while one chats: made when asked, kept in the store, read back when shown.

Nothing here runs by itself: a front end asks from a thread of its own, so that no reply ever waits
for its score. A scorer that fails is said in one sentence (``problem``) and left alone; the chat
goes on. It knows no engine that plays and no front end.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from rpterm.cards.card import CharacterCard
from rpterm.scoring.records import Evidence, Reading, Scene, scene_of
from rpterm.store import Store
from rpterm.store.scores import Scores, StoredScore
from rpterm.types import Chat, RptermError, Status, Turn

if TYPE_CHECKING:
    from rpterm.scoring.scorer import Score, Scorer

HISTORY = 24
"""Turns before a reply that it is measured against."""


class LiveScores:
    """The scores of one run of the program, over one store."""

    def __init__(
        self,
        store: Store,
        make: Callable[[], Scorer],
        *,
        slow: bool = True,
        others: Callable[[], Sequence[CharacterCard]] = tuple,
    ) -> None:
        """Args:
        make: Makes the scorer, once, in the thread that first needs it.
        slow: Whether ``full`` measures anything.
        others: Cards of other characters, for contrast; read once.
        """
        self.store = store
        self.slow = slow
        self.problem = ""
        self._make, self._read_others = make, others
        self._lock = threading.Lock()
        self._scorer: Scorer | None = None
        self._others: tuple[CharacterCard, ...] | None = None
        self._rows: Scores | None = None

    def prepare(self, card: CharacterCard, chat: Chat) -> None:
        """Make the first quick score as quick as the others; takes no model."""
        scene = scene_of(card, user=chat.persona.name, others=self._contrast(card))
        self._guarded(lambda: self._ready().cheap("Good evening.", scene))

    def warm(self, card: CharacterCard, chat: Chat) -> None:
        """Let the quick scores know meanings, too; waits for the embedder."""
        scene = scene_of(card, user=chat.persona.name, others=self._contrast(card))
        self._guarded(lambda: self._ready().warm(scene))

    def cheap(self, card: CharacterCard, chat: Chat, turn: Turn) -> Score | None:
        """Score a reply by what is quick, and keep it; ``None`` where that is impossible."""
        if not scorable(turn):
            return None
        scene = self.scene(card, chat, turn)
        return self._kept(self._guarded(lambda: self._ready().cheap(turn.text, scene)), chat, turn)

    def ahead(self, card: CharacterCard, chat: Chat, turn: Turn) -> None:
        """Get ready to score a reply that still grows: read what of it stands."""
        self._guarded(lambda: self._ready().ahead(turn.text, self.scene(card, chat, turn)))

    def glance(self, card: CharacterCard, chat: Chat, turn: Turn) -> Score | None:
        """Score a reply that still grows by what is quick, and keep nothing."""
        scene = self.scene(card, chat, turn)
        return cast("Score | None", self._guarded(lambda: self._ready().cheap(turn.text, scene)))

    def full(
        self,
        card: CharacterCard,
        chat: Chat,
        turn: Turn,
        stopped: Callable[[], bool] = lambda: False,
    ) -> Score | None:
        """Score a reply by all signals, and keep it; ``None`` when stopped or impossible."""
        if not self.slow or not scorable(turn):
            return None
        scene = self.scene(card, chat, turn)
        found = self._guarded(lambda: self._ready().full(turn.text, scene, stopped))
        return self._kept(found, chat, turn)

    def known(self, chat: Chat, turns: Iterable[Turn]) -> dict[int, Score]:
        """What was measured of these turns already, with the card as it is now."""
        ids = [turn.id for turn in turns if scorable(turn)]
        if not ids:
            return {}
        version = self._guarded(_version)
        if version is None:
            return {}
        rows = self._table().of(ids, version=version, card_hash=chat.card_hash)
        return {at: loaded(row) for at, row in rows.items()}

    def scene(self, card: CharacterCard, chat: Chat, turn: Turn) -> Scene:
        """What a reply is measured against: the card, what was said before, other characters."""
        path = self.store.path(turn.parent_id, HISTORY) if turn.parent_id is not None else []
        history = tuple((each.role == "assistant", each.text) for each in path)
        others = self._contrast(card)
        return scene_of(card, user=chat.persona.name, history=history, others=others)

    def _contrast(self, card: CharacterCard) -> tuple[CharacterCard, ...]:
        if self._others is None:
            self._others = tuple(self._guarded(lambda: tuple(self._read_others())) or ())
        return tuple(each for each in self._others if each.name != card.name)

    # -------------------------------------------------------------------------------------------
    def _ready(self) -> Scorer:
        with self._lock:
            if self._scorer is None:
                self._scorer = self._make()
            return self._scorer

    def _table(self) -> Scores:
        if self._rows is None:
            self._rows = Scores(self.store)
        return self._rows

    def _kept(self, score: Score | None, chat: Chat, turn: Turn) -> Score | None:
        if score is not None:
            self._table().put(stored(score, turn.id, chat.card_hash))
        return score

    def _guarded(self, work: Callable[[], Any]) -> Any:
        """Do it, or say why not, once; a chat never stops for its scores."""
        try:
            return work()
        except RptermError as error:
            self.problem = str(error)
        except Exception as error:  # noqa: BLE001 - a defect of a signal must not end a chat
            self.problem = f"Scoring failed here ({type(error).__name__}: {error})."
        return None


def shipped_cards(user_folder: Path | None) -> list[CharacterCard]:
    """Cards to hold a reply against: those that come with rpterm."""
    from rpterm.cards import library, reader

    found = []
    for path in sorted(library.folders(user_folder)[-1].glob("*.toml")):
        with suppress(RptermError):
            found.append(reader.load(path))
    return found


def _version() -> str:
    from rpterm.scoring.frozen import frozen

    return frozen().version


def scorable(turn: Turn) -> bool:
    """Whether a turn is a reply with words that stands."""
    return (
        turn.role == "assistant"
        and turn.status in (Status.COMPLETE, Status.PARTIAL)
        and bool(turn.text.strip())
    )


def stored(score: Score, turn_id: int, card_hash: str) -> StoredScore:
    """A score as a row."""
    readings = {name: asdict(reading) for name, reading in score.readings.items()}
    return StoredScore(
        turn_id, score.version, card_hash, score.probability, score.low, score.high,
        {str(name): value for name, value in score.dimensions.items()}, readings, score.complete,
    )  # fmt: skip


def loaded(row: StoredScore) -> Score:
    """A row as a score."""
    from rpterm.scoring.scorer import Score

    readings = {name: _reading(values) for name, values in row.readings.items()}
    return Score(
        probability=row.probability, low=row.low, high=row.high,
        dimensions=dict(row.dimensions),  # type: ignore[arg-type]
        readings=readings, complete=row.complete, version=row.version,
    )  # fmt: skip


def _reading(values: Mapping[str, Any]) -> Reading:
    evidence = tuple(Evidence(**each) for each in values.get("evidence", ()))
    return Reading(values["value"], values["confidence"], evidence)
