"""Scores the replies of the open chat, and shows the scores in pane, status line and alarm.

A quick score is computed right after each reply. The slow signals wait until the chat is idle and
stop when the user types or sends. All scoring runs in threads of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rpterm.errors import RptermError
from rpterm.tui.widgets.alarm import Alarm
from rpterm.tui.worker_thread import WorkerThread
from rpterm.types import Origin, Status, Turn

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rpterm.cards.card import CharacterCard
    from rpterm.chat.live_scores import LiveScores
    from rpterm.chat.session import Session
    from rpterm.scoring.drift import Drift
    from rpterm.scoring.scorer import Score
    from rpterm.tui.screens.chat.screen import ChatScreen
    from rpterm.tui.widgets.panes.consistency import ConsistencyPane

SCORES_OFF = "Scores are off: `rpterm config set scoring.live true` turns them on."
NARRATOR = "A narrator's replies are not scored: it plays no character."
REST_S = 2.0
"""How long typing must pause before the slow signals resume, in seconds."""


class ScoreKeeper:
    """Schedules the scoring of the open chat, whichever it is, and holds the scores.

    Attributes:
        known: The scores of the open chat, by turn id.
        problem: Why scoring failed last, or "".
        dismissed: The id of the reply whose alarm the user dismissed, or 0.
    """

    def __init__(self, chat: ChatScreen, failed: Callable[[Exception], object]) -> None:
        self._chat = chat
        self._lane, self._slow = WorkerThread("score", failed), WorkerThread("score-slow", failed)
        self._session: Session | None = None
        self._epoch = 0
        """Counts interruptions: slow work of an older epoch stops."""
        self._warm = self._prepared = self._reading = False
        self._card: CharacterCard | None = None
        self._fully_scored: set[int] = set()
        self._queued: set[int] = set()
        self.known: dict[int, Score] = {}
        self.problem = ""
        self.dismissed = 0

    def follow(self) -> LiveScores | None:
        """Switch to the chat and card that are open now; returns their ``LiveScores``, if any."""
        session = self._chat.session
        card = session.card if session is not None else None
        if session is not self._session or card is not self._card:
            self._session, self._card = session, card
            self.known, self._fully_scored, self._queued = {}, set(), set()
            self._warm = self._prepared = False
            self.dismissed, self.problem = 0, ""
        return session.scores if session is not None else None

    def close(self) -> None:
        self._epoch += 1
        self._lane.close()
        self._slow.close()

    def interrupt(self) -> None:
        """The user types or sends: stop the slow signals, and resume after a pause."""
        self._epoch += 1
        if self.follow() is not None and self._chat.is_mounted:
            self._chat.after_pause("scores", REST_S, self.idle)

    def forget_scores(self) -> None:
        """The history of replies changed: forget the scores, except those that are stored."""
        self._epoch += 1
        self.known, self._fully_scored, self._queued = {}, set(), set()

    def clear_alarm(self) -> None:
        """Another reply was requested: clear the alarm and the status of the last one."""
        self._epoch += 1
        self._chat.figures(score="")
        self._chat.query_one(Alarm).show("")

    def growing(self, turn: Turn) -> None:
        """A reply grows: process its text so far, unless that is already going on."""
        scores, session = self.follow(), self._chat.session
        if scores is None or session is None or self._reading or not is_scorable(turn):
            return
        self._reading = True
        self._lane.put(lambda: self._read_ahead(session, scores, turn))

    def replied(self, turn: Turn) -> None:
        """A reply is complete: compute its quick score."""
        self._epoch += 1
        self._queue_quick(turn)

    def shown(self) -> None:
        """Another branch or an edit is shown: score its last reply now, the others later."""
        path = [turn for turn in self._chat.transcript.turns if _is_finished(turn)]
        if self.follow() is None or self._chat.state.busy or not path:
            return
        if path[-1].id not in self.known and path[-1].id not in self._queued:
            self._queue_quick(path[-1])
            self.interrupt()

    def idle(self) -> None:
        """The chat is idle: compute the scores that the shown replies lack."""
        scores, session = self.follow(), self._chat.session
        if scores is None or session is None or self._chat.state.busy:
            return
        shown = [turn for turn in self._chat.transcript.turns if _is_finished(turn)]
        epoch = self._epoch

        def stopped() -> bool:
            return self._epoch != epoch or self._chat.state.busy

        # The slow signals cost minutes of CPU time: while no pane shows them, only the last reply.
        deep = shown if "consistency" in self._chat.panes.shown else shown[-1:]
        # Quick scores never wait for slow ones, which have a thread of their own and begin once the
        # queued quick scores are done.
        self._lane.put(lambda: self._score_quickly(session, scores, shown, stopped))
        self._lane.put(
            lambda: self._slow.put(lambda: self._score_fully(session, scores, deep, stopped))
        )

    def _queue_quick(self, turn: Turn) -> None:
        scores, session = self.follow(), self._chat.session
        if scores is None or session is None or not is_scorable(turn):
            return
        self._queued.add(turn.id)
        self._lane.put(lambda: self._score(session, scores, turn, full=False))

    # In the threads ----------------------------------------------------------------------------
    def _read_ahead(self, session: Session, scores: LiveScores, turn: Turn) -> None:
        try:
            if (card := card_of_speaker(session, turn)) is not None:
                scores.read_ahead(card, session.chat, turn)
        except RptermError:
            return  # The chat was left meanwhile, which closes its database.
        finally:
            self._reading = False

    def _score_quickly(
        self,
        session: Session,
        scores: LiveScores,
        shown: Sequence[Turn],
        stopped: Callable[[], bool],
    ) -> None:
        try:
            if not self._prepared:
                scores.prepare(session.card, session.chat)
                self._prepared = True
            known = scores.stored_scores(session.chat, shown)
            for turn in reversed(shown):
                if turn.id in known and turn.id not in self.known:
                    self._tell(session, turn, known[turn.id], scores.problem)
        except RptermError:
            return  # The chat was left meanwhile, which closes its database.
        for turn in reversed(shown):
            if turn.id not in known and not stopped():
                self._score(session, scores, turn, full=False, stopped=stopped)

    def _score_fully(
        self,
        session: Session,
        scores: LiveScores,
        shown: Sequence[Turn],
        stopped: Callable[[], bool],
    ) -> None:
        try:
            if not self._warm and not stopped():
                scores.warm(session.card, session.chat)
                self._warm = True
            known = scores.stored_scores(session.chat, shown)
        except RptermError:
            return  # As above.
        for turn in reversed(shown):
            score = known.get(turn.id)
            is_complete = score is not None and score.complete
            if not (is_complete or turn.id in self._fully_scored or stopped()):
                self._score(session, scores, turn, full=True, stopped=stopped)

    def _score(
        self,
        session: Session,
        scores: LiveScores,
        turn: Turn,
        *,
        full: bool,
        stopped: Callable[[], bool] = lambda: False,
    ) -> None:
        if stopped() or session is not self._chat.session:
            return
        try:
            chat, card = session.chat, card_of_speaker(session, turn)
            if card is None:
                return
            if full:
                score = scores.score_fully(card, chat, turn, stopped)
                # This includes a score that lacks a model's signals, which cannot become more
                # complete. Only what was stopped or failed is scored again.
                if score is not None:
                    self._fully_scored.add(turn.id)
            else:
                score = scores.score_quickly(card, chat, turn)
        except RptermError:
            return  # As above.
        if score is not None or scores.problem:
            self._tell(session, turn, score, scores.problem)

    def _tell(self, session: Session, turn: Turn, score: Score | None, problem: str) -> None:
        self._chat.tell(lambda: receive_score(self._chat, session, turn, score, problem))


def card_of_speaker(session: Session, turn: Turn) -> CharacterCard | None:
    """The card of the character who said a reply; ``None`` for a narrator, which is not scored."""
    actor = session.scene.actor_of(turn)
    return actor.card if session.scene.plays_character(actor) else None


def _is_finished(turn: Turn) -> bool:
    """Whether a turn can be scored and is not being written any more, in any terminal."""
    return is_scorable(turn) and turn.status is not Status.STREAMING


def is_scorable(turn: Turn) -> bool:
    """Whether a turn is a reply that can be scored, which the card's own greeting is not."""
    return (
        turn.role == "assistant"
        and turn.id > 0
        and turn.origin is not Origin.GREETING
        and bool(turn.text.strip())
    )


