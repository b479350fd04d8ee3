"""Scores of the replies of a running chat: computed on request, stored, and read back.

Nothing here runs by itself: a front end calls it from a thread of its own, so that a reply never
waits for its score. A failing scorer is reported in one sentence (``problem``) until it works
again, and never stops the chat. Knows neither the engine that plays nor the front end.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from rpterm.cards.card import CharacterCard
from rpterm.errors import RptermError
from rpterm.prompt.chat_view import ChatView
from rpterm.prompt.perspective import speaker_of, view_for
from rpterm.prompt.window import visible_turns
from rpterm.scoring.scene import ReplyScene, scene_of
from rpterm.scoring.signal import Evidence, Reading
from rpterm.store import Store
from rpterm.store.cast import Casts
from rpterm.store.scores import Scores, StoredScore
from rpterm.types import Cast, Chat, Status, Turn

if TYPE_CHECKING:
    from rpterm.scoring.scorer import Score, Scorer

T = TypeVar("T")
HISTORY = 24
"""The number of turns before a reply that it is scored against."""


class LiveScores:
    """Scores replies and keeps the scores, for one run of the program over one store."""

    def __init__(
        self,
        store: Store,
        make: Callable[[], Scorer],
        *,
        slow: bool = True,
        others: Callable[[], Sequence[CharacterCard]] = tuple,
    ) -> None:
        """Args:
        make: Creates the scorer; called once, in the thread that first needs it.
        slow: False turns ``score_fully`` off.
        others: Reads the cards of other characters, for contrast; called once.
        """
        self.store = store
        self.slow = slow
        self._problems: dict[str, str] = {}
        self._make, self._read_others = make, others
        self._lock = threading.Lock()
        self._scorer: Scorer | None = None
        self._others: tuple[CharacterCard, ...] | None = None
        self._table = Scores(store)

    @property
    def problem(self) -> str:
        """Why some kind of scoring failed when it was last tried, or "" if none did."""
        return next(iter([*self._problems.values()]), "")

    def prepare(self, card: CharacterCard, chat: Chat) -> None:
        """Do the setup that would slow the first quick score down; needs no model."""
        scene = self._scene(card, chat, [])
        self._guarded("quick", lambda: self._ready().score_quickly("Good evening.", scene))

    def warm(self, card: CharacterCard, chat: Chat) -> None:
        """Let quick scores use embeddings, too; waits until the embedder is loaded."""
        scene = self._scene(card, chat, [])
        self._guarded("warm", lambda: self._ready().warm_embeddings(scene))

    def score_quickly(self, card: CharacterCard, chat: Chat, turn: Turn) -> Score | None:
        """Score a reply by the quick signals and store the score; ``None`` if that fails."""
        if not is_scorable(turn):
            return None
        return self._scored(
            "quick", card, chat, turn, lambda scene: self._ready().score_quickly(turn.text, scene)
        )

    def read_ahead(self, card: CharacterCard, chat: Chat, turn: Turn) -> None:
        """Process the text so far of a growing reply, so that its score will be quick."""
        self._guarded(
            "ahead", lambda: self._ready().read_ahead(turn.text, self.scene(card, chat, turn))
        )

    def score_growing(self, card: CharacterCard, chat: Chat, turn: Turn) -> Score | None:
        """Score a growing reply by the quick signals, and store nothing."""
        return self._guarded(
            "quick", lambda: self._ready().score_quickly(turn.text, self.scene(card, chat, turn))
        )

    def score_fully(
        self,
        card: CharacterCard,
        chat: Chat,
        turn: Turn,
        stopped: Callable[[], bool] = lambda: False,
    ) -> Score | None:
        """Score a reply by all signals and store it; ``None`` if stopped or if that fails."""
        if not self.slow or not is_scorable(turn):
            return None
        return self._scored(
            "slow",
            card,
            chat,
            turn,
            lambda scene: self._ready().score_fully(turn.text, scene, stopped),
        )

    def stored_scores(self, chat: Chat, turns: Iterable[Turn]) -> dict[int, Score]:
        """The stored scores of these turns, by turn id, that hold for the present cards."""
        cast = self._cast(chat)
        ids_by_card: dict[str, list[int]] = {}
        for turn in filter(is_scorable, turns):
            ids_by_card.setdefault(_card_hash(cast, chat, turn), []).append(turn.id)
        version = self._guarded("version", _version) if ids_by_card else None
        if version is None:
            return {}
        scores: dict[int, Score] = {}
        for card_hash, ids in ids_by_card.items():
            rows = self._table.get(ids, version=version, card_hash=card_hash)
            scores.update((turn_id, score_from_row(row)) for turn_id, row in rows.items())
        return scores

    def scene(self, card: CharacterCard, chat: Chat, turn: Turn) -> ReplyScene:
        """What a reply is scored against: the card, the turns before it, other characters.

        In a group, the lines of the other characters do not count as the character's own.
        """
        path = self.store.path(turn.parent_id, HISTORY) if turn.parent_id is not None else []
        cast = self._cast(chat)
        if cast is not None and (me := speaker_of(cast, turn)) is not None:
            path = view_for(cast, me, path)
        return self._scene(card, chat, visible_turns(path), self.store.prompt_text(turn.id))

    def _scene(
        self, card: CharacterCard, chat: Chat, path: list[Turn], prompt: str = ""
    ) -> ReplyScene:
        return scene_of(
            card,
            user=chat.persona.name,
            history=tuple((each.role == "assistant", each.text) for each in path),
            others=self._contrast(card),
            expand=ChatView(card, chat, path).expand_static,
            prompt=prompt,
        )

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

    def _cast(self, chat: Chat) -> Cast | None:
        return Casts(self.store).get(chat.id)

    def _scored(
        self,
        what: str,
        card: CharacterCard,
        chat: Chat,
        turn: Turn,
        score: Callable[[ReplyScene], Score | None],
    ) -> Score | None:
        """Score a reply in its scene and store the score; see ``_guarded``."""

        def score_and_store() -> Score | None:
            result = score(self.scene(card, chat, turn))
            if result is not None:
                card_hash = _card_hash(self._cast(chat), chat, turn)
                self._table.put(score_to_row(result, turn.id, card_hash))
            return result

        return self._guarded(what, score_and_store)

    def _guarded(self, what: str, work: Callable[[], T]) -> T | None:
        """Call ``work`` and return its result; a failure is recorded instead of raised.

        Args:
            what: The kind of work; its recorded problem is cleared when it next succeeds.
        """
        try:
            result = work()
        except RptermError as error:
            self._problems[what] = str(error)
        except Exception as error:  # noqa: BLE001 - a bug in a signal must not end a chat
            self._problems[what] = f"Scoring failed here ({type(error).__name__}: {error})."
        else:
            self._problems.pop(what, None)
            return result
        return None


def shipped_cards(user_folder: Path | None) -> list[CharacterCard]:
    """The cards that come with rpterm, as the other characters that replies are compared to."""
    from rpterm.cards import library
    from rpterm.cards.format import reader

    found = []
    for path in sorted(library.card_folders(user_folder)[-1].glob("*.toml")):
        with suppress(RptermError):
            found.append(reader.load(path))
    return found


def _card_hash(cast: Cast | None, chat: Chat, turn: Turn) -> str:
    """The hash of the card of the character that said a reply."""
    others = cast.members[1:] if cast is not None else ()
    me = speaker_of(cast, turn) if cast is not None else None
    return next((member.card_hash for member in others if member == me), chat.card_hash)


def _version() -> str:
    from rpterm.scoring.coefficients import load_coefficients

    return load_coefficients().version


def is_scorable(turn: Turn) -> bool:
    """Whether a turn is a finished reply that has text."""
    return (
        turn.role == "assistant"
        and turn.status in (Status.COMPLETE, Status.PARTIAL)
        and bool(turn.text.strip())
    )


def score_to_row(score: Score, turn_id: int, card_hash: str) -> StoredScore:
    """A score as a database row."""
    readings = {name: asdict(reading) for name, reading in score.readings.items()}
    return StoredScore(
        turn_id, score.version, card_hash, score.probability, score.low, score.high,
        {str(name): value for name, value in score.dimensions.items()}, readings, score.complete,
    )  # fmt: skip


def score_from_row(row: StoredScore) -> Score:
    """A database row as a score."""
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
