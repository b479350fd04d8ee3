"""``rpterm cards extract``: from a novel to a card one can talk to."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cli_tools import Cli

from rpterm.cards.format.reader import load

TALK = """\
Ann was a small woman with a loud voice. She never went out in the rain.

"You are wet, Ben," said Ann. "Everybody in this town is wet and nobody says why."

"It rains, Ann," said Ben. "It has rained since the fair, and the river knows it."

"Then tell the river to stop," said Ann, wringing out a cloth, "or I shall do it myself."

"The river listens to nobody but the miller," said Ben.

"Then I shall talk with the miller," said Ann. "He owes me for eleven loaves and a goose."
"""


@pytest.fixture
def novel(tmp_path: Path) -> Path:
    file = tmp_path / "rain.txt"
    file.write_text(TALK, encoding="utf-8")
    return file


def test_speakers_are_listed_and_a_card_is_drafted(cli: Cli, novel: Path, tmp_path: Path) -> None:
    listed = cli("cards", "extract", str(novel), "--json")
    assert {each["name"]: each["lines"] for each in json.loads(listed.out)} == {"Ann": 3}
    shown = cli("cards", "extract", str(novel))
    assert f"rpterm cards extract {novel} Ann\n" in shown.err and "guesses" not in shown.err
    done = cli("cards", "extract", str(novel), "Ann", "--year", "1850", "--to", str(tmp_path))
    card = tmp_path / "ann.toml"
    assert done.code == 0 and str(card) in done.out
    text = card.read_text(encoding="utf-8")
    assert 'knows_until = "1850"' in text and "a loud voice" in text and "eleven loaves" in text
    again = cli("cards", "extract", str(novel), "Ann", "--to", str(tmp_path))
    assert again.code == 1 and "already exists" in again.err


def test_quotation_marks_of_windows_taken_for_controls_give_a_valid_card(
    cli: Cli, novel: Path, tmp_path: Path
) -> None:
    marks = TALK.replace(' "', " \x93").replace('\n"', "\n\x93").replace('"', "\x94")
    novel.write_text("\x81\n\n" + marks.replace("loaves", "loaves\x81"), encoding="utf-8")
    assert cli("cards", "extract", str(novel), "Ann", "--to", str(tmp_path)).code == 0
    examples = load(tmp_path / "ann.toml").examples
    assert any("eleven loaves and" in each.dialogue[1][1] for each in examples)


def test_a_book_of_project_gutenberg_has_its_own_title(
    cli: Cli, novel: Path, tmp_path: Path
) -> None:
    head = "The Project Gutenberg eBook of Rain\n\nTitle: A Wet Town\nAuthor: Nobody\n\n"
    novel.write_text(f"{head}*** START OF THE BOOK ***\n\n{TALK}\n*** END OF THE BOOK ***\n")
    cli("cards", "extract", str(novel), "Ann", "--to", str(tmp_path))
    assert "Out of A Wet Town." in (tmp_path / "ann.toml").read_text(encoding="utf-8")


def test_a_name_is_found_in_any_case_and_json_is_printed(
    cli: Cli, novel: Path, tmp_path: Path
) -> None:
    more = ("--also", "ann", "--json", "--to", str(tmp_path))
    done = cli("cards", "extract", str(novel), "ANNIE", *more)
    assert json.loads(done.out) == {"file": str(tmp_path / "annie.toml")}
    assert "eleven loaves" in (tmp_path / "annie.toml").read_text(encoding="utf-8")
    assert cli("cards", "extract", str(novel), "ann", "--to", str(tmp_path)).code == 0


def test_the_suggested_commands_are_quoted_for_the_shell(
    cli: Cli, novel: Path, tmp_path: Path
) -> None:
    book = novel.rename(tmp_path / "the rain.txt")
    done = cli("cards", "extract", str(book), "Ann", "--to", str(tmp_path / "my ann.toml"))
    assert f"rpterm memory add '{book}' --to '{tmp_path / 'my ann.toml'}'" in done.out


@pytest.mark.parametrize(
    ("name", "says"), [("Anne", "did you mean Ann?"), ("Zebedee", "all are listed")]
)
def test_an_unknown_speaker_is_reported_with_similar_names(
    cli: Cli, novel: Path, name: str, says: str
) -> None:
    done = cli("cards", "extract", str(novel), name)
    assert done.code == 1 and says in done.err
    assert len(done.err.strip().splitlines()) == 1


def test_part_of_a_name_is_enough_if_it_is_unique(cli: Cli, tmp_path: Path) -> None:
    book = tmp_path / "bates.txt"
    lines = ['"Yes," said Jane Hill.', '"No," said Sam Hill.'] * 4
    book.write_text("\n\n".join(lines), encoding="utf-8")
    done = cli("cards", "extract", str(book), "hill", "--to", str(tmp_path))
    assert (
        done.code == 1 and "may be several people" in done.err and "Jane Hill (4 lines)" in done.err
    )
    assert cli("cards", "extract", str(book), "jane", "--to", str(tmp_path / "j.toml")).code == 0


def test_a_book_without_speech_is_refused(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "mute.txt").write_text("It rained. Nobody came.", encoding="utf-8")
    done = cli("cards", "extract", str(tmp_path / "mute.txt"))
    assert done.code == 1 and "No speakers were found" in done.err


def test_a_book_in_another_language_is_said_to_be_guesswork(cli: Cli, tmp_path: Path) -> None:
    book = tmp_path / "mühle.txt"
    lines = ["„Was willst du hier, Anna?“, fragte der Müller.", "„Die Mühle“, sagte Anna.",
             "„Sie steht still, Anna.“", "Anna sah Anna an, und dann Anna."] * 6  # fmt: skip
    book.write_text("\n\n".join(lines), encoding="utf-8")
    done = cli("cards", "extract", str(book))
    assert done.code == 0 and "Anna" in done.out and "are guesses" in done.err