# On the screen ---------------------------------------------------------------------------------
def receive_score(
    chat: ChatScreen, session: Session, turn: Turn, score: Score | None, problem: str
) -> None:
    """A score has been computed: keep it and show it; without one, ``problem`` says why."""
    keeper = chat.keeper
    if chat.session is not session:
        return
    keeper.problem = problem
    if score is not None:
        before = keeper.known.get(turn.id)
        if before is None or score.complete or not before.complete:
            keeper.known[turn.id] = score
    refresh(chat)


def refresh(chat: ChatScreen) -> None:
    """Update status line, pane, highlights and alarm to the known scores of the shown turns."""
    keeper = chat.keeper
    path = [turn for turn in chat.transcript.turns if is_scorable(turn)]
    # While another reply is generated, nothing is shown about the one it follows or replaces.
    last = path[-1] if path and not chat.state.busy else None
    score = keeper.known.get(last.id) if last is not None else None
    chat.figures(score="" if score is None else f"in character {score.probability:.0%}")
    _show_pane(chat, path)
    _show_alarm(chat, last if ends_with_reply(chat) else None, score, path)


def _trend(chat: ChatScreen, path: Sequence[Turn], turn: Turn | None) -> tuple[float, ...]:
    """The probabilities of all scored replies by the speaker of this turn."""
    known = chat.keeper.known
    mine = (each for each in path if turn is not None and each.speaker == turn.speaker)
    return tuple(known[each.id].probability for each in mine if each.id in known)


