"""An evaluation from its first question to its report, with the scripted engine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from rpterm.cards.card import CharacterCard
from rpterm.config import Settings
from rpterm.dueling.contender import parse
from rpterm.errors import RptermError
from rpterm.evaluation.evaluation import Evaluation
from rpterm.evaluation.questions import Question
from rpterm.paths import find
from rpterm.scoring.scorer import Scorer

CARD = CharacterCard(name="Ada", attributes=("Ada keeps bees on the roof.",))
QUESTIONS = [Question(f"q{at}", "reference", (f"What is {at}?",)) for at in range(3)]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RPTERM_HOME", str(tmp_path / "home"))


def evaluation(folder: Path, *specs: str, judge: str | None = None) -> Evaluation:
    contenders = [parse(spec, spec) for spec in specs]
    settings = Settings(engine="scripted")
    return Evaluation(CARD, QUESTIONS, contenders, judge, settings, find(), folder)


def silent(stage: str, steps: int) -> Callable[[str], object]:
    return lambda step: None


def test_an_interrupted_evaluation_goes_on_and_compares_all_models(tmp_path: Path) -> None:
    def interrupt(stage: str, steps: int) -> Callable[[str], object]:
        def step(name: str) -> None:
            if name == "min_p=0.2: q1":
                raise KeyboardInterrupt

        return step

    def run() -> Evaluation:
        return evaluation(tmp_path, "min_p=0.1", "min_p=0.2", judge="temperature=0.5")

    with pytest.raises(KeyboardInterrupt):
        run().play([1], interrupt)
    saved = (tmp_path / "answers.jsonl").read_text(encoding="utf-8")
    assert saved.count("\n") == 5
    answers = run().play([1], silent)
    assert [each.model for each in answers] == ["min_p=0.1"] * 3 + ["min_p=0.2"] * 3
    again = (tmp_path / "answers.jsonl").read_text(encoding="utf-8")
    assert again.startswith(saved) and again.count("\n") == 6
    report = run().report(answers, Scorer(), (), silent)
    assert report.models == ("min_p=0.1", "min_p=0.2") and len(report.answers) == 3


def test_a_judge_needs_two_models(tmp_path: Path) -> None:
    with pytest.raises(RptermError, match="name two or more"):
        evaluation(tmp_path, "min_p=0.1", judge="starter")
