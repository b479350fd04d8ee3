"""The real model writes memory beside a chat: nothing wrong is kept, and the next turn costs the
same."""

from __future__ import annotations

from pathlib import Path

import pytest

from rpterm import paths
from rpterm.chat.events import ReplyFinished
from rpterm.chat.request import ReplyRequest
from rpterm.chat.session import Session
from rpterm.config import DistillingSettings, Settings
from rpterm.startup.launch import ChatRequest, Launch
from rpterm.types import Sampling, Usage

pytestmark = pytest.mark.model

SAID = ("I moved to London in May.", "I broke my wrist skating.", "Where are we?")
CARD = """name = "Mo"
description = "A ferryman who tells long stories about the river."
greetings = ["Mind the plank."]
"""


@pytest.fixture(autouse=True)
def without_embedder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Launch, "_embedding", lambda *_: None)


def launched(tmp_path: Path, mode: str) -> Launch:
    settings = Settings(
        context=512,
        distil=DistillingSettings(mode),  # type: ignore[arg-type]
        sampling=Sampling(seed=5, max_tokens=8, temperature=0),
    )
    card = tmp_path / "mo.toml"
    card.write_text(CARD, encoding="utf-8")
    home = paths.find({"RPTERM_HOME": str(tmp_path / mode)})
    return Launch(settings, home, ChatRequest(str(card), new=True))


def said(session: Session, text: str) -> Usage:
    (end,) = [
        event for event in session.reply(ReplyRequest(text=text))
        if isinstance(event, ReplyFinished)
    ]  # fmt: skip
    return end.generation.usage


def played(tmp_path: Path, mode: str) -> tuple[list[int], list[str], list[str]]:
    """Tokens evaluated for each turn, the replies, and the facts kept."""
    launch = launched(tmp_path, mode)
    try:
        session = launch.open()
        session.load()
        assert session.distiller is not None
        session.distiller._still = 0.0
        evaluated: list[int] = []
        for text in SAID:
            assert session.distiller.rested(120)
            assert session.engine.settled(120)
            evaluated.append(said(session, text).evaluated)
        assert session.distiller.rested(120)
        assert session.distiller.error == ""
        assert session.memory is not None
        facts = [row.text for row in session.memory.page(kinds=["fact"])]
        replies = [turn.text for turn in session.path() if turn.role == "assistant"]
        session.close()
    finally:
        launch.close()
    return evaluated, replies, facts


def test_writing_memory_costs_the_next_turn_nothing(tmp_path: Path) -> None:
    without = played(tmp_path, "rules")
    beside = played(tmp_path, "model")
    assert beside[0] == without[0]
    assert beside[1] == without[1]
    assert without[2] == ["User moved to London and lives there"]
    assert set(without[2]) <= set(beside[2])
    said_words = set(" ".join(SAID).lower().replace(".", "").split())
    assert all(said_words & set(fact.lower().split()) for fact in beside[2])
