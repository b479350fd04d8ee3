"""The Scorer: cheap, full, stopped, without models; and the arithmetic of its probability."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from threading import Barrier, Thread

import numpy as np
import pytest
from letters import Letters

from rpterm.cards.card import CharacterCard
from rpterm.engine.protocol import EngineError
from rpterm.scoring import embedding
from rpterm.scoring.combine import (
    Term,
    bounded_contribution,
    confidence_interval,
    dimension_values,
    log_odds,
    sigmoid,
)
from rpterm.scoring.likelihood import Text
from rpterm.scoring.scene import Fact, ReplyScene, scene_of
from rpterm.scoring.scorer import Scorer
from rpterm.scoring.signal import NO_DATA, Reading

SCENE = ReplyScene(
    char="Ines",
    user="Tom",
    facts=(Fact("card.attributes:0", "Ines mends nets in the harbour."),),
    history=((False, "What do you mend?"),),
)


@pytest.mark.parametrize("reply", ["", " \n"])
def test_an_empty_reply_is_scored_by_no_signal(reply: str) -> None:
    score = Scorer().score_quickly(reply, SCENE)
    assert not any(each.confidence for each in score.readings.values())
    assert score.probability == 0.5 and not any(score.dimensions.values())


class Begun(Letters):
    """Also notes what was asked for before everything that can wait."""

    def __init__(self) -> None:
        self.begun: list[str] = []

    def start_encoding(self, texts: Sequence[str]) -> Callable[[], np.ndarray]:
        self.begun += texts
        return lambda: self.encode(texts)


def test_words_alone_give_a_score_that_is_not_complete() -> None:
    score = Scorer().score_quickly("I mend nets in the harbour.", SCENE)
    assert not score.complete and "fact_meaning" not in score.readings
    assert score.low <= score.probability <= score.high
    assert score.readings["fact_words"].evidence[0].source == "card.attributes:0"


def test_a_break_lowers_the_score_and_empties_the_boundaries() -> None:
    good = Scorer().score_quickly("I mend nets.", SCENE)
    bad = Scorer().score_quickly("I mend nets. As an AI language model I cannot fish.", SCENE)
    assert bad.probability < good.probability
    assert bad.dimensions["boundaries"] == 0 and good.dimensions["boundaries"] == 1


def test_meaning_joins_the_cheap_score_once_it_is_warm() -> None:
    scorer = Scorer(embed=Begun())
    assert "fact_meaning" not in scorer.score_quickly("I mend nets.", SCENE).readings
    scorer.warm_embeddings(SCENE)
    assert "fact_meaning" in scorer.score_quickly("I mend nets.", SCENE).readings


def test_both_models_load_at_the_same_time_and_full_tells_of_one_that_fails() -> None:
    meet = Barrier(2, timeout=30)  # Each waits for the other: one after the other would never end.
    asked: list[str] = []

    class Waiting(Begun):
        met = False

        def encode(self, texts: Sequence[str]) -> np.ndarray:
            if not self.met:
                self.met = True
                meet.wait()
            return super().encode(texts)

    class Model:
        def logprobs(
            self, reply: Text, prompts: Sequence[Text], stopped: Callable[[], bool] = lambda: False
        ) -> list[list[float]]:
            if not asked:
                meet.wait()
            asked.append(str(reply))
            raise EngineError("It broke.")

        def token_texts(self, reply: Text) -> list[str]:
            return []

        def close(self) -> None:
            pass

    scorer = Scorer(embed=Waiting(), likelihood=Model())
    scorer.warm_models("I mend nets.", SCENE)
    assert asked and not meet.broken
    score = scorer.score_fully("I mend nets.", SCENE)
    assert score is not None and not score.complete and "fact_meaning" in score.readings


def test_vectors_that_another_thread_pushes_out_meanwhile_are_still_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(embedding, "_REMEMBERED", 2)

    class Meanwhile(Begun):
        def encode(self, texts: Sequence[str]) -> np.ndarray:
            if "new" in texts:
                other = Thread(target=near, args=(["one", "two", "three"],))
                other.start()
                other.join()
            return super().encode(texts)

    near = embedding.EmbeddingCache(Meanwhile())
    near(["old"])
    assert np.array_equal(near(["old", "new"]), Letters().encode(["old", "new"]))


def test_what_stands_of_a_growing_reply_is_read_while_it_grows() -> None:
    letters = Begun()
    scorer = Scorer(embed=letters)
    scorer.warm_embeddings(SCENE)
    scorer.read_ahead("I mend nets. The harb", SCENE)
    scorer.score_quickly("I mend nets. The harbour is cold.", SCENE)
    assert letters.begun == ["I mend nets. The harbour is cold.", "The harbour is cold."]
    scorer.read_ahead("", ReplyScene())


def test_full_is_complete_and_can_be_stopped() -> None:
    scorer = Scorer(embed=Begun())
    score = scorer.score_fully("I mend nets.", SCENE)
    assert score is not None and score.complete and "context" in score.readings
    assert scorer.score_fully("I mend nets.", SCENE, stopped=lambda: True) is None


def test_a_score_does_not_depend_on_the_order_of_sets() -> None:
    """Python orders sets of strings differently in each process."""
    code = (
        "from rpterm.scoring.scene import Fact, ReplyScene\n"
        "from rpterm.scoring.scorer import Scorer\n"
        "fact = Fact('card.attributes:0', 'Ines mends nets, sails and oars in Setubal harbour.')\n"
        "told = (True, 'The tide takes boats, ropes and widows alike.')\n"
        "scene = ReplyScene('Ines', 'Tom', (fact,), history=(told, (False, 'What do you mend?')))\n"
        "reply = 'I would be happy to help! Nets, sails, oars, lanterns, kettles; boats, ropes '\n"
        "reply += 'whenever the harbour freezes, and once a violin for eleven silver coins.'\n"
        "print(Scorer().score_quickly(reply, scene))"
    )
    scores = {
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2", "3", "4")
    }  # fmt: skip
    assert len(scores) == 1


@pytest.mark.parametrize("reply", ["", " ", "\x00", "?" * 5000, "*", "“", "日本語"])
def test_odd_replies_are_scored_all_the_same(reply: str) -> None:
    for scene in (SCENE, ReplyScene()):
        score = Scorer().score_quickly(reply, scene)
        assert 0 <= score.low <= score.probability <= score.high <= 1


def test_what_has_nothing_to_go_by_says_nothing() -> None:
    terms = {"fits": Term(2.0, center=0.5), "breaks": Term(-3.0)}
    assert log_odds({"fits": NO_DATA, "breaks": Reading(0.0)}, terms) == 0
    assert log_odds({"fits": Reading(1.0), "breaks": Reading(1.0)}, terms) == -2
    assert log_odds({"fits": Reading(90.0)}, terms) == 6
    grouped = {"fits": Term(2.0, group="fit")}
    assert log_odds({"fits": Reading(-90.0)}, grouped) == -2
    assert log_odds({"fits": Reading(-90.0)}, grouped, bounds=False) == -6


def test_being_to_the_point_only_takes_away() -> None:
    terms = {"talk": Term(2.0, center=0.5, group="topic")}
    assert (
        log_odds({"talk": Reading(2.0)}, terms)
        == bounded_contribution(terms["talk"], Reading(2.0))
        == 0
    )
    assert (
        log_odds({"talk": Reading(0.0)}, terms)
        == bounded_contribution(terms["talk"], Reading(0.0))
        == -1
    )
    assert log_odds({"talk": Reading(2.0)}, terms, bounds=False) == 3


def test_dimensions_are_shares() -> None:
    terms = {"fits": Term(2.0, center=0.5), "breaks": Term(-3.0)}
    shares = dimension_values(
        {"fits": Reading(1.0), "breaks": Reading(0.25)},
        terms,
        {"fits": "persona", "breaks": "boundaries"},
    )
    assert shares["persona"] == pytest.approx(sigmoid(1)) and shares["boundaries"] == 0.75
    assert shares["behaviour"] is None


def test_the_interval_holds_the_probability() -> None:
    low, high = confidence_interval(0.3, 1.0)
    assert low < sigmoid(0.3) < high
    assert confidence_interval(0.3, 0.0) == (sigmoid(0.3), sigmoid(0.3))


class Slow:
    """A signal that asks whether to stop."""

    name, dimension, cost = "slow", "persona", "likelihood"

    def measure(self, reply: str, scene: ReplyScene) -> Reading:
        return Reading(1.0)

    def measure_until(self, reply: str, scene: ReplyScene, stopped: Callable[[], bool]) -> Reading:
        from rpterm.scoring.likelihood import Stopped

        if stopped():
            raise Stopped
        return self.measure(reply, scene)


def test_a_patient_signal_is_stopped_in_between() -> None:
    asked = iter([False, True])
    scorer = Scorer(signals=[Slow()])
    assert scorer.score_fully("x", SCENE, stopped=lambda: next(asked)) is None
    score = scorer.score_fully("x", SCENE)
    assert score is not None and score.readings["slow"].value == 1


def test_a_line_that_is_a_whole_portrait_is_read_claim_by_claim() -> None:
    portrait = "Ines mends nets by the harbour of Setubal. " * 4 + "She hates the sea."
    facts = scene_of(CharacterCard("Ines", attributes=("Ines is 34. She is poor.", portrait))).facts
    assert [fact.source for fact in facts] == ["card.attributes:0"] + ["card.attributes:1"] * 5
    assert facts[0].text == "Ines is 34. She is poor." and facts[-1].text == "She hates the sea."


def test_a_card_with_only_a_description_gives_one_fact_a_sentence() -> None:
    card = CharacterCard("Ines", description="{{char}} mends nets. She hates the sea!\nYes.")
    assert [fact.text for fact in scene_of(card).facts] == [
        "Ines mends nets.",
        "She hates the sea!",
    ]
    assert scene_of(CharacterCard("Bare")).facts == ()


def test_the_facts_are_attributes_relations_and_the_description() -> None:
    card = CharacterCard(
        "Ines", description="She was born at sea. She counts gulls.",
        attributes=("Ines mends nets.",), relations=("Rui is her brother.",),
    )  # fmt: skip
    facts = scene_of(card, history=((False, "Where are you from?"),)).facts
    assert [fact.source for fact in facts] == [
        "card.attributes:0", "card.relations:0", "card.description:0", "card.description:1",
    ]  # fmt: skip
    assert facts[2].text == "She was born at sea."


def test_a_reply_may_rest_on_the_description_alone() -> None:
    card = CharacterCard(
        "Ines", attributes=("Ines mends nets.",), description="Ines was born at sea in a storm."
    )
    asked = ((False, "Where are you from?"),)
    known, evasive = "I was born at sea, in a storm.", "That is nobody's business but mine."
    scene = scene_of(card, history=asked)
    score = Scorer().score_quickly(known, scene)
    assert score.probability > Scorer().score_quickly(evasive, scene).probability
    assert score.readings["fact_words"].evidence[0].source == "card.description:0"


# Other languages than English -------------------------------------------------------------------
CHINESE = ReplyScene(
    char="林晓",
    facts=(Fact("card.attributes:0", "她对猫毛过敏。"),),
    history=((False, "来抱小猫吗？"),),
)
GERMAN = ReplyScene(
    char="Jonas",
    facts=(Fact("card.attributes:0", "Er hat Angst vor Hunden."),),
    history=((False, "Kommst du mit meinem Hund in den Park?"),),
)


@pytest.mark.parametrize(
    ("reply", "scene"),
    [("真的吗？那你一定很忙吧。", CHINESE), ("Mal sehen, heute habe ich viel zu tun.", GERMAN)],
)
def test_a_language_the_embedder_cannot_read_is_measured_by_words_only(
    reply: str, scene: ReplyScene
) -> None:
    embedder = Letters()
    scorer = Scorer(embed=embedder)
    scorer.warm_embeddings(scene)
    for score in (scorer.score_quickly(reply, scene), scorer.score_fully(reply, scene)):
        assert score is not None
        assert score.readings["fact_meaning"] == score.readings["context"] == NO_DATA
        assert score.readings["memory_words"].confidence > 0
        assert score.high - score.low > 0.3  # It knows less than of an English reply.


def test_english_stays_english_with_a_foreign_word_in_it() -> None:
    scorer = Scorer(embed=Letters())
    score = scorer.score_fully("Arrr, matey! The nets, habibi.", SCENE)
    assert score is not None and score.readings["fact_meaning"].confidence > 0
