"""Scores of replies while one chats: made when asked, kept in the store, read back when shown.

Nothing here runs by itself: a front end asks from a thread of its own, so that no reply ever waits
for its score. A scorer that fails is said in one sentence (``problem``) until it works again; the
chat goes on. It knows no engine that plays and no front end.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from rpterm import group
from rpterm.cards.card import CharacterCard
from rpterm.prompt.window import read_turns
from rpterm.scoring.records import Evidence, Reading, Scene, scene_of
from rpterm.store import Store
from rpterm.store.cast import Casts
from rpterm.store.scores import Scores, StoredScore
from rpterm.types import Cast, Chat, RptermError, Status, Turn

if TYPE_CHECKING:
    from rpterm.scoring.scorer import Score, Scorer

T = TypeVar("T")
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
        self._problems: dict[str, str] = {}
        self._make, self._read_others = make, others
        self._lock = threading.Lock()
        self._scorer: Scorer | None = None
        self._others: tuple[CharacterCard, ...] | None = None
        self._rows: Scores | None = None

    @property
    def problem(self) -> str:
        """Why something could not be measured the last time it was tried; "" where all could."""
        return next(iter([*self._problems.values()]), "")

    def prepare(self, card: CharacterCard, chat: Chat) -> None:
        """Make the first quick score as quick as the others; takes no model."""
        scene = scene_of(card, user=chat.persona.name, others=self._contrast(card))
        self._guarded("quick", lambda: self._ready().cheap("Good evening.", scene))

    def warm(self, card: CharacterCard, chat: Chat) -> None:
        """Let the quick scores know meanings, too; waits for the embedder."""
        scene = scene_of(card, user=chat.persona.name, others=self._contrast(card))
        self._guarded("warm", lambda: self._ready().warm(scene))

    def cheap(self, card: CharacterCard, chat: Chat, turn: Turn) -> Score | None:
        """Score a reply by what is quick, and keep it; ``None`` where that is impossible."""
        if not scorable(turn):
            return None
        return self._kept(
            "quick", card, chat, turn, lambda scene: self._ready().cheap(turn.text, scene)
        )

    def ahead(self, card: CharacterCard, chat: Chat, turn: Turn) -> None:
        """Get ready to score a reply that still grows: read what of it stands."""
        self._guarded("ahead", lambda: self._ready().ahead(turn.text, self.scene(card, chat, turn)))

    def glance(self, card: CharacterCard, chat: Chat, turn: Turn) -> Score | None:
        """Score a reply that still grows by what is quick, and keep nothing."""
        return self._guarded(
            "quick", lambda: self._ready().cheap(turn.text, self.scene(card, chat, turn))
        )

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
        return self._kept(
            "slow", card, chat, turn, lambda scene: self._ready().full(turn.text, scene, stopped)
        )

    def known(self, chat: Chat, turns: Iterable[Turn]) -> dict[int, Score]:
        """What was measured of these turns already, with the card as it is now."""
        cast = self._cast(chat)
        by_card: dict[str, list[int]] = {}
        for turn in filter(scorable, turns):
            by_card.setdefault(_hash(cast, chat, turn), []).append(turn.id)
        version = self._guarded("version", _version) if by_card else None
        if version is None:
            return {}
        found: dict[int, Score] = {}
        for played, ids in by_card.items():
            rows = self._table().of(ids, version=version, card_hash=played)
            found.update((at, loaded(row)) for at, row in rows.items())
        return found

    def scene(self, card: CharacterCard, chat: Chat, turn: Turn) -> Scene:
        """What a reply is measured against: the card, what was said before, other characters.

        Among several, what another one said is not the character's own.
        """
        path = self.store.path(turn.parent_id, HISTORY) if turn.parent_id is not None else []
        cast = self._cast(chat)
        if cast is not None and (me := group.owner(cast, turn)) is not None:
            path = group.view(cast, me, path)
        history = tuple((each.role == "assistant", each.text) for each in read_turns(path))
        others = self._contrast(card)
        return scene_of(card, user=chat.persona.name, history=history, others=others)

    def _contrast(self, card: CharacterCard) -> tuple[CharacterCard, ...]:
        if self._others is None:
            self._others = self._guarded("others", lambda: tuple(self._read_others())) or ()
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

    def _cast(self, chat: Chat) -> Cast | None:
        return Casts(self.store).get(chat.id)

    def _kept(
        self,
        what: str,
        card: CharacterCard,
        chat: Chat,
        turn: Turn,
        score: Callable[[Scene], Score | None],
    ) -> Score | None:
        """Measure a reply in its scene and keep what was found; see ``_guarded``."""

        def work() -> Score | None:
            found = score(self.scene(card, chat, turn))
            if found is not None:
                played = _hash(self._cast(chat), chat, turn)
                self._table().put(stored(found, turn.id, played))
            return found

        return self._guarded(what, work)

    def _guarded(self, what: str, work: Callable[[], T]) -> T | None:
        """Do it, or keep in mind why not; a chat never stops for its scores.

        Args:
            what: Its problem is forgotten once the same works again.
        """
        try:
            found = work()
        except RptermError as error:
            self._problems[what] = str(error)
        except Exception as error:  # noqa: BLE001 - a defect of a signal must not end a chat
            self._problems[what] = f"Scoring failed here ({type(error).__name__}: {error})."
        else:
            self._problems.pop(what, None)
            return found
        return None


def shipped_cards(user_folder: Path | None) -> list[CharacterCard]:
    """Cards to hold a reply against: those that come with rpterm."""
    from rpterm.cards import library, reader

    found = []
    for path in sorted(library.card_folders(user_folder)[-1].glob("*.toml")):
        with suppress(RptermError):
            found.append(reader.load(path))
    return found


def _hash(cast: Cast | None, chat: Chat, turn: Turn) -> str:
    """The version of the card that a reply was played by."""
    others = cast.members[1:] if cast is not None else ()
    me = group.owner(cast, turn) if cast is not None else None
    return next((member.card_hash for member in others if member == me), chat.card_hash)


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
