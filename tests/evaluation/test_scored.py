"""Scores of chat files, agreement with labels, and the command."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest

from rpterm.cards.card import CharacterCard
from rpterm.evaluation.agreement import agreement
from rpterm.evaluation.dialogues import RecordedReply, read
from rpterm.evaluation.reply_scores import (
    as_data,
    flat,
    reason,
    score_all,
    with_labels,
    worst,
)
from rpterm.scoring.findings import ScoreFinding
from rpterm.scoring.scorer import Scorer

CARD = CharacterCard(
    name="Ada", attributes=("Ada keeps bees on the roof.",), relations=("Tom is her brother.",)
)
BROKEN = "As an AI language model, I cannot have opinions about that."
GOOD = "My bees are quiet tonight; come up to the roof and listen."


def test_broken_replies_score_lower_and_say_why() -> None:
    replies = [RecordedReply(1, GOOD, ((False, "What do you keep?"),)), RecordedReply(2, BROKEN)]
    good, broken = score_all(Scorer(), CARD, replies)
    assert good.score.probability > 0.5 > broken.score.probability
    found = worst(broken.score)
    assert found is not None and found[1] is not None and found[1].end > found[1].start
    data = json.loads(json.dumps(as_data(broken)))
    assert data["line"] == 2 and data["readings"]["assistant_voice"]["evidence"]


def test_a_reason_against_a_reply_does_not_read_like_praise() -> None:
    (broken,) = score_all(Scorer(), CARD, [RecordedReply(1, BROKEN)])
    against = ScoreFinding("context", "against", -0.5, next(iter(broken.score.readings.values())))
    assert reason(against, None, BROKEN).text == "little: answers what was said"
    assert reason(replace(against, kind="for"), None, BROKEN).text == "answers what was said"


def test_a_flat_row_has_line_turn_and_labels() -> None:
    turns = [{"role": "user", "content": "Yes?"}, {"role": "assistant", "content": GOOD}]
    (said,) = read(json.dumps({"id": "a1", "human": 4, "messages": turns}).encode())
    (row,) = map(flat, score_all(Scorer(), CARD, [said]))
    assert (row["line"], row["turn"], row["field.id"], row["field.human"]) == (1, 2, "a1", 4)
    assert 0 < row["probability"] < 1 and row["persona"] is not None and row["reply"] == GOOD
    assert row["signal.assistant_voice"] == 0 and row["signal.voice_words"] is None
    assert "field.messages" not in row and "field.content" not in row


def test_agreement_of_known_series() -> None:
    up = [float(at) for at in range(1, 9)]
    same = agreement(up, [value**3 for value in up], up)
    assert same is not None and same.spearman == pytest.approx(1) and same.pearson < 1
    against = agreement(up, [-value for value in up], up)
    assert against is not None and against.pearson == pytest.approx(-1)
    tied = agreement([1, 1, 2, 2, 3, 3, 4, 4], [1, 2, 1, 2, 1, 2, 1, 2], up)
    assert tied is not None and tied.spearman == pytest.approx(0, abs=1e-9)
    assert tied.spearman_low < 0 < tied.spearman_high
    still = agreement(up, [1.0] * 8, up)
    assert still is not None and math.isnan(still.spearman) and still.interval == "–"
    assert agreement([1, 2], [1, 2], [1, 2]) is None


def test_values_of_one_group_are_no_more_evidence_than_one() -> None:
    left, right = [float(at) for at in range(8)], [1.0, 3.0, 2.0, 0.0, 6.0, 4.0, 7.0, 5.0]
    alone = agreement(left, right, left)
    again = agreement(left * 4, right * 4, left * 4)
    assert alone is not None and again is not None
    assert again.spearman == pytest.approx(alone.spearman)
    assert again.interval == alone.interval
    one_dialogue = agreement(left, right, [1] * 8)
    assert one_dialogue is not None and one_dialogue.interval == "–"


def test_labels_are_compared_with_everything_measured() -> None:
    rows = [{"reply": text, "good": good} for text, good in [(GOOD, 1), (BROKEN, 0)] * 4]
    replies = read("\n".join(map(json.dumps, rows)).encode())
    found = with_labels(list(score_all(Scorer(), CARD, replies)), "good")
    chance, voice = found["probability"], found["signal:assistant_voice"]
    assert chance is not None and chance.spearman > 0.9
    assert voice is not None and abs(voice.spearman) > 0.9
