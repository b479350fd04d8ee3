"""Live scores by the real models: quick, slow, stopped."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from rpterm import paths as folders
from rpterm.cards.card import CharacterCard, Example
from rpterm.chat.live_scores import LiveScores
from rpterm.chat.tree import begin_chat
from rpterm.config import Settings
from rpterm.scoring.scorer import Scorer
from rpterm.startup.scorer import open_scorer
from rpterm.store import Store
from rpterm.store.scores import Scores
from rpterm.types import Origin, Persona

pytestmark = pytest.mark.model

CARD = CharacterCard(
    name="Holmes",
    attributes=("Holmes is a detective.", "Holmes has a brother, Mycroft."),
    examples=(
        Example((("user", "A guess?"), ("char", '"I never guess." *He lights the pipe.*'))),
        Example((("user", "Who is it?"), ("char", '*He listens.* "A sailor, and late."'))),
    ),
    knows_until="1895",
)
OTHER = CharacterCard(
    name="Kit",
    examples=(Example((("user", "Hi?"), ("char", "Yo! Skates on, helmets on, let's roll!"))),),
)
RIGHT = '"I never guess." *He lifts the lens.* "Mycroft would have it out of you already."'
BROKEN = "As an AI language model, I don't have a brother. How can I assist you today?"


@pytest.fixture
def scorer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scorer]:
    monkeypatch.setenv("RPTERM_HOME", str(tmp_path))
    # It gives way to everything else, and would never end beside a machine full of tests.
    monkeypatch.setattr("rpterm.scoring.likelihood._NICE", 0)
    made = open_scorer(Settings(), folders.find())
    yield made
    made.close()


def test_quick_and_slow_scores_of_a_chat(tmp_path: Path, scorer: Scorer) -> None:
    with Store(tmp_path / "rpterm.db") as store:
        chat = begin_chat(store, CARD, "name = 'Holmes'", Persona("Ashby"))
        asked = store.add_turn(
            chat.id, chat.leaf_id, "user", "Ashby", "Did you guess?", origin=Origin.TYPED
        )
        right, broken = (
            store.add_turn(chat.id, asked.id, "assistant", "Holmes", text, origin=Origin.GENERATED)
            for text in (RIGHT, BROKEN)
        )
        live = LiveScores(store, lambda: scorer, others=lambda: [OTHER])
        quick = {turn.id: live.score_quickly(CARD, chat, turn) for turn in (right, broken)}
        assert live.score_fully(CARD, chat, right, lambda: True) is None
        slow = {turn.id: live.score_fully(CARD, chat, turn) for turn in (right, broken)}
        assert not live.problem
        for found in (quick, slow):
            good, bad = found[right.id], found[broken.id]
            assert good is not None and bad is not None
            assert good.probability > bad.probability + 0.2
            assert bad.readings["assistant_voice"].evidence
        assert not quick[right.id].complete and slow[right.id].complete  # type: ignore[union-attr]
        kept = Scores(store).get([right.id, broken.id])
        assert all(row.complete for row in kept.values())
        assert kept[right.id].probability == slow[right.id].probability  # type: ignore[union-attr]
