"""``rpterm cards new, show, lint, diff``: writing a card and looking it over."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from cli_tools import Cli

from rpterm.cards.format.reader import load
from rpterm.cli import card_new
from rpterm.engine.scripted import ScriptedEngine
from rpterm.models import engine_factory as opening
from rpterm.tui import external_editor

SMALL = 'name = "Ada"\ndescription = "Counts stars."\ngreetings = ["Good evening."]\n'


def write(folder: Path, text: str = SMALL, name: str = "ada.toml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


# new -------------------------------------------------------------------------------------------
def test_a_new_card_is_a_template_without_lint_errors(cli: Cli, home: Path) -> None:
    done = cli("cards", "new", "Ada Byron", "--tagline", "Counts stars", "--no-edit")
    file = home / "characters" / "ada-byron.toml"
    assert done.code == 0 and done.out.splitlines()[0] == str(file)
    assert done.out.endswith("rpterm chat ada-byron\n")
    card = load(file)
    assert (card.name, card.tagline) == ("Ada Byron", "Counts stars")
    assert cli("cards", "lint", str(file)).code == 0
    assert "ada-byron" in cli("cards", "list").out


def test_a_new_card_never_overwrites_a_file(cli: Cli, tmp_path: Path) -> None:
    file = write(tmp_path)
    for to in (file, tmp_path):
        done = cli("cards", "new", "Ada", "--to", str(to), "--tagline", "")
        assert done.code == 1 and "already exists" in done.err
    assert file.read_text(encoding="utf-8") == SMALL
    assert cli("cards", "new", "***").code == 1
    elsewhere = cli("cards", "new", "../../x", "--to", str(tmp_path / "in"))
    assert elsewhere.out.endswith(f"rpterm chat {tmp_path / 'in' / 'x.toml'}\n")
    assert (tmp_path / "in" / "x.toml").is_file()


def test_special_characters_in_names_and_texts_are_escaped(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "odd.toml"
    done = cli("cards", "new", 'A"\nb\x1b[31m', "--description", 'x"""\n\x07y', "--to", str(file))
    assert done.code == 0
    assert load(file).name == 'A" b [31m'
    assert load(file).description == 'x"""\ny'


