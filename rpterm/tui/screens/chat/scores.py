"""Scores while one chats: made in a thread of their own, shown in pane, status line and alarm.

A quick score comes right after each reply; the slow one waits until nothing else goes on and stops
when the user types or sends.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rpterm.tui import messages
from rpterm.tui.lane import Lane
from rpterm.types import Origin, RptermError, Status, Turn

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from textual.timer import Timer

    from rpterm.cards.card import CharacterCard
    from rpterm.chat.live import LiveScores
    from rpterm.chat.session import Session
    from rpterm.scoring.drift import Drift
    from rpterm.scoring.scorer import Score
    from rpterm.tui.screens.chat.screen import ChatScreen

REST_S = 2.0
"""How long typing must rest before the slow signals go on."""


class Watcher:
    """Scores the replies of whatever chat is open."""

    def __init__(self, chat: ChatScreen, failed: Callable[[Exception], object]) -> None:
        self._chat = chat
        self._lane, self._slow = Lane("score", failed), Lane("score-slow", failed)
        self._session: Session | None = None
        self._disturbed = 0
        self._warm = self._prepared = self._reading = False
        self._timer: Timer | None = None
        self._card: CharacterCard | None = None
        self._tried: set[int] = set()
        self._asked: set[int] = set()
        self.known: dict[int, Score] = {}
        self.problem = ""
        self.sentence = ""
        self.put_away = 0
        """The reply whose alarm the user put away."""

    def follow(self) -> LiveScores | None:
        """Turn to the chat and card that are open now, and give what measures there."""
        session = self._chat.session
        card = session.card if session is not None else None
        if session is not self._session or card is not self._card:
            self._session, self._card = session, card
            self.known, self._tried, self._warm = {}, set(), False
            self._asked, self._prepared = set(), False
            self.put_away, self.problem = 0, ""
        return session.scores if session is not None else None

    def close(self) -> None:
        self._disturbed += 1
        self._lane.close()
        self._slow.close()

    def disturb(self) -> None:
        """The user types or sends: the slow signals stop."""
        self._disturbed += 1
        if self._timer is not None:
            self._timer.stop()
        if self.follow() is not None and self._chat.is_mounted:
            self._timer = self._chat.set_timer(REST_S, self.idle)

    def measure_again(self) -> None:
        """What replies are measured against is another: only scores that are still kept count."""
        self._disturbed += 1
        self.known, self._tried, self._asked = {}, set(), set()

    def hush(self) -> None:
        """Another reply is on its way: what was said of the last one does not matter now."""
        self._disturbed += 1
        self.sentence = ""
        self._chat.figures(score="")
        for line in self._chat.query("#alarm"):
            line.show("")  # type: ignore[attr-defined]

    def growing(self, turn: Turn) -> None:
        """A reply grows: what of it stands is read in the meantime, when nothing else is."""
        scores, session = self.follow(), self._chat.session
        if scores is None or session is None or self._reading or not is_scorable(turn):
            return
        self._reading = True
        self._lane.put(lambda: self._read(session, scores, turn))

    def replied(self, turn: Turn) -> None:
        """A reply is complete: score it by what is quick."""
        self._disturbed += 1
        self._measure(turn, full=False)

    def shown(self) -> None:
        """Another branch or an edit is shown: score its end at once, the rest after a while."""
        path = [turn for turn in self._chat.transcript.turns if _whole(turn)]
        if self.follow() is None or self._chat.state.busy or not path:
            return
        if path[-1].id not in self.known and path[-1].id not in self._asked:
            self._measure(path[-1], full=False)
            self.disturb()

    def idle(self) -> None:
        """Nothing goes on: get ready once, then measure what is shown and was not measured."""
        scores, session = self.follow(), self._chat.session
        if scores is None or session is None or self._chat.state.busy:
            return
        shown = [turn for turn in self._chat.transcript.turns if _whole(turn)]
        at = self._disturbed

        def stopped() -> bool:
            return self._stale(at)

        # What nobody looks at costs no minutes of the processor: only the last one, then.
        deep = shown if "consistency" in self._chat.panes.shown else shown[-1:]
        # The quick ones never wait for the slow ones: those have a thread of their own, and begin
        # when the quick ones are through.
        self._lane.put(lambda: self._catch_up(session, scores, shown, stopped))
        self._lane.put(lambda: self._slow.put(lambda: self._deepen(session, scores, deep, stopped)))

    def _stale(self, at: int) -> bool:
        return self._disturbed != at or self._chat.state.busy

    def _measure(self, turn: Turn, *, full: bool) -> None:
        scores, session = self.follow(), self._chat.session
        if scores is None or session is None or not is_scorable(turn):
            return
        at = self._disturbed
        self._asked.add(turn.id)
        self._lane.put(
            lambda: self._one(session, scores, turn, full, lambda: full and self._stale(at))
        )

    # In the thread -----------------------------------------------------------------------------
    def _read(self, session: Session, scores: LiveScores, turn: Turn) -> None:
        try:
            if (card := card_of_speaker(session, turn)) is not None:
                scores.ahead(card, session.chat, turn)
        except RptermError:
            return  # The chat was left, and its database closed, in between.
        finally:
            self._reading = False

    def _catch_up(
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
            known = scores.known(session.chat, shown)
            for turn in reversed(shown):
                if turn.id in known and turn.id not in self.known:
                    self._post(session, turn, known[turn.id], scores.problem)
        except RptermError:
            return  # The chat was left, and its database closed, in between.
        for turn in reversed(shown):
            if turn.id not in known and not stopped():
                self._one(session, scores, turn, False, stopped)

    def _deepen(
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
            known = scores.known(session.chat, shown)
        except RptermError:
            return  # As above.
        for turn in reversed(shown):
            before = known.get(turn.id)
            done = before is not None and before.complete
            if not (done or turn.id in self._tried or stopped()):
                self._one(session, scores, turn, True, stopped)

    def _one(
        self,
        session: Session,
        scores: LiveScores,
        turn: Turn,
        full: bool,
        stopped: Callable[[], bool],
    ) -> None:
        if stopped() or session is not self._chat.session:
            return
        try:
            chat, card = session.chat, card_of_speaker(session, turn)
            if card is None:
                return
            if full:
                score = scores.full(card, chat, turn, stopped)
                # Also a score that lacks a model, which is as whole as it gets; only what was
                # stopped, or failed, is measured again.
                if score is not None:
                    self._tried.add(turn.id)
            else:
                score = scores.cheap(card, chat, turn)
        except RptermError:
            return  # As above.
        if score is not None or scores.problem:
            self._post(session, turn, score, scores.problem)

    def _post(self, session: Session, turn: Turn, score: Score | None, problem: str = "") -> None:
        self._chat.post_message(messages.ReplyScored(session, turn, score, problem))


def card_of_speaker(session: Session, turn: Turn) -> CharacterCard | None:
    """The card of whoever said it; a narrator has no character to keep."""
    actor = session.scene.actor_of(turn)
    return actor.card if session.scene.plays(actor) else None


def _whole(turn: Turn) -> bool:
    """Whether it is worth measuring and nobody, in whatever terminal, is writing it still."""
    return is_scorable(turn) and turn.status is not Status.STREAMING


def is_scorable(turn: Turn) -> bool:
    """Whether a turn is worth measuring: a reply, not the card's own greeting."""
    return (
        turn.role == "assistant"
        and turn.id > 0
        and turn.origin is not Origin.GREETING
        and bool(turn.text.strip())
    )


