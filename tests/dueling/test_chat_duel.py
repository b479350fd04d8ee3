"""A duel inside a chat: one prompt, two replies, another model where one was asked for."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from rpterm.cards.card import CharacterCard
from rpterm.chat.events import ReplyDelta, ReplyFailed, ReplyFinished, ReplyStarted, SessionEvent
from rpterm.chat.live_scores import LiveScores
from rpterm.chat.request import ReplyRequest
from rpterm.chat.session import Session
from rpterm.chat.tree import begin_chat
from rpterm.config import ScoringSettings, Settings
from rpterm.dueling.chat_duel import duel
from rpterm.dueling.contender import parse
from rpterm.engine.protocol import Engine
from rpterm.engine.scripted import ScriptedEngine
from rpterm.errors import RptermError
from rpterm.scoring.scorer import Scorer
from rpterm.store import Store
from rpterm.types import Persona, Status

CARD = CharacterCard(name="Mara", description="Keeps a lighthouse.", greetings=("Good evening.",))


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    with Store(tmp_path / "rp.db") as store:
        chat = begin_chat(store, CARD, "name = 'Mara'", Persona("Ann"))
        engine = ScriptedEngine(["One.", "Two.", "Three."])
        yield Session(store, engine, CARD, chat, Settings())


def run(session: Session, spec: str = "") -> list[SessionEvent]:
    return list(duel(session, ReplyRequest(text="Who is there?"), parse("B", spec)))


def finished(events: list[SessionEvent]) -> list[ReplyFinished]:
    return [event for event in events if isinstance(event, ReplyFinished)]


def test_sides_that_differ_only_in_the_seed_are_decoded_in_parallel(session: Session) -> None:
    events = run(session)
    assert isinstance(session.engine, ScriptedEngine)
    assert len(session.engine.requests) == 1 and len(session.engine.requests[0].seeds) == 2
    assert any(isinstance(event, ReplyDelta) for event in events)
    assert len(finished(events)) == 2


def test_one_side_without_text_fails_the_duel(session: Session) -> None:
    assert isinstance(session.engine, ScriptedEngine)
    session.engine._replies = ("", "Two.")
    events = run(session)
    assert [end.index for end in finished(events)] == [1]
    assert isinstance(events[-1], ReplyFailed) and "before the first word" in events[-1].message


def test_another_model_reads_the_same_prompt_and_both_replies_are_shown_together(
    session: Session,
) -> None:
    other = ScriptedEngine(["The rival's."])
    asked: list[Settings] = []

    def rivals(settings: Settings) -> Engine:
        asked.append(settings)
        return other

    session.open_other_engine = rivals
    events = run(session, "model=other.gguf temperature=1.5")
    assert asked[0].model == "other.gguf"
    assert not any(isinstance(event, ReplyDelta) for event in events)
    (started,) = [event for event in events if isinstance(event, ReplyStarted)]
    one, two = finished(events)
    assert [turn.id for turn in started.turns] == [one.turn.id, two.turn.id]
    assert (one.index, two.index, two.turn.text) == (0, 1, "The rival's.")
    assert isinstance(session.engine, ScriptedEngine)
    assert other.requests[0].prompt_ids == session.engine.requests[0].prompt_ids
    assert two.generation.sampling.temperature == 1.5
    assert session.chat.leaf_id == one.turn.id
    assert session.opponent is None


def test_a_second_model_that_cannot_be_loaded_is_an_error(session: Session) -> None:
    with pytest.raises(RptermError, match="No second model"):
        run(session, "model=other.gguf")


def test_what_stops_the_chat_stops_the_rival(session: Session) -> None:
    other = ScriptedEngine(["word " * 200], delay_s=0.02)
    session.open_other_engine = lambda settings: other
    events: list[SessionEvent] = []
    worker = threading.Thread(target=lambda: events.extend(run(session, "model=other.gguf")))
    worker.start()
    for _ in range(500):
        if other.requests:
            break
        worker.join(0.02)
    session.cancel()
    worker.join(10)
    assert not worker.is_alive() and finished(events) == []
    kept = [turn for turn in session.store.tree(session.chat_id) if turn.text == "One."]
    assert [turn.status for turn in kept] == [Status.COMPLETE]


def test_no_side_is_the_best_of_several(session: Session) -> None:
    session.settings = replace(Settings(), scoring=ScoringSettings(best_of=3))
    session.scores = LiveScores(session.store, Scorer)
    events = run(session, "temperature=1.5")
    (started,) = [event for event in events if isinstance(event, ReplyStarted)]
    assert len(started.turns) == len(finished(events)) == 2 and not started.best
    assert session.path()[-1].swipes == 2


def test_a_side_that_fails_leaves_the_other_as_a_reply(session: Session) -> None:
    session.open_other_engine = lambda settings: ScriptedEngine(["x"], fail_at=0)
    events = run(session, "model=other.gguf")
    assert any(isinstance(event, ReplyFailed) for event in events) and not finished(events)
    assert session.path()[-1].text == "One."
