"""Versions of a card in git, and the errors where there is none."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from rpterm.cards import history
from rpterm.cards.history import HistoryError


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(
        ["git", "-c", "user.name=t", "-c", "user.email=t@t", "-c", "commit.gpgsign=false",
         *arguments],
        cwd=folder, check=True, capture_output=True,
    )  # fmt: skip


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    (tmp_path / "cards").mkdir()
    git(tmp_path, "init", "-q")
    for number in (1, 2):
        (tmp_path / "cards" / "ada.toml").write_text(f'name = "Ada {number}"\n', encoding="utf-8")
        git(tmp_path, "add", ".")
        git(tmp_path, "commit", "-qm", str(number))
    return tmp_path


def test_a_file_at_a_revision(repo: Path) -> None:
    file = repo / "cards" / "ada.toml"
    file.write_text('name = "Ada 3"\n', encoding="utf-8")
    assert history.file_text_at(file) == 'name = "Ada 2"\n'
    assert history.file_text_at(file, "HEAD~1") == 'name = "Ada 1"\n'
    assert history.text_at("HEAD", "cards/ada.toml", repo) == 'name = "Ada 2"\n'


@pytest.mark.parametrize(
    ("revision", "name", "words"),
    [
        ("HEAD~9", "ada.toml", "Git has no ./ada.toml at HEAD~9"),
        ("HEAD", "eve.toml", "Git has no ./eve.toml at HEAD"),
        ("--help", "ada.toml", "not a git revision"),
        ("HEAD\0", "ada.toml", "could not look up"),
    ],
)
def test_what_git_does_not_have(repo: Path, revision: str, name: str, words: str) -> None:
    with pytest.raises(HistoryError, match=words.replace("~", ".")):
        history.file_text_at(repo / "cards" / name, revision)


def test_no_repository_and_no_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with pytest.raises(HistoryError, match="not a git repository"):
        history.file_text_at(tmp_path / "ada.toml")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(HistoryError, match="Git is not installed"):
        history.file_text_at(tmp_path / "ada.toml")


def test_what_is_a_revision_and_what_is_a_path(tmp_path: Path) -> None:
    assert history.split_revision("HEAD~2:characters/x.toml") == ("HEAD~2", "characters/x.toml")
    assert history.split_revision("v1.0:./x.toml") == ("v1.0", "./x.toml")
    for plain in ("sherlock", "./x.toml", r"C:\cards\x.toml", "-x:y", ":x", "a b:c"):
        assert history.split_revision(plain) is None
    odd = tmp_path / "a:b.toml"
    odd.touch()
    assert history.split_revision(str(odd)) is None
