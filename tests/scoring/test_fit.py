"""Fit against contrasts, and the terms made of it, on vectors small enough to see through."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from letters import Letters

from rpterm.bench import logistic, persona, refit, scoring_models
from rpterm.bench.convai2 import Question, draw, read
from rpterm.bench.hard_negatives import HardNegatives
from rpterm.bench.logistic import fit_conditional_logit, fit_logistic, fit_terms
from rpterm.bench.persona import MeasuredQuestion, cross_validate, measure, report, scene_of
from rpterm.bench.reliability_diagram import draw_reliability_diagram
from rpterm.errors import RptermError
from rpterm.scoring.coefficients import load_coefficients, to_table
from rpterm.scoring.combine import sigmoid
from rpterm.scoring.embedding import EmbeddingCache
from rpterm.scoring.resources import load_json
from rpterm.scoring.scene import Fact, ReplyScene
from rpterm.scoring.signals.card_and_context import FactMeaning, FactWords
from rpterm.scoring.similarity import ContrastiveSimilarity, content_sentences
from rpterm.scoring.word_frequency import without_name

LINE = "2 where are you ?\ta\t\tthe cow eats|my boat leaks\n"


class Boats:
    """A language model that likes boats where the prompt has one."""

    def logprobs(self, reply, prompts, stopped=lambda: False):
        own = "boat" in str(reply)
        return [[-1.0 if own and "boat" in str(each) else -3.0] * 4 for each in prompts]

    def token_texts(self, reply):
        return []

    def close(self) -> None:
        pass


def test_the_reply_that_fits_this_card_rates_higher() -> None:
    fit = ContrastiveSimilarity(Letters().encode)
    own, other = "my boat leaks", "grey wind"
    assert fit.to_facts(own, ["i have a boat"])[1] > fit.to_facts(other, ["i have a boat"])[1]
    assert fit.to_turn(own, "a boat ?") > fit.to_turn(other, "a boat ?")


def test_a_fact_that_was_told_counts_no_more_while_another_is_left() -> None:
    fit, facts = ContrastiveSimilarity(Letters().encode), ["i have a boat", "zyzzyx"]
    untold = fit.to_facts("my boat leaks", facts)[1]
    assert fit.to_facts("my boat leaks", facts, ["i have a boat"])[1] < untold
    assert fit.to_facts("my boat leaks", facts[:1], facts[:1])[1] > untold


def test_what_a_reply_takes_over_from_the_last_turn_is_no_fact() -> None:
    fit, facts = ContrastiveSimilarity(Letters().encode), ["i have a boat"]
    echoed, anew = (fit.to_facts("a boat", facts, asked=asked)[1] for asked in ("boat ?", "why ?"))
    assert echoed < anew


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("Holmes", "Holmes's pipe is out. *Holmes rises.*", "pipe is out. *rises.*"),
        ("Sir Kaelan", "Kaelan waits, and Sir Kaelan prays.", "waits, and prays."),
        ("Rose Hill", "Rose Hill loves her Rose.", "loves her Rose."),
        ("Holmes", "Holmes.", "Holmes."),
        ("Holmes", '*He rises.* "Good  night."', '*He rises.* "Good  night."'),
        ("", "a  b", "a  b"),
    ],
)
def test_a_reply_without_its_characters_name(name: str, text: str, told: str) -> None:
    assert without_name(text, name) == told


def test_to_be_told_of_by_name_is_no_knowledge_of_the_card() -> None:
    facts = (Fact("card.description:0", "Zyzzyx has a boat."),)
    scene = ReplyScene(char="Zyzzyx", facts=facts, history=((False, "why ?"),))
    fit = ContrastiveSimilarity(Letters().encode)
    for signal in (FactWords(), FactMeaning(fit)):
        named, plain = (signal.measure(said, scene) for said in ("Zyzzyx waits.", "waits."))
        assert named.value == plain.value


def test_a_long_reply_is_read_sentence_by_sentence() -> None:
    assert content_sentences("Oh. My boat leaks badly. Yes!") == ["My boat leaks badly."]
    assert content_sentences("Oh. Yes!") == ["Oh. Yes!"]


def test_choosing_weights_are_found_where_a_whole_step_leads_away() -> None:
    rng = np.random.default_rng(8)
    groups = [str(at // 5) for at in range(300)]
    right = np.arange(300) % 5 == 0
    rows = rng.normal(size=(300, 3)) + 30 * right[:, None] * np.array([1, 1, 0])
    weights = fit_conditional_logit(rows, right, groups)
    assert np.isfinite(weights).all() and weights[0] > 0 and weights[1] > 0


def test_weights_find_the_number_that_tells() -> None:
    rng = np.random.default_rng(3)
    rows = rng.normal(size=(600, 2))
    right = rows[:, 1] + rng.normal(size=600) > 0
    weights, _ = fit_logistic(rows, right)
    assert weights[1] > 5 * abs(weights[0])


def test_terms_give_calibrated_odds_and_a_spread() -> None:
    rng = np.random.default_rng(4)
    right = np.arange(800) % 4 == 0
    rows = np.column_stack([rng.normal(size=800) + 2 * right, rng.normal(size=800)])
    found = fit_terms(["tells", "noise"], rows, right, [str(at % 20) for at in range(800)])
    assert found["tells"].weight > 1 and found["tells"].standard_error > 0
    assert abs(found["noise"].weight) < 0.4
    center = found["tells"].center
    assert sigmoid(found["tells"].weight * (1.0 - center)) == pytest.approx(0.5, abs=0.15)


def test_terms_are_written_as_they_are_read() -> None:
    stored = load_json("coefficients.json")
    assert stored["version"] == refit.VERSION
    assert to_table(load_coefficients().slow) == stored["slow"]


def test_frozen_terms_belong_to_signals_and_say_how_they_were_made() -> None:
    from rpterm.scoring.signals.registry import available_signals

    table = load_coefficients()
    names = {
        each.name for each in available_signals(ContrastiveSimilarity(Letters().encode), Boats())
    }
    assert set(table.slow) <= names and set(table.fast) < set(table.slow)
    assert "refit" in table.made and table.personas and table.novels


def _measured(questions: list[Question], likelihood: Boats | None = None) -> list[MeasuredQuestion]:
    encode = EmbeddingCache(Letters())
    return measure(
        questions,
        HardNegatives(questions, encode),
        encode,
        likelihood,
        load_coefficients().drawn_fast,
    )


def test_convai2_is_read_and_measured(tmp_path: Path) -> None:
    path = tmp_path / "talk.txt"
    path.write_text("1 your persona: i have a boat\n" + LINE)
    (question,) = read(path)
    assert question.candidates[question.gold] == "my boat leaks"
    assert draw([question], 5, frozenset([question.key])) == []
    assert scene_of(question).asked == "where are you ?"
    rows = _measured([question])
    assert report(rows, lambda _: load_coefficients())["hits@1_no_lm"] == 1.0


def test_likelihoods_rerank_the_best(tmp_path: Path) -> None:
    path = tmp_path / "talk.txt"
    path.write_text("1 your persona: i have a boat\n" + LINE)
    picture = tmp_path / "reliability.svg"
    rows = _measured(read(path), Boats())
    figures = report(rows, lambda _: load_coefficients())
    draw_reliability_diagram(figures["reliability"], picture, "Boats")
    assert figures["hits@1"] == 1.0 and "without context_lift" in figures["ablations"]
    assert picture.read_text().startswith("<svg") and "circle" in picture.read_text()


def test_crossed_each_persona_is_judged_by_terms_of_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logistic, "_DRAWS", 5)  # Spreads are not looked at here.
    monkeypatch.setattr(logistic, "_FOLDS", 3)
    monkeypatch.setattr(persona, "_FOLDS", 3)
    path = tmp_path / "talk.txt"
    kinds = ("boat", "cat", "drum")
    path.write_text(
        "".join(
            f"1 your persona: i have a {kind} number {at}\n"
            f"2 where are you ?\ta\t\tthe grey wind|vivid skies|my {kind} is number {at}\n"
            for at in range(4) for kind in kinds
        )
    )  # fmt: skip
    rows = _measured(read(path), Boats())
    of = cross_validate(rows, load_coefficients())
    keys = sorted({row.question.key for row in rows})
    tables = {key: of(key).drawn_slow["fact_meaning"] for key in keys}
    assert len(keys) == 12 and len(set(tables.values())) > 1
    assert load_coefficients().drawn_slow["fact_meaning"] not in tables.values()
    assert of(keys[0]).slow["fact_meaning"] != of(keys[1]).slow["fact_meaning"]
    figures = report(rows, of)
    assert figures["hits@1"] > 0.8 and figures["pairwise_on_topic"] > 0.8
    with pytest.raises(RptermError, match="two personas"):
        cross_validate(rows[:1], load_coefficients())


def test_a_file_whose_personas_were_all_fitted_on_is_judged_crossed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "talk.txt"
    path.write_text("1 your persona: i have a boat\n" + LINE)
    seen = replace(load_coefficients(), personas=frozenset([read(path)[0].key]))
    monkeypatch.setattr(persona, "load_coefficients", lambda: seen)
    monkeypatch.setattr(
        scoring_models,
        "open_models",
        lambda cache: nullcontext((EmbeddingCache(Letters()), Boats())),
    )
    with pytest.raises(RptermError, match="two personas"):
        persona.run(lambda done, total: None, path)


def test_a_file_without_candidates_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "talk.txt"
    path.write_text("1 hello\n")
    with pytest.raises(RptermError, match="line 1"):
        read(path)
