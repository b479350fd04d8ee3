"""Statistics of ratings and live scores, with their intervals."""

from __future__ import annotations

import math
import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from preference_support import Scene

from rpterm.preference.overview import overview
from rpterm.preference.stats.agreement import self_agreement
from rpterm.preference.stats.score_validity import (
    ScoredRating,
    auc,
    calibration,
    ranks,
    spearman,
    validate_score,
)
from rpterm.store.cast import Casts
from rpterm.store.judgement_records import Circumstances
from rpterm.store.reply_queries import complete_replies
from rpterm.store.scores import Scores, StoredScore
from rpterm.types import Cast, Generation, Member, Origin, Sampling, Status

SCORES = st.lists(st.tuples(st.sampled_from([0.1, 0.3, 0.5, 0.9]), st.booleans()), min_size=2)


@given(SCORES)
def test_auc_is_the_share_of_pairs_in_the_right_order(rows: list[tuple[float, bool]]) -> None:
    good = [score for score, ok in rows if ok]
    bad = [score for score, ok in rows if not ok]
    found = auc(np.array([score for score, _ in rows]), np.array([float(ok) for _, ok in rows]))
    if not good or not bad:
        assert math.isnan(found)
        return
    right = sum((one > other) + (one == other) / 2 for one in good for other in bad)
    assert found == pytest.approx(right / (len(good) * len(bad)))


def test_equal_values_share_their_mean_rank() -> None:
    assert ranks(np.array([3.0, 1.0, 3.0, 2.0])).tolist() == [3.5, 1.0, 3.5, 2.0]
    values = np.array([1.0, 2.0, 3.0, 4.0])
    assert spearman(values, values**3) == pytest.approx(1.0)
    assert spearman(values, -values) == pytest.approx(-1.0)
    assert math.isnan(spearman(values, np.ones(4)))


def items(chats: int, honest: bool) -> list[ScoredRating]:
    draw = random.Random(5)
    made = []
    for chat in range(chats):
        for _ in range(10):
            score = draw.random()
            good = draw.random() < (score if honest else 0.5)
            made.append(ScoredRating(chat, score, good, 4.0 + good if good else 2.0))
    return made


def test_a_valid_score_is_recognised_and_a_random_one_is_not() -> None:
    true, blind = validate_score(items(40, True)), validate_score(items(40, False))
    assert true is not None and blind is not None
    assert true.auc.low > 0.6 and true.spearman.low > 0.2 and true.error < 0.1
    assert blind.auc.low < 0.5 < blind.auc.high and blind.spearman.low < 0 < blind.spearman.high
    assert validate_score(items(40, True)) == true, "the bootstrap is seeded"
    assert sum(each.good.total for each in true.bins) == true.count == 400


def test_too_few_ratings_give_no_figures() -> None:
    assert validate_score(items(1, True)[:5]) is None
    one_chat = validate_score(items(1, True))
    assert one_chat is not None and math.isnan(one_chat.auc.low) and one_chat.auc.value > 0
    assert calibration([ScoredRating(1, 1.0, True)])[0].high == 1.0


def reply(
    scene: Scene, text: str, model: str, speaker: str = "X", parent: int | None = None
) -> int:
    turn = scene.store.add_turn(
        scene.chat.id, parent or scene.user.id, "assistant", speaker, "", origin=Origin.GENERATED,
        status=Status.STREAMING,
    )  # fmt: skip
    made = Generation("scripted", model, "h", Sampling(seed=1))
    return scene.store.finish_reply(turn.id, text, Status.COMPLETE, made).id