# What the screen does with it ------------------------------------------------------------------
def receive_score(chat: ChatScreen, event: messages.ReplyScored) -> None:
    """A score came: keep it, show it."""
    keeper = chat.keeper
    if chat.session is not event.session:
        return
    keeper.problem = event.problem
    if event.score is not None:
        before = keeper.known.get(event.turn.id)
        if before is None or event.score.complete or not before.complete:
            keeper.known[event.turn.id] = event.score
    refresh(chat)


def refresh(chat: ChatScreen) -> None:
    """Bring status line, pane, highlight and alarm to what is known of the turns shown."""
    keeper = chat.keeper
    path = [turn for turn in chat.transcript.turns if is_scorable(turn)]
    # While another reply is made, nothing is said of the one it follows or takes the place of.
    last = path[-1] if path and not chat.state.busy else None
    score = keeper.known.get(last.id) if last is not None else None
    chat.figures(score="" if score is None else f"in character {score.probability:.0%}")
    _show_pane(chat, path)
    _show_alarm(chat, last if ends_with_reply(chat) else None, score, path)


def _trend(chat: ChatScreen, path: Sequence[Turn], turn: Turn | None) -> tuple[float, ...]:
    """The chances of all replies of the one who said this; among several each has its own."""
    known = chat.keeper.known
    mine = (each for each in path if turn is not None and each.speaker == turn.speaker)
    return tuple(known[each.id].probability for each in mine if each.id in known)


