"""Questions, answers that survive, metrics, the judging model and the report."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rpterm.cards.card import CharacterCard, Example
from rpterm.config import Settings
from rpterm.dueling.contender import short_names
from rpterm.engine.scripted import ScriptedEngine
from rpterm.errors import RptermError
from rpterm.evaluation import page
from rpterm.evaluation.answers import Answer, Answers, interview
from rpterm.evaluation.judge import Judge, JudgeVerdict, compare, pairs, reliability_of
from rpterm.evaluation.metrics import (
    AnswerScores,
    against_references,
    has_references,
    measure,
    traits,
)
from rpterm.evaluation.probing import ProbeSetup
from rpterm.evaluation.questions import KINDS, TRAITS, Question, builtin, read
from rpterm.evaluation.report import Bar, build
from rpterm.evaluation.result_cache import ResultCache
from rpterm.preference.stats.agreement import Proportion
from rpterm.scoring.scorer import Score, Scorer

CARD = CharacterCard(
    name="Ada",
    attributes=("Ada keeps bees on the roof.",),
    knows_until="1881",
    examples=(
        Example((("user", "Is it late?"), ("char", "It is never late for bees."))),
        Example((("char", "Nobody asked me this."),)),
    ),
)
SETTINGS = replace(Settings(), memory=False)


def asked(kind: str, name: str = "q") -> Question:
    return Question(name, kind, ("Is it late?",), ("It is never late for bees.",))  # type: ignore[arg-type]


def test_the_interview_is_balanced() -> None:
    items = [each for each in builtin(CARD) if each.kind == "personality"]
    by_trait = Counter((item.trait, item.key) for item in items)
    assert by_trait == {(trait, key): 5 for trait in TRAITS for key in (1, -1)}
    assert len({item.user for item in items}) == len(items) == 50


def test_questions_come_from_the_card() -> None:
    found = builtin(CARD)
    assert {each.kind for each in found} == set(KINDS)
    (example,) = [each for each in found if each.kind == "reference"]
    assert example.references == ("It is never late for bees.",)
    assert example.card(CARD).examples == CARD.examples[1:]
    later = {each.year for each in found if each.kind == "later"}
    assert min(year for year in later if year) == 1905
    assert not [q for q in builtin(replace(CARD, knows_until="")) if q.kind == "later"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("probe = 3", "no \\[\\[probe\\]\\]"),
        ("[[probe]]", "1: user is missing"),
        ('[[probe]]\nuser = "a"\n[[probe]]\nusr = "b"', "2: usr is unknown"),
        ('[[probe]]\nuser = "a"\nkind = "odd"', 'kind must be "reference"'),
        ('[[probe]]\nuser = "a"\n[[probe]]\nuser = "b"\nname = "probe 1"', "2: there is another"),
        ('[[probe]]\nuser = "a"\nreference = [3]', "reference: expected a text"),
        ("[[probe", "not valid TOML"),
        ("probe = " + "1" * 5000, "not valid TOML"),
    ],
)
def test_invalid_probes_are_reported_with_their_place(text: str, words: str) -> None:
    with pytest.raises(RptermError, match=words):
        read(text, "p.toml")


def test_saved_answers_are_not_asked_again(tmp_path: Path) -> None:
    questions = [asked("reference", "one"), asked("knowledge", "two")]
    engine = ScriptedEngine(["First.", "Second.", "Third."])
    answers = Answers(tmp_path / "answers.jsonl")
    steps: list[str] = []
    interview(CARD, ProbeSetup(engine, SETTINGS), questions[:1], [1, 2], answers, "m", steps.append)
    assert steps == ["one", "one"]
    made = len(engine.requests)
    again = Answers(tmp_path / "answers.jsonl")
    known = interview(
        CARD, ProbeSetup(engine, SETTINGS), questions, [1, 2], again, "m", steps.append
    )
    assert len(known) == 4 and steps[2:] == ["one", "one", "two", "two"]
    assert len(engine.requests) - made < len(known)
    (kept,) = Answers(tmp_path / "answers.jsonl").of({"one": known[0].card}, "m", [1])
    assert kept == known[0] and kept.said == ((False, "Is it late?"),)
    (tmp_path / "odd.jsonl").write_text("[]\n")
    with pytest.raises(RptermError, match="does not contain answers"):
        Answers(tmp_path / "odd.jsonl")


def test_an_interrupted_evaluation_asks_only_the_missing_seeds(tmp_path: Path) -> None:
    engine = ScriptedEngine(["First.", "Second.", "", "Third."])
    answers = Answers(tmp_path / "answers.jsonl")
    bench, questions, seeds = ProbeSetup(engine, SETTINGS), [asked("reference")], [1, 2, 3]
    interview(CARD, bench, questions, seeds, answers, "m")  # Under 3 nothing was said.
    known = interview(CARD, bench, questions, seeds, answers, "m")
    assert [request.seeds for request in engine.requests] == [(1, 2, 3), (3,)]
    assert [(answer.seed, answer.reply) for answer in known] == [
        (1, "First."), (2, "Second."), (3, "Third."),
    ]  # fmt: skip


@pytest.mark.parametrize("changed", ["card", "question", "setup", "model", "nothing"])
def test_only_unchanged_answers_are_reused(tmp_path: Path, changed: str) -> None:
    engine = ScriptedEngine(["First.", "Second."])
    answers = Answers(tmp_path / "answers.jsonl")
    bench, question = ProbeSetup(engine, SETTINGS), asked("reference")
    interview(CARD, bench, [question], [1], answers, "m", setup="warm")
    card = replace(CARD, tagline="new") if changed == "card" else CARD
    if changed == "question":
        question = replace(question, user=("What is two plus two?",))
    model, setup = "n" if changed == "model" else "m", "cold" if changed == "setup" else "warm"
    (found,) = interview(card, bench, [question], [1], answers, model, setup=setup)
    assert found.reply == ("First." if changed == "nothing" else "Second.")


def test_an_unwritable_folder_fails_before_anything_is_asked(tmp_path: Path) -> None:
    (tmp_path / "answers.jsonl").mkdir()
    with pytest.raises(RptermError, match=r"answers.jsonl cannot be written: Is a directory"):
        Answers(tmp_path / "answers.jsonl")


def test_unusual_separators_and_a_cut_off_line_lose_no_answer(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    first = Answer("c", "m", "one", "reference", 0, "So\u2028and\x85so.")
    Answers(path).add(first)
    whole = path.read_text(encoding="utf-8")
    path.write_text(whole + whole[:30], encoding="utf-8")
    second = Answer("c", "m", "two", "reference", 0, "Yes.")
    Answers(path).add(second)
    again = Answers(path)
    assert first.key in again and second.key in again
    assert path.read_text(encoding="utf-8").count("\n") == 2


def test_ratings_of_reversed_items_are_flipped() -> None:
    questions = {
        name: Question(name, "personality", (name,), trait="openness", key=key)
        for name, key in (("a", 1), ("b", -1))
    }
    answers = [Answer("c", "m", "a", "personality", 1, "5", 5),
               Answer("c", "m", "b", "personality", 1, "1", 1)]  # fmt: skip
    (open_one,) = traits(answers, questions)
    assert (open_one.mean, open_one.items) == (5.0, 2)
    agreeing = [replace(answer, rating=5) for answer in answers]
    assert traits(agreeing, questions)[0].mean == 3.0


@pytest.mark.skipif(not has_references(), reason="needs the extra eval")
def test_reference_metrics_match_the_standard_libraries() -> None:
    same = against_references("It is never late for bees.", ["It is never late for bees."])
    other = against_references("Ask somebody else.", ["It is never late for bees."])
    assert same["rouge_l"] == pytest.approx(100) and same["chrf"] == pytest.approx(100)
    assert all(other[name] < 30 for name in ("rouge_l", "bleu", "chrf"))
    assert against_references("x", []) == {}


def test_a_judge_that_prefers_a_position_is_detected() -> None:
    questions = {"q": asked("reference")}
    answers = [Answer("c", model, "q", "reference", 1, model * 3) for model in ("a", "b")]
    biased = list(compare(Judge(ScriptedEngine(["A"]), ResultCache()), CARD, answers, questions))
    assert len(biased) == 3 and not any(verdict.winner for verdict in biased)
    found = reliability_of(biased)
    assert found is not None
    assert (found.agreement, found.first_place) == (Proportion(0, 3), Proportion(6, 6))
    assert not pairs([answers[0], replace(answers[1], reply=answers[0].reply)], questions)


def test_verdicts_are_cached_per_judging_model(tmp_path: Path) -> None:
    questions = {"q": asked("reference")}
    answers = [Answer("c", model, "q", "reference", 1, model * 3) for model in ("a", "b")]

    def said(setup: str, *letters: str) -> tuple[list[str], int]:
        engine = ScriptedEngine(letters)
        known = ResultCache(tmp_path / "verdicts.jsonl", "verdicts")
        verdicts = compare(Judge(engine, known, setup), CARD, answers, questions)
        return [verdict.first for verdict in verdicts], len(engine.requests)

    first = said("one", "A", "B", "neither", "A", "B", "B")
    assert first == (["a", "", "b"], 6)
    assert said("one", "B") == (["a", "b", "b"], 1)  # What it did not say is asked once more.
    assert said("one") == (["a", "b", "b"], 0)
    assert said("two", "B") == (["b", "b", "b"], 6)


class _Counting(Scorer):
    complete = True

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0

    def score_fully(self, *args: Any, **kwargs: Any) -> Score | None:
        self.asked += 1
        found = super().score_fully(*args, **kwargs)
        return found and replace(found, complete=self.complete)


def test_only_complete_scores_are_cached(tmp_path: Path) -> None:
    questions = {"q": asked("reference")}
    answers = [Answer("c", "m", "q", "reference", seed, f"My bees {seed}.") for seed in range(2)]
    scorer = _Counting()

    def values(setup: str = "") -> list[float]:
        scored = AnswerScores(scorer, ResultCache(tmp_path / "scores.jsonl", "scores"), setup=setup)
        found = measure(CARD, answers, questions, scored)
        return [each.values["in_character"] for each in found]

    scorer.complete = False
    first = values()
    scorer.complete = True
    assert values() == first and scorer.asked == 4
    assert values() == first and scorer.asked == 4
    assert values("other") == first and scorer.asked == 6
    (tmp_path / "scores.jsonl").write_text('{"odd": 1}\n')
    with pytest.raises(RptermError, match="does not contain scores"):
        values()


def test_the_report_escapes_what_models_say(tmp_path: Path) -> None:
    questions = {
        "q": asked("reference"),
        "p": Question("p", "personality", ("I sing.",), trait="openness"),
    }
    answers = [
        Answer("c", model, "q", "reference", seed, f"My bees are quiet {seed}.")
        for model in ("<b>one", "two")
        for seed in range(4)
    ]
    answers.append(Answer("c", "two", "p", "personality", 1, "4", 4))
    measured = measure(CARD, answers, questions, AnswerScores(Scorer(), ResultCache()))
    assert len(measured) == 8 and all(0 < m.values["in_character"] < 1 for m in measured)
    verdicts = [JudgeVerdict("persona", "q", 1, "<b>one", "two", "two", "two")]
    report = build(CARD.name, measured, answers, questions, verdicts, judge="big")
    titles = [table.title for table in report.tables]
    assert "The judging model: big" in titles and "Personality interview" in titles
    text = page.html(report)
    assert "<b>one" not in text and "&lt;b&gt;one" in text and "http" not in text
    if has_references():
        page.picture(report, tmp_path / "report.png")
        assert (tmp_path / "report.png").read_bytes().startswith(b"\x89PNG")


def test_a_scale_includes_zero_and_shares_span_zero_to_one() -> None:
    bars = (Bar("a", 2.0, 1.0, 3.0), Bar("b", 4.0, 3.5, 5.0))
    low, high = page.span("chrf", bars)
    assert low < 0 < 5 < high < 6
    assert page.span("persona", bars) == page.span("in_character", bars)
    assert page.span("persona_lift", (Bar("a", -1.0, -2.0, -0.5),))[0] < -2


def test_files_are_shortened_to_names_if_those_are_unambiguous() -> None:
    assert short_names(["/a/b/one.gguf", "temperature=1.2 adapter=/c/two.gguf", "as set"]) == {
        "/a/b/one.gguf": "one",
        "temperature=1.2 adapter=/c/two.gguf": "temperature=1.2 adapter=two",
        "as set": "as set",
    }
    assert short_names(["/a/one.gguf", "/b/one.gguf"])["/a/one.gguf"] == "/a/one.gguf"
