"""``rpterm score``, once with the real models."""

from __future__ import annotations

import json
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from cli_tools import Cli

from rpterm.cli import out, rich_out
from rpterm.cli.score import _show
from rpterm.evaluation.dialogues import RecordedReply
from rpterm.evaluation.reply_scores import ScoredReply, with_labels
from rpterm.scoring.findings import ScoreFinding
from rpterm.scoring.scorer import Score
from rpterm.scoring.signal import Evidence, Reading

GOOD = "You have been in the rain, and your left boot was mended by a man in a hurry."
BROKEN = "As an AI language model, I cannot have opinions about that."
HOLMES = """name = "Holmes"
[persona]
attributes = ["Holmes is a detective who reads people off their boots."]
[[examples]]
user = "A guess?"
char = "I never guess. Your left boot told me."
"""
KIT = """name = "Kit"
[[examples]]
user = "Hi?"
char = "Yo! Skates on, helmets on, let's roll!"
"""


@pytest.mark.model
def test_score_prints_a_table_json_and_csv(
    tmp_path: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RPTERM_ENGINE", "llama")
    # It gives way to everything else, and would wait for a machine full of tests.
    monkeypatch.setattr("rpterm.scoring.likelihood._NICE", 0)
    card, other = tmp_path / "holmes.toml", tmp_path / "kit.toml"
    card.write_text(HOLMES, encoding="utf-8")
    other.write_text(KIT, encoding="utf-8")
    file = tmp_path / "chat.jsonl"
    rows = [{"history": ["Who are you?"], "reply": text} for text in (GOOD, BROKEN)]
    file.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    done = cli("score", str(card), str(file), "--json", "--against", str(other))
    assert done.code == 0, done.err
    good, broken = json.loads(done.out)["replies"]
    assert good["complete"] and good["probability"] > broken["probability"]
    monkeypatch.setenv("RPTERM_ENGINE", "scripted")  # Without models, which take seconds to start.
    table = cli("score", str(card), str(file), "--fast", "--against", str(other))
    assert "sounds like an assistant" in table.out
    missing = cli("score", "sherlock", str(tmp_path / "none.jsonl"))
    assert missing.code == 1 and "cannot be read" in missing.err


def test_rows_can_describe_their_own_characters(tmp_path: Path, cli: Cli) -> None:
    file = tmp_path / "rows.jsonl"
    asked, told = "What do you do all day?", {"Ines": "I mend nets.", "Rui": "I drive a tram."}
    rows = [
        {"character": name, "profile": f"{name} lives in Lisbon. {told[name]}",
         "history": [asked], "reply": told[said]}
        for name, said in (("Ines", "Ines"), ("Rui", "Ines"), ("Ines", "Rui"), ("Rui", "Rui"))
    ]  # fmt: skip
    file.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    done = cli("score", "field:profile", str(file), "--fast", "--json")
    assert done.code == 0, done.err
    document = json.loads(done.out)
    scores = [each["probability"] for each in document["replies"]]
    assert document["card"] == "Ines, Rui"
    assert [each["character"] for each in document["replies"]] == ["Ines", "Rui", "Ines", "Rui"]
    assert scores[0] > scores[2] and scores[3] > scores[1]


def test_constant_labels_are_reported(capsys: pytest.CaptureFixture[str]) -> None:
    one = Score(0.42, 0.3, 0.6, {}, {}, complete=True, version="1")
    said = [ScoredReply(RecordedReply(at, "No.", fields={"good": 1}), one) for at in range(8)]
    labels = with_labels(said, "good")
    _show(said, labels)
    assert "all the same" in (told := capsys.readouterr().out) and "nan" not in told
    out.json_data(labels)
    assert json.loads(capsys.readouterr().out)["probability"]["spearman"] is None


def test_a_score_without_a_signal_is_reported(capsys: pytest.CaptureFixture[str]) -> None:
    one = Score(0.42, 0.3, 0.6, {}, {}, complete=False, version="1")
    _show([ScoredReply(RecordedReply(1, "No."), one)], {})
    assert "1 score without a signal whose model cannot be used" in capsys.readouterr().out


def test_broken_lines_are_reported_and_the_others_scored(
    tmp_path: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = Score(0.42, 0.3, 0.6, {}, {}, complete=True, version="1")
    monkeypatch.setattr("rpterm.cli.score.running_scorer", lambda *_, **__: nullcontext())
    monkeypatch.setattr(
        "rpterm.evaluation.reply_scores.score_all",
        lambda scorer, card, replies, others: (ScoredReply(said, one) for said in replies),
    )
    card, file = tmp_path / "holmes.toml", tmp_path / "chat.jsonl"
    card.write_text(HOLMES, encoding="utf-8")
    file.write_text('{"reply": "Yes."}\n{"reply": \n{"role": "user"}\n', encoding="utf-8")
    done = cli("score", str(card), str(file), "--json", "--against", str(card))
    assert done.code == 0 and len(json.loads(done.out)["replies"]) == 1
    assert f"{file}, line 2: this is not JSON" in done.err
    assert f"{file}, line 3: a turn has no text" in done.err
    file.write_text('{"reply": \n', encoding="utf-8")
    done = cli("score", str(card), str(file), "--json", "--against", str(card))
    assert done.code == 1 and "line 1: this is not JSON" in done.err and "no reply" in done.err


def test_another_card_of_the_same_name_is_a_contrast_and_the_same_card_is_none(
    tmp_path: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    contrasts: list[tuple[str, ...]] = []

    def score(scorer: object, card: object, replies: object, others: Any) -> list[ScoredReply]:
        contrasts.append(tuple(each.examples[0].dialogue[-1][1] for each in others))
        return []

    monkeypatch.setattr("rpterm.cli.score.running_scorer", lambda *_, **__: nullcontext())
    monkeypatch.setattr("rpterm.evaluation.reply_scores.score_all", score)
    card, other, file = tmp_path / "a.toml", tmp_path / "b.toml", tmp_path / "chat.jsonl"
    card.write_text(KIT, encoding="utf-8")
    other.write_text(KIT.replace("Yo! Skates", "Hey! Skates"), encoding="utf-8")
    file.write_text('{"reply": "Yes."}\n', encoding="utf-8")
    cli("score", str(card), str(file), "--against", str(other), "--against", str(card))
    assert contrasts == [("Hey! Skates on, helmets on, let's roll!",)]


def test_csv_rows_with_different_columns_share_one_header(
    capsys: pytest.CaptureFixture[str],
) -> None:
    out.csv([{"line": 1, "reply": 'a, "b"\nc'}, {"line": 2, "field.id": "x", "reply": None}])
    assert capsys.readouterr().out == 'line,reply,field.id\n1,"a, ""b""\nc",\n2,,x\n'


def test_json_output_keeps_lone_surrogates_and_has_no_infinity(
    capsys: pytest.CaptureFixture[str],
) -> None:
    out.json_data({"reply": "Elementary \ud800 é", "path": Path("a"), "score": float("inf")})
    found = json.loads(capsys.readouterr().out)
    assert found == {"reply": "Elementary \ud800 é", "path": "a", "score": None}


def test_json_output_escapes_what_moves_a_terminals_cursor_or_turns_its_text(
    capsys: pytest.CaptureFixture[str],
) -> None:
    reply = "\x1b[2J \x9b2J \x7f \u202e"
    out.json_data({"reply": reply})
    written = capsys.readouterr().out
    assert json.loads(written) == {"reply": reply}
    assert written.isascii() and written.replace("\n", "").isprintable()


@pytest.mark.parametrize("width", [60, 80, 160])
def test_the_table_fits_the_terminal(
    width: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rich_out, "_PIPE_WIDTH", width)
    why = ScoreFinding(
        "assistant_voice", "conflict", -2.0, Reading(0.1, 1.0, (Evidence(0, 40, "odd"),))
    )
    monkeypatch.setattr("rpterm.evaluation.reply_scores.findings", lambda score: [why])
    parts = dict.fromkeys(("persona", "behaviour", "conversation", "boundaries"), 0.333)
    one = Score(0.42, 0.3, 0.6, parts, {}, complete=True, version="1")
    _show([ScoredReply(RecordedReply(1234, "Forsooth, " * 20), one)] * 2, {})
    told = capsys.readouterr().out
    assert all(len(line.rstrip()) <= width for line in told.splitlines())
    assert "…" not in told and told.count("sounds like") == 2 and "30%–60%" in told
