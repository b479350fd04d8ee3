"""Replies that people graded: the file is read as it comes, and what is counted of it."""

from __future__ import annotations

import json
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from letters import Letters

from rpterm.bench import people, scoring_models
from rpterm.cli.bench import bench
from rpterm.errors import RptermError
from rpterm.scoring.embedding import EmbeddingCache
from rpterm.scoring.signals.registry import available_signals


def reply(text: str, knows: int, goes_on: int, good: int) -> dict[str, Any]:
    return {
        "response": f"{text}\n", "model": "KV", "Natural": [3, 3, 3],
        "Uses Knowledge": [knows] * 3, "Maintains Context": [goes_on] * 3,
        "Overall": [good, good, max(1, good - 1)],
    }  # fmt: skip


TALKS = [
    {
        "context": "hello there !\nhi , i just fed them .\nwhom did you feed ?\n",
        "fact": "your persona: i keep three grey geese.\nyour persona: i am a miller.\n",
        "responses": [
            reply("i fed my three grey geese .", 1, 3, 5),
            reply("i like jazz .", 0, 1, 2),
        ],
    },
    {
        "context": "what is your work ?\n",
        "fact": "your persona: i sail ships to bergen.\n",
        "responses": [reply("i sail ships .", 1, 3, 4), reply("is it late ?", 0, 1, 1)],
    },
]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "pc_usr_data.json"
    path.write_text(json.dumps(TALKS), encoding="utf-8")
    return path


def test_a_talk_is_a_scene_with_graded_replies(file: Path) -> None:
    first, second = people.read(file)
    assert [fact.text for fact in first.scene.facts] == [
        "i keep three grey geese.",
        "i am a miller.",
    ]
    assert [own for own, _ in first.scene.history] == [False, True, False]
    assert first.scene.asked == "whom did you feed ?"
    text, grades = second.replies[0]
    assert text == "i sail ships ."
    assert grades == pytest.approx({"knowledge": 1, "context": 3, "overall": 11 / 3})


def test_what_people_like_is_rated_higher(file: Path) -> None:
    figures = people.report(people.measure(people.read(file), available_signals(None, None)))
    assert (figures["talks"], figures["replies"]) == (2, 4)
    assert figures["knowledge score_no_lm"] > 0.8 and figures["knowledge tfidf_card"] > 0.8
    for name in people.ASKED:
        rival = figures[f"{name} tfidf_{'talk' if name == 'context' else 'card'}"]
        expected = figures[f"{name} score"] - rival
        assert figures[f"{name} rise"] == pytest.approx(expected, abs=2e-4)


def test_the_command_prints_the_figures(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(
        scoring_models, "open_models", lambda cache: nullcontext((EmbeddingCache(Letters()), None))
    )
    monkeypatch.setattr(people, "_TIMES", 20)
    bench("people", usr=file, json=True)
    assert json.loads(capsys.readouterr().out)["replies"] == 4


@pytest.mark.parametrize("text", ["[1]", "{}x", '[{"context": "a", "fact": "b"}]', '{"a": 1}'])
def test_another_file_is_told(tmp_path: Path, text: str) -> None:
    path = tmp_path / "other.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(RptermError, match="structure of pc_usr_data"):
        people.read(path)
    with pytest.raises(RptermError, match="cannot be read: No such file"):
        people.read(tmp_path / "none.json")