def test_the_overview_counts_by_character_and_model(scene: Scene, tmp_path: Path) -> None:
    a, b = reply(scene, "One.", "small"), reply(scene, "Two.", "large")
    scene.judge.stars(a, 5)
    scene.judge.stars(a, 2)  # changed: counts instead
    scene.judge.thumb(b, True, how=Circumstances(score=0.9))
    scene.judge.flag(a, None, "odd")
    scene.judge.compare(a, b, "right")
    scene.judge.compare(b, a, "tie")
    for turn, chance in ((a, 0.2), (b, 0.7)):
        Scores(scene.store).put(StoredScore(turn, "v1", "c", chance, 0.0, 1.0))
    found = overview(scene.judge)
    assert dict(found.kinds) == {
        "stars": 1, "thumb": 1, "flag": 1, "duel: right": 1, "duel: tie": 1,
    }  # fmt: skip
    small, large = found.models["small"], found.models["large"]
    assert (small.good, small.bad, small.stars, small.flagged) == (0, 1, [2], 1)
    assert (large.won, large.lost, large.tied, small.lost) == (1, 0, 1, 1)
    assert found.cards["Watson"].liked.total == 2 and found.cards["Watson"].duels == 2
    seen = sorted((each.score, each.good, each.known) for each in found.judged)
    assert seen == [(0.2, False, False), (0.9, True, True)]
    assert (found.higher_won.hits, found.higher_won.total) == (1, 1)
    assert overview(scene.judge, model="large").kinds["stars"] == 0
    assert overview(scene.judge, model="none").chats == 0 < found.chats
    assert not overview(scene.judge, card="Nobody").kinds


def test_a_thumb_and_stars_of_one_rater_are_one_opinion(scene: Scene) -> None:
    turn = reply(scene, "One.", "small")
    scene.judge.thumb(turn, True)
    scene.judge.stars(turn, 5, how=Circumstances(score=0.9))
    scene.judge.stars(turn, 1, how=Circumstances(rater="Ann"))
    found = overview(scene.judge)
    small = found.models["small"]
    assert (small.good, small.bad, small.stars) == (1, 1, [5, 1])
    assert found.judged == [ScoredRating(scene.chat.id, 0.9, True, 5, True)]
    assert found.kinds["thumb"] == 1 and found.kinds["stars"] == 2


def test_in_a_group_chat_a_rating_is_of_the_character_who_speaks(scene: Scene) -> None:
    own, other = reply(scene, "One.", "small"), reply(scene, "Two.", "small", "Irene")
    Casts(scene.store).put(scene.chat.id, Cast((Member("Watson", "X"), Member("Irene", "Irene"))))
    scene.judge.thumb(own, True)
    scene.judge.thumb(other, False)
    found = overview(scene.judge)
    assert (found.cards["Watson"].liked.text, found.cards["Irene"].bad) == ("1 of 1 (21–100 %)", 1)
    assert overview(scene.judge, card="Irene").models["small"].good == 0
    reviewed = {each.turn_id: each.card for each in complete_replies(scene.store)}
    assert reviewed == {own: "Watson", other: "Irene"}


def test_each_message_of_a_duel_is_a_conversation_of_its_own(scene: Scene) -> None:
    for message in ("Who?", "Why?", "When?"):
        asked = scene.say(scene.greeting.id, message, "user").id
        one, other = (reply(scene, model, model, parent=asked) for model in ("small", "large"))
        scene.judge.compare(one, other, "left", how=Circumstances(method="duel:1"))
        scene.judge.compare(other, one, "right")  # In the chat, by a key.
    votes = overview(scene.judge).votes
    assert len({vote.conversation for vote in votes}) == 4 and len(votes) == 6


def test_repeated_duels_measure_the_rater_and_are_not_votes(scene: Scene) -> None:
    a, b = reply(scene, "One.", "small"), reply(scene, "Two.", "large")
    first = scene.judge.compare(a, b, "right")
    scene.judge.compare(b, a, "left", asked_again=first.id)
    for turn, chance in ((a, 0.2), (b, 0.7)):
        Scores(scene.store).put(StoredScore(turn, "v1", "c", chance, 0.0, 1.0))
    found = overview(scene.judge)
    small, large = found.models["small"], found.models["large"]
    assert (large.won, large.duels, small.lost, small.duels) == (1, 1, 1, 1)
    assert found.cards["Watson"].duels == len(found.votes) == found.higher_won.total == 1
    agreed = self_agreement(found.duels)
    assert (agreed.hits, agreed.total) == (1, 1)