def _drift(trend: Sequence[float]) -> Drift | None:
    from rpterm.scoring.drift import drift

    return drift(trend) if trend else None


def target_reply(chat: ChatScreen, path: Sequence[Turn]) -> Turn | None:
    """The reply that the pane shows: the selected one, or else the last one."""
    chosen = chat.transcript.selected
    return chosen if chosen is not None and is_scorable(chosen) else path[-1] if path else None


def ends_with_reply(chat: ChatScreen) -> bool:
    """Whether the last turn is a reply."""
    turns = chat.transcript.turns
    return bool(turns) and turns[-1].role == "assistant"


def _show_pane(chat: ChatScreen, path: Sequence[Turn]) -> None:
    pane: ConsistencyPane | None = chat.panes.pane("consistency")
    turn = target_reply(chat, path) if pane is not None else None
    score = chat.keeper.known.get(turn.id) if turn is not None else None
    if pane is not None:
        from rpterm.tui.widgets.panes.consistency import ConsistencyState

        problem, session = chat.keeper.problem, chat.session
        if session is not None and session.scores is None:
            problem = SCORES_OFF
        elif turn is None:
            problem = "There is no reply to score yet."
        elif session is not None and card_of_speaker(session, turn) is None:
            problem = NARRATOR
        trend = _trend(chat, path, turn)
        pane.show(ConsistencyState(turn, score, trend, _drift(trend), problem))
    _highlight(chat, turn, score)


def _highlight(chat: ChatScreen, turn: Turn | None, score: Score | None) -> None:
    spans: tuple[tuple[int, int], ...] = ()
    if turn is not None and score is not None:
        from rpterm.scoring import findings

        spans = findings.broken_spans(score)
    if (turn.id if turn and spans else 0) != chat.state.highlit:
        old = chat.transcript.view(chat.state.highlit) if chat.state.highlit else None
        if old is not None:
            old.highlight(())
        chat.state.highlit = turn.id if turn is not None and spans else 0
    if turn is not None and spans and (view := chat.transcript.view(turn.id)) is not None:
        view.highlight(spans)


def _show_alarm(
    chat: ChatScreen, last: Turn | None, score: Score | None, path: Sequence[Turn]
) -> None:
    sentence, drift = "", _drift(_trend(chat, path, last))
    if last is not None and score is not None and last.id != chat.keeper.dismissed:
        from rpterm.scoring.drift import broke_character

        name = last.speaker
        if broke_character(score.probability, score.high):
            sentence = f"{name} fell out of character{_reason(score)}."
        elif drift is not None and drift.alarm:
            sentence = f"{name} has been slipping for some replies."
    chat.query_one(Alarm).show(sentence)


def _reason(score: Score) -> str:
    """What the reply broke most, as the end of a sentence; "" if it broke nothing."""
    from rpterm.scoring.findings import findings

    worst = findings(score)[:1]
    return "".join(f": {each.label}" for each in worst if each.kind == "break")


def dismiss_alarm(chat: ChatScreen) -> None:
    """Hide the alarm; it returns only for another reply."""
    path = [turn for turn in chat.transcript.turns if is_scorable(turn)]
    chat.keeper.dismissed = path[-1].id if path else 0
    refresh(chat)
