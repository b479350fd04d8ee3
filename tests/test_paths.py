"""New files: complete or not there, and an older one survives."""

from __future__ import annotations

import pwd
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from rpterm.cards.authoring.new_card import write_file
from rpterm.cli.guard import write_crash_report
from rpterm.paths import FileAlreadyExists, PathError, find, write_new

TEXT = "a" * 100_000


@contextmanager
def full_disk() -> Iterator[None]:
    """Files cannot grow beyond a few bytes, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_leaves_no_half_of_a_file(tmp_path: Path) -> None:
    with full_disk():
        with pytest.raises(PathError, match="cannot be written"):
            write_new(tmp_path / "x.txt", TEXT, force=False)
        with pytest.raises(PathError, match="cannot be written"):
            write_file(tmp_path / "x.toml", TEXT)
    assert list(tmp_path.iterdir()) == []


def test_an_older_file_survives_a_full_disk(tmp_path: Path) -> None:
    old = tmp_path / "x.txt"
    old.write_text("old", encoding="utf-8")
    with full_disk(), pytest.raises(PathError):
        write_new(old, TEXT, force=True)
    assert old.read_text(encoding="utf-8") == "old" and len(list(tmp_path.iterdir())) == 1
    with pytest.raises(FileAlreadyExists):
        write_new(old, "new", force=False)
    write_new(old, "new", force=True)
    assert old.read_text(encoding="utf-8") == "new"


@pytest.mark.parametrize("force", [False, True])
def test_a_folder_is_no_file_to_write(tmp_path: Path, force: bool) -> None:
    with pytest.raises(PathError, match="is a folder: name a file in it"):
        write_new(tmp_path, TEXT, force)


def test_a_user_without_a_home_folder_is_told_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(number: int) -> None:
        raise KeyError(number)

    monkeypatch.setattr(pwd, "getpwuid", unknown)
    for name in ("HOME", "RPTERM_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(PathError, match="set HOME, or set RPTERM_HOME"):
        find()
    assert "/tmp/crash-" in write_crash_report(ValueError("x"))