def _drift(trend: Sequence[float]) -> Drift | None:
    from rpterm.scoring.drift import drift

    return drift(trend) if trend else None


def target_reply(chat: ChatScreen, path: Sequence[Turn]) -> Turn | None:
    """The reply that the pane is about: the selected one, or the last one."""
    chosen = chat.transcript.selected
    return chosen if chosen is not None and is_scorable(chosen) else path[-1] if path else None


def ends_with_reply(chat: ChatScreen) -> bool:
    """Whether the last turn is a reply."""
    turns = chat.transcript.turns
    return bool(turns) and turns[-1].role == "assistant"


def _show_pane(chat: ChatScreen, path: Sequence[Turn]) -> None:
    pane = chat.panes.pane("consistency")
    turn = target_reply(chat, path) if pane is not None else None
    score = chat.keeper.known.get(turn.id) if turn is not None else None
    if pane is not None:
        from rpterm.tui.widgets.panes.consistency import ConsistencyPane, Standing

        assert isinstance(pane, ConsistencyPane)
        problem = chat.keeper.problem
        if chat.session is not None and chat.session.scores is None:
            problem = "Scores are off: `rpterm config set scoring.live true` puts them on."
        elif turn is None:
            problem = "Nothing was said yet that could be measured."
        trend = _trend(chat, path, turn)
        pane.show(Standing(turn, score, trend, _drift(trend), problem))
    _highlight(chat, turn, score)


def _highlight(chat: ChatScreen, turn: Turn | None, score: Score | None) -> None:
    spans: tuple[tuple[int, int], ...] = ()
    if turn is not None and score is not None:
        from rpterm.scoring import findings

        spans = findings.spans(score)
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
    sentence, told = "", _drift(_trend(chat, path, last))
    if last is not None and score is not None and last.id != chat.keeper.put_away:
        from rpterm.scoring.drift import broken

        name = last.speaker
        if broken(score.probability, score.high):
            sentence = f"{name} fell out of character."
        elif told is not None and told.alarm:
            sentence = f"{name} has been slipping for some replies."
    chat.keeper.sentence = sentence
    shown = chat.query("#alarm")
    if shown:
        shown.first().show(sentence)  # type: ignore[attr-defined]
    elif sentence:
        chat.work(_raise_alarm(chat), "alarm")


async def _raise_alarm(chat: ChatScreen) -> None:
    from rpterm.tui.widgets.alarm import Alarm

    if not chat.query("#alarm"):
        await chat.query_one("#column").mount(Alarm(chat.settings.keys), before=chat.input)
    chat.query_one("#alarm", Alarm).show(chat.keeper.sentence)


def dismiss_alarm(chat: ChatScreen) -> None:
    """The user saw the alarm; it comes back only with another reply."""
    path = [turn for turn in chat.transcript.turns if is_scorable(turn)]
    chat.keeper.put_away = path[-1].id if path else 0
    refresh(chat)
