"""Of several replies made at once the best by score is kept, through the session's one path."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from chatting import CARD

from rpterm.chat import best_of
from rpterm.chat.events import (
    BestKept,
    BestLed,
    ReplyDelta,
    ReplyFailed,
    ReplyFinished,
    ReplyStarted,
)
from rpterm.chat.live_scores import LiveScores
from rpterm.chat.request import ReplyRequest
from rpterm.chat.session import Session
from rpterm.chat.tree import begin_chat
from rpterm.config import ScoringSettings, Settings
from rpterm.engine.scripted import ScriptedEngine
from rpterm.scoring.scorer import Scorer
from rpterm.store import Store
from rpterm.types import Persona

BAD = "As an AI language model, I cannot help with that request, but here are some helpful tips."
GOOD = "The tide turns at four, and the lamp wants oil before that; hold the ladder for me, Ann."


@pytest.fixture
def session(store: Store, tmp_path: Path) -> Session:
    chat = begin_chat(store, CARD, "name = 'Mara'", Persona("Ann"))
    settings = replace(Settings(), scoring=ScoringSettings(best_of=3))
    engine = ScriptedEngine([BAD, GOOD, BAD + " And more."])
    return Session(store, engine, CARD, chat, settings, scores=LiveScores(store, Scorer))


def test_the_best_is_shown_and_the_others_are_its_swipes(session: Session) -> None:
    events = list(session.reply(ReplyRequest(text="Is it late?")))
    started = next(event for event in events if isinstance(event, ReplyStarted))
    kept = events[-1]
    assert isinstance(kept, BestKept) and started.best
    assert (kept.turn.text, len(kept.probabilities)) == (GOOD, 3)
    assert all(chance is not None for chance in kept.probabilities)
    assert kept.probabilities[kept.index] == max(chance or 0 for chance in kept.probabilities)
    shown = session.path()[-1]
    assert (shown.text, shown.swipes) == (GOOD, 3)


def test_a_narrator_has_nothing_to_be_true_to(session: Session) -> None:
    session.set_card(replace(CARD, tags=("narrator",)), "name = 'Mara'")
    events = list(session.reply(ReplyRequest(text="Is it late?", candidates=3, best=True)))
    started = next(event for event in events if isinstance(event, ReplyStarted))
    assert len(started.turns) == 3 and not started.best
    assert not [event for event in events if isinstance(event, BestKept)]


def test_growing_replies_are_compared(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(best_of, "COMPARE_EVERY_S", 0.0)
    events = list(session.reply(ReplyRequest(text="Is it late?")))
    led = [event.index for event in events if isinstance(event, BestLed)]
    finished = next(at for at, event in enumerate(events) if isinstance(event, ReplyFinished))
    assert led and led[-1] == 1
    assert all(not isinstance(event, BestLed) for event in events[finished:])


@pytest.mark.parametrize(
    "request_", [ReplyRequest(text="Hm?", seeds=(3,)), ReplyRequest(text="Hm?", candidates=2)]
)
def test_who_asked_for_something_else_gets_that(session: Session, request_: ReplyRequest) -> None:
    events = list(session.reply(request_))
    assert not [event for event in events if isinstance(event, BestKept)]


@pytest.mark.parametrize("silent", [0, 1, 2])
def test_a_candidate_without_a_word_leaves_the_choice_to_the_others(
    session: Session, silent: int
) -> None:
    replies = [BAD, BAD + " And more."]
    replies.insert(1 if silent == 0 else 0, GOOD)
    replies[silent] = ""
    assert isinstance(session.engine, ScriptedEngine)
    session.engine._replies = tuple(replies)
    events = list(session.reply(ReplyRequest(text="Is it late?")))
    assert not [event for event in events if isinstance(event, ReplyFailed)]
    kept = events[-1]
    assert isinstance(kept, BestKept) and kept.turn.text == GOOD
    assert kept.index == replies.index(GOOD)
    assert [chance is None for chance in kept.probabilities] == [at == silent for at in range(3)]
    shown = session.path()[-1]
    assert (shown.text, shown.swipes) == (GOOD, 2)


def test_candidates_without_a_word_fail_once(session: Session) -> None:
    assert isinstance(session.engine, ScriptedEngine)
    session.engine._replies = ("",)
    events = list(session.reply(ReplyRequest(text="Is it late?")))
    assert [type(event) for event in events if isinstance(event, ReplyFailed | BestKept)] == [
        ReplyFailed
    ]


def test_a_stopped_one_keeps_the_best_of_what_had_come(session: Session) -> None:
    stream = session.reply(ReplyRequest(text="Is it late?"))
    grown: dict[int, str] = {}
    kept = None
    for event in stream:
        if isinstance(event, ReplyDelta):
            grown[event.index] = event.text
            if len(grown) == 3 and min(map(len, grown.values())) > 40:
                session.cancel()
        kept = event if isinstance(event, BestKept) else kept
    assert kept is not None and kept.probabilities[kept.index] == max(
        each or 0 for each in kept.probabilities
    )
    shown = session.path()[-1]
    assert shown.id == kept.turn.id and shown.text != GOOD and GOOD.startswith(shown.text)


def test_what_the_score_kept_is_no_preference_until_the_user_chooses(session: Session) -> None:
    judged = session.rater.judgements
    list(session.reply(ReplyRequest(text="Is it late?")))
    list(session.reply(ReplyRequest(text="Then hold the ladder.")))
    assert not list(judged.comparisons(session.chat_id))
    kept = session.path()[-1]
    other = session.swipe(kept.id, -1 if kept.swipe > 1 else 1)
    assert other is not None
    session.select(kept.id)
    list(session.reply(ReplyRequest(text="Good.")))
    found = list(judged.comparisons(session.chat_id))
    assert len(found) == 2 and {each.left_id for each in found} == {kept.id}
