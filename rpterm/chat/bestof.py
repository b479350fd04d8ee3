"""The best of several replies: made at once, measured while they grow, the best one kept.

Wraps the events of one reply. While the candidates grow it tells which one leads by the quick
score of what stands so far; when all are complete it measures them whole and keeps the best. The
others stay as swipes. It knows no engine and no front end.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from rpterm.cards.card import CharacterCard
from rpterm.chat.events import (
    BestKept,
    BestLed,
    ReplyCancelled,
    ReplyDelta,
    ReplyFinished,
    ReplyStarted,
    SessionEvent,
)
from rpterm.scoring.choose import choose
from rpterm.types import Chat, Turn

if TYPE_CHECKING:
    from rpterm.chat.live import LiveScores
    from rpterm.scoring.scorer import Score

LOOK_S = 1.0
"""How often growing candidates are compared."""
LEAST = 60
"""Characters every candidate must have before one can lead: shorter ones say too little."""


def best_of(
    events: Iterator[SessionEvent],
    scores: LiveScores,
    card: CharacterCard,
    chat: Chat,
    keep: Callable[[int], object],
) -> Iterator[SessionEvent]:
    """The same events, with ``BestLed`` between and ``BestKept`` after them.

    A stopped reply keeps the best of what had come, and of candidates without a word none is kept.
    One candidate is passed through.

    Args:
        keep: Shows the branch through the turn with this id.
    """
    race = _Race(scores, card, chat)
    with closing(cast("Generator[SessionEvent, None, None]", events)) as stream:
        for event in stream:
            if isinstance(event, ReplyStarted) and len(event.turns) > 1:
                yield replace(event, best=True)
            else:
                yield event
            if race.follow(event):
                yield BestLed(race.leader)
    if len(race.turns) < 2 or not race.done:
        return
    found = race.final()
    best = list(found)[choose(list(found.values()))]
    turn = race.done[best]
    keep(turn.id)
    chances = {at: score.probability for at, score in found.items() if score}
    yield BestKept(best, turn, tuple(chances.get(at) for at in range(len(race.turns))))


class _Race:
    """The candidates of one reply and who leads."""

    def __init__(self, scores: LiveScores, card: CharacterCard, chat: Chat) -> None:
        self._scores, self._card, self._chat = scores, card, chat
        self.turns: Sequence[Turn] = ()
        self.done: dict[int, Turn] = {}
        self.leader = 0
        self._texts: dict[int, str] = {}
        self._looked = time.monotonic()

    def follow(self, event: SessionEvent) -> bool:
        """Take an event in; whether another candidate leads now."""
        if isinstance(event, ReplyStarted):
            self.turns = event.turns
        elif isinstance(event, ReplyDelta):
            self._texts[event.index] = event.text
        elif isinstance(event, ReplyFinished | ReplyCancelled):
            self.done[event.index] = event.turn
        return self._look()

    def final(self) -> dict[int, Score | None]:
        """Every candidate that has words measured whole, in order; the scores are kept."""
        done = sorted(self.done.items())
        return {at: self._scores.cheap(self._card, self._chat, turn) for at, turn in done}

    def _look(self) -> bool:
        enough = len(self.turns) > 1 and all(
            len(self._texts.get(at, "")) >= LEAST for at in range(len(self.turns))
        )
        if not enough or len(self.done) or time.monotonic() - self._looked < LOOK_S:
            return False
        found = [
            self._scores.glance(self._card, self._chat, replace(turn, text=self._texts[at]))
            for at, turn in enumerate(self.turns)
        ]
        self._looked = time.monotonic()
        before, self.leader = self.leader, choose(found)
        return self.leader != before