def test_a_new_card_opens_in_the_editor(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "eve.toml"
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setenv("EDITOR", "sed -i s/Eve/Ada/")
    assert cli("cards", "new", "Eve", "--to", str(file), "--edit").code == 0
    assert load(file).name == "Ada"
    monkeypatch.setenv("EDITOR", "no-such-editor")
    done = cli("cards", "new", "Eve", "--to", str(tmp_path / "b.toml"), "--edit")
    assert done.code == 1 and "no-such-editor" in done.err
    monkeypatch.setenv("EDITOR", "vim 'unbalanced")
    done = cli("cards", "new", "Eve", "--to", str(tmp_path / "c.toml"), "--edit")
    assert done.code == 1 and "could not be understood" in done.err


@pytest.mark.parametrize(
    ("answer", "edited"), [("", True), ("Yes", True), ("n", False), (None, False)]
)
def test_the_editor_question_defaults_to_yes_and_without_a_terminal_to_no(
    cli: Cli, home: Path, monkeypatch: pytest.MonkeyPatch, answer: str | None, edited: bool
) -> None:
    opened: list[Path] = []
    monkeypatch.setattr(card_new, "ask_user", lambda text: answer)
    monkeypatch.setenv("EDITOR", "true")
    monkeypatch.setattr(external_editor, "run", lambda _, file: opened.append(file))
    assert cli("cards", "new", "Eve").code == 0
    assert bool(opened) == edited


def _plays(monkeypatch: pytest.MonkeyPatch, *replies: str, fail_at: int | None = None) -> None:
    engine = ScriptedEngine(replies, fail_at=fail_at)
    monkeypatch.setattr(opening, "open_engine", lambda *_, **__: engine)


def test_a_draft_by_the_model_fills_the_card(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = {"tagline": "Counts what falls.", "description": "Ada counts stars and debts alike.",
             "scenario": "A cold roof at night."}  # fmt: skip
    second = {"attributes": ["Ada is left-handed."], "style": ["Never rounds."]}
    _plays(monkeypatch, json.dumps(first), json.dumps(second), "no json at all", "{", "[]")
    file = tmp_path / "ada.toml"
    done = cli(
        "cards", "new", "Ada", "--from", "someone who counts", "--to", str(file), "--seed", "4"
    )
    assert done.code == 0, done.err
    card = load(file)
    assert (card.name, card.tagline, card.attributes) == (
        "Ada", "Counts what falls.", ("Ada is left-handed.",)
    )  # fmt: skip
    text = file.read_text(encoding="utf-8")
    assert "# Drafted by scripted (seed 4) from: someone who counts" in text
    assert "# greetings = [" in text


def test_a_draft_that_fails_midway_keeps_the_finished_parts(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _plays(monkeypatch, '{"tagline": "Counts what falls."}', "x" * 400, fail_at=60)
    file = tmp_path / "ada.toml"
    assert cli("cards", "new", "Ada", "--from", "idea", "--to", str(file)).code == 0
    assert load(file).tagline == "Counts what falls."
    assert "The draft is incomplete" in file.read_text(encoding="utf-8")


def test_a_draft_that_fails_at_once_writes_no_file(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _plays(monkeypatch, "x", fail_at=0)
    file = tmp_path / "ada.toml"
    done = cli("cards", "new", "Ada", "--from", "idea", "--to", str(file))
    assert done.code == 1 and not file.exists()


@pytest.mark.model
def test_the_starter_model_drafts_a_valid_card(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RPTERM_ENGINE", "llama")
    file = tmp_path / "jonas.toml"
    done = cli("cards", "new", "Jonas", "--from", "a keeper who fears still water", "--to",
               str(file), "--seed", "7")  # fmt: skip
    assert done.code == 0, done.err
    card = load(file)
    assert card.tagline and card.attributes and card.style and card.limits
    assert all(line.startswith("Jonas ") for line in (*card.attributes, *card.limits))
    assert card.description == "a keeper who fears still water"
    assert all("{" not in line.replace("{{", "") for line in card.attributes)


# show, lint ------------------------------------------------------------------------------------
def test_show_prints_the_file_in_a_pipe_and_a_view_with_tokens(cli: Cli, tmp_path: Path) -> None:
    file = write(tmp_path)
    assert cli("cards", "show", str(file)).out == SMALL
    view = cli("cards", "show", str(file), "--view").out
    assert "Counts stars." in view and "1. Good evening." in view
    assert "on every turn" in view and "tokens of scripted" in view
    assert "estimated" in cli("cards", "show", str(file), "--view", "--rough").out


def test_the_view_of_a_card_contains_no_escape_codes(cli: Cli, tmp_path: Path) -> None:
    file = write(tmp_path, 'name = "Ada"\ndescription = "[red]x[/red] :smile:"\n')
    out = cli("cards", "show", str(file), "--view").out
    assert "[red]x[/red] :smile:" in out and "\x1b" not in out


LINTED = """name = "Ada"
description = "Counts stars."
greetings = ["*You smile and nod.* Hello."]
[persona]
attributes = ["Ada has 3 cats.", "Ada has 5 cats."]
[[examples]]
user = "Hi"
char = "Ada: Hello."
[[lore]]
keys = ["comet"]
content = "A comet."
enabled = false
[[lore]]
keys = []
content = "Never."
"""


def test_lint_reports_problems_with_lines_and_the_token_costs(cli: Cli, tmp_path: Path) -> None:
    done = cli("cards", "lint", str(write(tmp_path, LINTED)))
    assert done.code == 0
    for words in (
        "speaks for the user", "different number than", "speaker's name", "Unused",
        "can never fire", "ada.toml:5", "on every turn",
    ):  # fmt: skip
        assert words in done.out, words
    rows = json.loads(cli("cards", "lint", str(tmp_path / "ada.toml"), "--json").out)
    assert any(row["message"].endswith("tokens.") for row in rows)
    assert any(row["severity"] == "warning" and row["line"] == 3 for row in rows)


def test_lint_checks_all_cards_in_a_folder(cli: Cli, tmp_path: Path) -> None:
    write(tmp_path, LINTED)
    (tmp_path / "bad.toml").write_text("name = 3\n", encoding="utf-8")
    done = cli("cards", "lint", str(tmp_path), "--rough")
    assert done.code == 1 and "2 cards" in done.out and "bad.toml:1: name" in done.out
    (tmp_path / "empty").mkdir()
    assert "contains no card" in cli("cards", "lint", str(tmp_path / "empty")).err


def test_tokens_are_estimated_if_the_model_is_missing(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RPTERM_ENGINE", "llama")
    monkeypatch.setenv("RPTERM_MODEL", "/nowhere/x.gguf")
    done = cli("cards", "lint", "sherlock")
    assert done.code == 0 and "estimated" in done.out
    done = cli("cards", "lint", "sherlock", "--exact")
    assert done.code == 1 and "/nowhere/x.gguf" in done.err and "bug" not in done.err


def test_lint_of_all_shipped_cards_is_clean(cli: Cli) -> None:
    done = cli("cards", "lint", "--rough")
    assert done.code == 0 and "0 problems" in done.out


# diff ------------------------------------------------------------------------------------------
def test_diff_compares_two_files(cli: Cli, tmp_path: Path) -> None:
    old = write(tmp_path)
    new = write(tmp_path, SMALL.replace("stars", "every single comet"), "new.toml")
    out = cli("cards", "diff", str(old), str(new)).out
    assert "~ description" in out and "- Counts stars." in out
    assert "+ Counts every single comet." in out and "1 change;" in out
    rows = json.loads(cli("cards", "diff", str(old), str(new), "--json").out)
    assert [row["field"] for row in rows] == ["description"] and rows[0]["tokens"] > 0
    assert "are the same" in cli("cards", "diff", str(old), str(old)).out


def test_diff_compares_a_file_with_git(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write(tmp_path)
    run = ["git", "-c", "user.name=t", "-c", "user.email=t@t", "-c", "commit.gpgsign=false"]
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "one"]):
        subprocess.run([*run, *command], cwd=tmp_path, check=True, capture_output=True)
    assert "are the same" in cli("cards", "diff", str(file)).out
    write(tmp_path, SMALL.replace("stars", "comets"))
    assert "+ Counts comets." in cli("cards", "diff", str(file)).out
    monkeypatch.chdir(tmp_path)
    assert "+ Counts comets." in cli("cards", "diff", "HEAD:ada.toml", "ada.toml").out
    done = cli("cards", "diff", str(file), "--git", "v9")
    assert done.code == 1 and "Git has no" in done.err
