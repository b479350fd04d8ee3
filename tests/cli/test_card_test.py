"""``rpterm cards test``: the table, the exit code, and the comparison with another version."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from cli_tools import Cli

from rpterm.engine.scripted import ScriptedEngine
from rpterm.models import engine_factory as opening
from rpterm.scoring.scorer import Scorer

CARD = """name = "Ada"
description = "Counts stars."
greetings = ["Good evening."]
[[test]]
name = "counts"
user = "What do you do?"
contains = "stars"
[[test]]
name = "no machine"
user = ["Who are you?"]
not_contains = ["language model"]
score_above = 0.5
[[test]]
name = "score only"
user = ["Who are you?"]
score_above = 0.5
"""


@pytest.fixture
def card(tmp_path: Path) -> Path:
    path = tmp_path / "ada.toml"
    path.write_text(CARD, encoding="utf-8")
    return path


@pytest.fixture
def plays(monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    def made(*replies: str) -> ScriptedEngine:
        engine = ScriptedEngine(replies)
        monkeypatch.setattr(opening, "open_engine", lambda *_, **__: engine)
        return engine

    return made


def test_a_card_whose_tests_all_pass_exits_with_0(cli: Cli, card: Path, plays) -> None:  # type: ignore[no-untyped-def]
    plays("I count stars.")
    done = cli("cards", "test", str(card), "--seeds", "3")
    assert done.code == 0, done.out + done.err
    assert "counts" in done.out and "3/3" in done.out and "100% (44% to 100%)" in done.out
    assert "skipped" not in done.out


def test_score_above_fails_for_a_reply_out_of_character(cli: Cli, card: Path, plays) -> None:  # type: ignore[no-untyped-def]
    plays("As an AI language model, I cannot answer that. How may I assist you today?")
    done = cli("cards", "test", str(card), "--seeds", "1", "--only", "score only")
    assert done.code == 1, done.out + done.err
    assert "score_above “0.5”: the score is 0." in done.out


@pytest.fixture
def no_scorer(plays, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    """A good reply that nothing can score."""
    plays("I count stars.")
    monkeypatch.setattr(Scorer, "score_fully", lambda *_, **__: None)


@pytest.mark.usefixtures("no_scorer")
def test_a_scorer_that_cannot_be_used_skips_the_trial_with_its_reason(cli: Cli, card: Path) -> None:
    done = cli("cards", "test", str(card), "--seeds", "1", "--only", "score only")
    assert "score only: skipped: there is no score: the scorer's model cannot be used" in done.out


@pytest.mark.usefixtures("no_scorer")
def test_a_run_in_which_every_trial_was_skipped_fails(cli: Cli, card: Path) -> None:
    command = ("cards", "test", str(card), "--seeds", "1", "--json", "--only")
    done = cli(*command, "score only")
    assert done.code == 1 and json.loads(done.out)["tests"]
    assert "Every trial was skipped, so nothing was judged: there is no score" in done.err
    assert cli(*command, "no machine").code == 0, "a part of it was judged"


def test_a_failed_test_shows_the_reply_and_exits_with_1(cli: Cli, card: Path, plays) -> None:  # type: ignore[no-untyped-def]
    plays("I count stars.", "I count sheep.")
    done = cli("cards", "test", str(card), "--seeds", "2", "--only", "counts")
    assert done.code == 1
    assert "1/2" in done.out and "contains “stars”" in done.out and "I count sheep." in done.out
    plays("I count stars.", "I count sheep.")
    args = ("cards", "test", str(card), "--seeds", "2", "--only", "counts", "--max-failures", "1")
    assert cli(*args).code == 0


def test_the_json_report_has_every_trial(cli: Cli, card: Path, plays) -> None:  # type: ignore[no-untyped-def]
    plays("I count stars.")
    done = cli("cards", "test", str(card), "--seeds", "2", "--json", "--only", "counts")
    data = json.loads(done.out)
    (row,) = data["tests"]
    assert (row["name"], row["passes"], row["failures"]) == ("counts", 2, 0)
    assert [trial["reply"] for trial in row["trials"]] == ["I count stars."] * 2
    assert row["trials"][0]["checks"][0]["kind"] == "contains" and data["against"] is None


def test_two_tests_with_the_same_name_are_both_run(cli: Cli, card: Path, plays) -> None:  # type: ignore[no-untyped-def]
    plays("Never.")
    head, probe = CARD.split("[[test]]")[:2]
    card.write_text(f"{head}[[test]]{probe}[[test]]{probe.replace('stars', 'never')}", "utf-8")
    done = cli("cards", "test", str(card), "--seeds", "1", "--json", "--only", "counts")
    assert [each["passes"] for each in json.loads(done.out)["tests"]] == [0, 1]
    assert done.code == 1


def test_against_git_shows_both_versions_side_by_side(cli: Cli, card: Path, plays) -> None:  # type: ignore[no-untyped-def]
    run = ["git", "-c", "user.name=t", "-c", "user.email=t@t", "-c", "commit.gpgsign=false"]
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "one"]):
        subprocess.run([*run, *command], cwd=card.parent, check=True, capture_output=True)
    card.write_text(CARD.replace("Counts stars.", "Counts comets."), encoding="utf-8")
    engine = plays(*["I count stars."] * 8, *["I count sheep."] * 8)
    done = cli(
        "cards", "test", str(card), "--seeds", "8", "--only", "counts", "--against", "git",
        "--max-tokens", "50",
    )  # fmt: skip
    assert done.code == 0, done.err
    assert "at HEAD:ada.toml" in done.out and "8/8" in done.out and "0/8" in done.out
    assert "better" in done.out
    prompts = [request.prompt_text for request in engine.requests]
    assert ["comets" in prompt for prompt in prompts] == [True, False]
    assert engine.requests[0].sampling.max_tokens == 50


def test_unknown_tests_and_cards_without_tests_are_errors(
    cli: Cli, card: Path, plays, tmp_path: Path
) -> None:  # type: ignore[no-untyped-def]
    plays("x")
    bare = tmp_path / "bare.toml"
    bare.write_text('name = "Bare"\n', encoding="utf-8")
    assert "has no tests" in cli("cards", "test", str(bare)).err
    assert "There is no test 'nothing'" in cli("cards", "test", str(card), "--only", "nothing").err
    assert cli("cards", "test", str(card), "--against", "v9").code == 1
    assert cli("cards", "test", str(card), "--seeds", "0").code == 2
