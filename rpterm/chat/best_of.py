"""Best-of-n: scores the candidates of one reply and keeps the best.

Wraps the stream of events of a reply. While the candidates grow, it reports which one leads by the
quick score of its text so far. Once all have ended, it scores the complete texts and keeps the
best; the others stay as swipes. Knows no engine and no front end.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

from rpterm.cards.card import CharacterCard
from rpterm.chat.events import (
    BestKept,
    BestLed,
    ReplyCancelled,
    ReplyDelta,
    ReplyFinished,
    ReplyStarted,
    SessionEvent,
    SessionEvents,
)
from rpterm.scoring.best_of import best_index
from rpterm.types import Chat, Turn

if TYPE_CHECKING:
    from rpterm.chat.live_scores import LiveScores
    from rpterm.scoring.scorer import Score

COMPARE_EVERY_S = 1.0
"""The interval between comparisons of growing candidates, in seconds."""
MIN_CHARACTERS = 60
"""The characters every candidate needs before one can lead: less text is too little to score."""


def best_of(
    events: SessionEvents,
    scores: LiveScores,
    card: CharacterCard,
    chat: Chat,
    keep: Callable[[int], object],
) -> SessionEvents:
    """Pass the events on, with ``BestLed`` among them and ``BestKept`` at the end.

    If the reply is cancelled, the best of the partial texts is kept. If every candidate is empty,
    none is kept. The events of a single candidate are passed on unchanged.

    Args:
        keep: Called with the id of the best turn, to show the branch through it.
    """
    race = _Race(scores, card, chat)
    with closing(events):
        for event in events:
            if isinstance(event, ReplyStarted) and len(event.turns) > 1:
                yield replace(event, best=True)
            else:
                yield event
            if race.follow(event):
                yield BestLed(race.leader)
    if len(race.turns) < 2 or not race.done:
        return
    scores_by_index = race.final_scores()
    best = list(scores_by_index)[best_index(list(scores_by_index.values()))]
    turn = race.done[best]
    keep(turn.id)
    chances = {index: score.probability for index, score in scores_by_index.items() if score}
    yield BestKept(best, turn, tuple(chances.get(index) for index in range(len(race.turns))))


class _Race:
    """The candidates of one reply, and which of them leads."""

    def __init__(self, scores: LiveScores, card: CharacterCard, chat: Chat) -> None:
        self._scores, self._card, self._chat = scores, card, chat
        self.turns: Sequence[Turn] = ()
        self.done: dict[int, Turn] = {}
        self.leader = 0
        self._texts: dict[int, str] = {}
        self._compared_at = time.monotonic()

    def follow(self, event: SessionEvent) -> bool:
        """Take in an event; returns whether the lead changed."""
        if isinstance(event, ReplyStarted):
            self.turns = event.turns
        elif isinstance(event, ReplyDelta):
            self._texts[event.index] = event.text
        elif isinstance(event, ReplyFinished | ReplyCancelled):
            self.done[event.index] = event.turn
        return self._compare()

    def final_scores(self) -> dict[int, Score | None]:
        """Score and store the complete text of every candidate that has one, by its index."""
        return {
            index: self._scores.score_quickly(self._card, self._chat, turn)
            for index, turn in sorted(self.done.items())
        }

    def _compare(self) -> bool:
        """Score the growing texts if it is time; returns whether the lead changed."""
        comparable = len(self.turns) > 1 and all(
            len(self._texts.get(index, "")) >= MIN_CHARACTERS for index in range(len(self.turns))
        )
        if not comparable or self.done or time.monotonic() - self._compared_at < COMPARE_EVERY_S:
            return False
        scores = [
            self._scores.score_growing(
                self._card, self._chat, replace(turn, text=self._texts[index])
            )
            for index, turn in enumerate(self.turns)
        ]
        self._compared_at = time.monotonic()
        previous, self.leader = self.leader, best_index(scores)
        return self.leader != previous
