"""What a report says by itself: the answers, what figures mean, and which model to take."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from rpterm.cards.card import CharacterCard
from rpterm.cli import evaluation_report
from rpterm.evaluation import legend, page
from rpterm.evaluation.answers import Answer
from rpterm.evaluation.judge import JudgeVerdict
from rpterm.evaluation.legend import METRICS
from rpterm.evaluation.metrics import AnswerScores, MeasuredAnswer, measure
from rpterm.evaluation.questions import KINDS, TRAITS, Question
from rpterm.evaluation.recommendation import recommend
from rpterm.evaluation.report import EvaluationReport, Table, build
from rpterm.evaluation.result_cache import ResultCache
from rpterm.scoring.scorer import Scorer

CARD = CharacterCard(name="Ada", attributes=("Ada keeps bees on the roof.",))
BROKEN = "As an AI language model, I cannot have opinions about that."
QUESTION = Question("q", "reference", ("Is it late?",), ("Never for bees.",))
GOOD = "My bees are quiet tonight; come up to the roof and listen."


def report(tmp_path: Path | None = None) -> EvaluationReport:
    """Two models, one question under two seeds, and a statement."""
    questions = {
        "q": QUESTION,
        "p": Question("p", "personality", ("I sing at work.",), trait="openness", key=-1),
    }
    answers = [
        Answer("c", model, "q", "reference", seed, text)
        for model, text in (("one", GOOD), ("two", BROKEN)) for seed in (1, 2)
    ]  # fmt: skip
    answers += [Answer("c", "two", "p", "personality", 1, "4", 4)]
    known = ResultCache(tmp_path / "scores.jsonl", "scores") if tmp_path else ResultCache()
    measured = measure(CARD, answers, questions, AnswerScores(Scorer(), known))
    verdicts = [JudgeVerdict("persona", "q", 1, "one", "two", "one", "one")]
    return build(CARD.name, measured, answers, questions, verdicts, judge="big")


def test_a_report_has_every_answer_with_its_score_and_its_evidence(tmp_path: Path) -> None:
    made = report(tmp_path)
    assert [(each.question, each.seed) for each in made.answers] == [("q", 1), ("q", 2)]
    good, broken = made.answers[0].given
    assert (good.reply, broken.reply) == (GOOD, BROKEN)
    assert good.chance is not None and broken.chance is not None and good.chance > broken.chance
    assert broken.low <= broken.chance <= broken.high
    voice = next(each for each in broken.reasons if not each.good)
    assert "assistant" in voice.text and voice.words in BROKEN
    assert (good.won, good.compared, broken.won) == (1, 1, 0)
    assert made.interview[0].turned and made.interview[0].ratings == ((), (4,))
    assert report(tmp_path).answers == made.answers  # also where scores were kept


def test_the_page_is_complete_on_its_own() -> None:
    text = page.html(report())
    for said in (GOOD, BROKEN, "Never for bees.", "I sing at work.", "the judging model is big"):
        assert said in text
    assert "<details>" in text and "There are too few questions to choose" in text
    for meaning in (METRICS["in_character"], METRICS["boundaries"]):
        assert meaning.means.replace("'", "&#39;") in text
    assert "bootstrap over questions" in text and "90 % interval" in text


def test_every_figure_and_trait_has_a_meaning() -> None:
    made = report()
    for table in made.tables[:3]:
        assert [each.name for each in table.legend] == [row[0] for row in table.rows]
    assert set(TRAITS) == set(legend.TRAITS) and set(KINDS) == {*legend.KINDS, "personality"}


def test_the_terminal_report_fits_its_width_and_shows_answers_on_demand(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from rpterm.cli import rich_out

    monkeypatch.setattr(rich_out, "_PIPE_WIDTH", 80)
    made = report()
    long = replace(made, models=("temperature=1.2 adapter=two-dpo", "two"))
    evaluation_report.print_evaluation(long)
    plain = capsys.readouterr().out
    assert BROKEN not in plain and METRICS["persona"].means in plain
    evaluation_report.print_evaluation(long, answers=True)
    told = capsys.readouterr().out
    assert BROKEN[:40] in told and "reference: Never for bees." in told and "\nInterview: 1" in told
    assert max(map(len, told.splitlines())) <= 80


def test_a_long_table_is_cut_in_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    rows = tuple((f"pair {at}.", "+0.5") for at in range(28))
    made = replace(report(), tables=(Table("Do the metrics agree?", ("pair", "rho"), rows),))
    evaluation_report.print_evaluation(made)
    told = capsys.readouterr().out
    assert "pair 11." in told and "pair 12." not in told and "… 16 more rows" in told


def scored(model: str, values: list[float]) -> list[MeasuredAnswer]:
    return [
        MeasuredAnswer(Answer("c", model, f"q{at}", "knowledge", 1, "x"), {"in_character": value})
        for at, value in enumerate(values)
    ]


def test_an_interval_stays_within_what_its_metric_can_be() -> None:
    few = [
        replace(each, values={"in_character": value, "rouge_l": 100 * value})
        for each, value in zip(scored("a", [0.0] * 4), (0.0, 0.1, 0.9, 1.0), strict=True)
    ]
    asked = {f"q{at}": Question(f"q{at}", "knowledge", ("Who?",)) for at in range(4)}
    bars = build("Ada", few, [each.answer for each in few], asked).bars
    assert (bars["in_character"][0].low, bars["in_character"][0].high) == (0.0, 1.0)
    assert (bars["rouge_l"][0].low, bars["rouge_l"][0].high) == (0.0, 100.0)


def test_a_model_is_recommended_only_if_it_is_shown_to_be_better() -> None:
    some = [0.5 + 0.01 * at for at in range(12)]
    clear = [*scored("a", some), *scored("b", [each - 0.4 for each in some])]
    assert recommend(clear, ["a", "b"]).headline.startswith("Take a:")
    noise = [each + (0.3 if at % 2 else -0.28) for at, each in enumerate(some)]
    even = [*scored("a", some), *scored("b", noise)]
    assert "may be chance" in recommend(even, ["a", "b"]).headline
    three = recommend([*clear, *scored("c", noise)], ["a", "b", "c"])
    assert "not shown to be better than a" in three.headline or "from c" in three.headline
    few = [*scored("a", some[:3]), *scored("b", [0.1] * 3)]
    assert "too few questions" in recommend(few, ["a", "b"]).headline
    assert "Only one model" in recommend(scored("a", some), ["a"]).headline
    assert recommend([], ["a", "b"]).headline == "No answer could be scored."


def test_an_unreliable_judge_is_reported_as_such() -> None:
    measured = [*scored("a", [0.6] * 8), *scored("b", [0.4] * 8)]

    def verdicts(swapped: str) -> list[JudgeVerdict]:
        return [JudgeVerdict("persona", f"q{at}", 1, "a", "b", "a", swapped) for at in range(8)]

    by_place = recommend(measured, ["a", "b"], verdicts("b"), "big").reasons
    assert any(
        "judges by the position" in each and "do not rely on it" in each for each in by_place
    )
    half = [*verdicts("a")[:4], *verdicts("b")[4:]]
    unsure = recommend(measured, ["a", "b"], half, "big").reasons
    assert any("big" in each and "may be chance: do not rely" in each for each in unsure)
    assert not any("It prefers" in each for each in (*by_place, *unsure))
    steady = recommend(measured, ["a", "b"], verdicts("a"), "big").reasons
    assert any("prefers a to b on 8 of 8 questions" in each for each in steady)
    third = [JudgeVerdict("persona", f"q{at}", 1, "a", "c", "c", "c") for at in range(8)]
    all_three = [*measured, *scored("c", [0.5] * 8)]
    reasons = recommend(all_three, ["a", "b", "c"], [*verdicts("a"), *third], "big").reasons
    assert any("prefers a to b on 8 of 8 questions" in each for each in reasons)
    assert any("prefers a to c on 0 of 8 questions" in each for each in reasons)


def test_pairs_of_metrics_that_the_answers_show_to_agree_or_disagree_come_first() -> None:
    noise = (3, 7, 1, 6, 2, 8, 4, 5)
    measured = [
        MeasuredAnswer(
            Answer("c", "one", f"q{seed}", "reference", 1, GOOD),
            {"in_character": noise[seed], "persona_lift": seed, "bleu": 2 * seed, "chrf": -seed},
        )
        for seed in range(8)
    ]
    made = build(
        "Ada", measured, [each.answer for each in measured], {f"q{at}": QUESTION for at in range(8)}
    )
    table = next(table for table in made.tables if table.heads[0] == "pair")
    assert [row[1] for row in table.rows[:3]] == ["+1.00", "-1.00", "-1.00"]
    assert all("in character" in row[0] for row in table.rows[3:])
