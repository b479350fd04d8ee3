"""A duel of the real starter model against itself at another temperature."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from rpterm import paths
from rpterm.cards.card import CharacterCard
from rpterm.chat.events import ReplyFinished
from rpterm.chat.request import ReplyRequest
from rpterm.chat.session import Session
from rpterm.config import Settings
from rpterm.dueling.chat_duel import duel
from rpterm.dueling.contender import Contender, parse
from rpterm.dueling.duel import Duel, DuelSetup
from rpterm.dueling.reply_generator import ReplyGenerator
from rpterm.engine.protocol import Engine
from rpterm.models.engine_factory import open_engine
from rpterm.store import Store
from rpterm.types import Persona, Sampling

pytestmark = pytest.mark.model

CARD = CharacterCard(
    name="Mo", description="A ferryman who tells stories.", greetings=("Mind the plank.",)
)
SETTINGS = Settings(context=1024, sampling=Sampling(max_tokens=12))


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    made = open_engine(SETTINGS, paths.find({"RPTERM_HOME": str(tmp_path)}), sequences=2)
    yield made
    made.close()


def test_a_duel_is_made_judged_and_continued_in_the_chat(tmp_path: Path, engine: Engine) -> None:
    with Store(tmp_path / "rp.db") as store:
        setup = DuelSetup(
            "Mo", ("temperature=0", "temperature=1.2"), 2, 7, ("Who are you?", "Why?")
        )
        started_duel = Duel.begin(store, CARD, "name = 'Mo'", Persona("Ann"), setup)

        def opened(contender: Contender) -> Session:
            chat = store.chat(started_duel.chat_id)
            return Session(store, engine, CARD, chat, contender.settings(SETTINGS))

        ReplyGenerator(started_duel, opened).run()
        while (pair := started_duel.next()) is not None:
            assert pair.left is not None and pair.right is not None
            made = [store.generation(turn.id) for turn in (pair.left, pair.right)]
            assert made[0] and made[1] and made[0].prompt_ids == made[1].prompt_ids
            assert {each.sampling.temperature for each in made if each} == {0.0, 1.2}
            started_duel.judge(pair, "left")
        assert started_duel.tally().votes == 2
        session = opened(parse("A", ""))
        events = list(duel(session, ReplyRequest(text="Tell me more."), parse("B", "")))
        ends = [event for event in events if isinstance(event, ReplyFinished)]
        assert len(ends) == 2
        assert ends[0].generation.prompt_ids == ends[1].generation.prompt_ids
        assert len(ends[0].generation.batch_seeds) == 2
