"""Reads earlier versions of a card's file from git; it runs nothing but git."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

from rpterm.cards.format.reader import MAX_BYTES
from rpterm.errors import RptermError

_REVISION_AND_PATH = re.compile(r"([^:\s-][^:\s]*):(.+)")
_TIMEOUT_S = 20.0


class HistoryError(RptermError):
    """Git cannot provide this version; the message says why."""


def split_revision(spec: str) -> tuple[str, str] | None:
    """Split ``HEAD~2:characters/x.toml`` into revision and path; ``None`` for anything else.

    Neither the name of an existing file nor ``C:\\x.toml`` counts as a revision.
    """
    match = _REVISION_AND_PATH.fullmatch(spec)
    if not match or len(match[1]) == 1 or Path(spec).exists():
        return None
    return match[1], match[2]


def text_at(revision: str, path: str, folder: Path) -> str:
    """A file's text at a revision.

    Args:
        path: Relative to the root of the repository, or to ``folder`` if it begins with ``./``.
        folder: Any folder of the repository.

    Raises:
        HistoryError: There is no git, no repository, no such revision, or no such file in it.
    """
    if revision.startswith("-"):
        raise HistoryError(f"{revision!r} is not a git revision.")
    raw = _git(["cat-file", "blob", f"{revision}:{path}"], folder, f"{path} at {revision}")
    if len(raw) > MAX_BYTES:
        raise HistoryError(f"{path} at {revision} is too large for a card.")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise HistoryError(f"{path} at {revision} is not UTF-8 text.") from error


def file_text_at(file: Path, revision: str = "HEAD") -> str:
    """The text that a file had at a revision.

    Raises:
        HistoryError: As for ``text_at``.
    """
    real = file.resolve()
    return text_at(revision, f"./{real.name}", real.parent)


def repository_root(folder: Path) -> Path:
    """The root of the repository that contains a folder.

    Raises:
        HistoryError: There is no git, or no repository.
    """
    output = _git(["rev-parse", "--show-toplevel"], folder, "repository here")
    return Path(os.fsdecode(output.rstrip(b"\n")))


def _git(arguments: list[str], folder: Path, what: str) -> bytes:
    env = {**os.environ, "LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0"}
    try:
        result = subprocess.run(
            ["git", *arguments], cwd=folder, env=env, capture_output=True, check=False,
            stdin=subprocess.DEVNULL, timeout=_TIMEOUT_S,
        )  # fmt: skip
    except FileNotFoundError as error:
        if not folder.is_dir():
            raise HistoryError(f"There is no folder {folder}.") from error
        raise HistoryError("Git is not installed, so there are no earlier versions.") from error
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        raise HistoryError(f"Git could not look up {what}: {error}.") from error
    if result.returncode:
        raise HistoryError(f"Git has no {what}: {_reason(result.stderr)}")
    return result.stdout


def _reason(stderr: bytes) -> str:
    lines = stderr.decode("utf-8", "replace").strip().splitlines()
    text = lines[-1].removeprefix("fatal: ") if lines else "it gave no reason"
    return f"{text.rstrip('.')}."
