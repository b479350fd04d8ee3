"""Replies whose truth to card and talk is known: what is counted of them; they are whole."""

from __future__ import annotations

import json
from contextlib import nullcontext
from typing import Any

import pytest
from letters import Letters

from rpterm.bench import rated, scoring_models
from rpterm.cli.bench import bench
from rpterm.scoring.embedding import EmbeddingCache
from rpterm.scoring.signals.registry import available_signals
from rpterm.scoring.similarity import ContrastiveSimilarity

SCENES: list[dict[str, Any]] = [
    {
        "kind": "attribute", "char": "Ines", "facts": ["Ines keeps three grey geese."],
        "talk": [["user", "What do you keep?"]],
        "graded": [[5, "Three grey geese."], [1, "A parrot, green as grass."]],
        "knowing": "My geese, three of them.", "half": "What I keep.",
        "unknowing": "What do I keep?", "starter": "I keep.",
        "grades": [[5, 5], [2, 3], [2, 3], [2, 3]],
    },
    {
        "kind": "memory", "char": "Ines", "facts": ["Ines is old."],
        "talk": [["user", "I sail to Bergen."], ["char", "Far."], ["user", "Where do I go?"]],
        "graded": [[4, "Off to Bergen."], [2, "Off to Cadiz."]],
        "knowing": "To Bergen.", "half": "Where you go.",
        "unknowing": "Where do you go?", "starter": "Go.",
        "grades": [[5, 5], [3, 2], [3, 2], [3, 2]],
    },
    *(
        {
            "kind": kind, "char": "Ines", "facts": ["Ines keeps three grey geese."],
            "talk": [["char", "A grey day."], ["user", "And what else?"]],
            "replies": [[5, 4, "uses", "Three grey geese."], [1, 2, "wrong", "Nothing at all."]],
        }
        for kind in rated.KINDS
    ),
]  # fmt: skip


def test_a_reply_that_knows_card_and_talk_is_rated_above_one_that_does_not() -> None:
    figures = rated.report(rated.measure(available_signals(None, None), table=SCENES))
    assert figures["scenes"] == 4
    for kind in rated.KINDS:
        for by in ("unknowing", "half", "starter", "otherwise"):
            assert figures[f"{kind} {by} score_no_lm"] == 1
            assert 0 <= figures[f"{kind} {by} tfidf"] <= 1
        for grades in ("misleading", "read"):
            assert figures[f"{kind} {grades} score_no_lm"] == pytest.approx(1)
        assert figures[f"{kind} artless score_no_lm"] > 0.7
        for grades in ("artless", "misleading", "read", "all"):
            rise = figures[f"{kind} {grades} score"] - figures[f"{kind} {grades} tfidf"]
            assert figures[f"{kind} {grades} rise"] == pytest.approx(rise, abs=2e-4)


def test_a_reply_that_is_no_better_wins_half() -> None:
    same = [{**SCENES[0], "knowing": "A parrot.", "unknowing": "A parrot."}]
    figures = rated.report(rated.measure(available_signals(None, None), table=same))
    assert figures["attribute unknowing score_no_lm"] == 0.5


def test_the_scenes_that_ship_are_whole() -> None:
    scenes = rated.scenes("rated.toml")
    assert [sum(each["kind"] == kind for each in scenes) for kind in rated.KINDS] == [24, 24]
    for each in scenes:
        grades = [grade for grade, _ in each["graded"]]
        assert len(grades) == 6 and max(grades) >= 4 and min(grades) <= 2
        assert each["talk"][-1][0] == "user"
        assert all(each[by] for by in ("knowing", "half", "unknowing", "starter"))
        assert len(each["grades"]) == 4 and each["grades"][0] == [5, 5]


def test_the_scenes_that_were_read_are_whole() -> None:
    scenes = rated.scenes("rated_read.toml")
    assert [sum(each["kind"] == kind for each in scenes) for kind in rated.KINDS] == [40, 40]
    for each in scenes:
        assert each["talk"][-1][0] == "user" and len(each["replies"]) == 7
        grades = [grade for one, two, _, _ in each["replies"] for grade in (one, two)]
        assert max(grades) >= 4 and min(grades) <= 2 and set(grades) <= {1, 2, 3, 4, 5}


def test_the_scenes_as_chats_bring_them_are_whole() -> None:
    scenes = rated.scenes("rated_natural.toml")
    assert {each["kind"] for each in scenes} == {*rated.KINDS} and len(scenes) == 48
    for each in scenes:
        grades = [grade for grade, _ in each["natural"]]
        assert each["talk"][-1][0] == "user" and len(grades) >= 5
        assert max(grades) >= 4 and min(grades) <= 2 and set(grades) <= {1, 2, 3, 4, 5}


def test_signals_that_only_read_english_do_not_count_in_chinese() -> None:
    fit = ContrastiveSimilarity(EmbeddingCache(Letters()))
    (scene,) = [each for each in rated.scenes("rated_natural.toml") if each["char"] == "老陈"]
    with_meaning, words = (
        rated.measure(available_signals(each, None), table=[scene]) for each in (fit, None)
    )
    assert [each.rated for each in with_meaning] == [each.rated for each in words]


def test_the_command_prints_the_figures(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(
        scoring_models, "open_models", lambda cache: nullcontext((EmbeddingCache(Letters()), None))
    )
    monkeypatch.setattr(rated, "_TIMES", 20)
    every = rated.scenes
    monkeypatch.setattr(rated, "scenes", lambda name: every(name)[::8])
    bench("rated", json=True)
    figures = json.loads(capsys.readouterr().out)
    assert figures["scenes"] == 22
    low, high = figures["attribute unknowing score_no_lm_interval"]
    assert low <= figures["attribute unknowing score_no_lm"] <= high
