"""Whole folders of another program: every card, world file and chat log in them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rpterm.cards.exchange.files import ImportedFile, import_files
from rpterm.cards.library import OTHER_FORMATS
from rpterm.moving.cards import KnownCard, read_known
from rpterm.moving.chats import FLAG, ImportedChat, import_chats
from rpterm.moving.worlds import join_worlds
from rpterm.store import Store
from rpterm.types import RptermError

LOGS = ".jsonl"
_NOT_OURS = frozenset(
    (
        "thumbnails", "backgrounds", "backups", "themes", "assets", "extensions", "vectors",
        "user avatars", "quickreplies", "movingui", "node_modules", ".git",
    )
)  # fmt: skip
"""Folders of such programs that hold neither cards nor chats."""


@dataclass(slots=True)
class Moved:
    """All that came of one import.

    Attributes:
        passed_over: Files of a folder that are no cards at all.
    """

    cards: list[ImportedFile] = field(default_factory=list)
    chats: list[ImportedChat] = field(default_factory=list)
    passed_over: int = 0


def move(
    paths: Sequence[Path],
    folder: Path,
    store: Store,
    known: Iterable[KnownCard] = (),
    on_done: Callable[[str], None] | None = None,
) -> Moved:
    """Import whole folders: every card, world file and chat log in them.

    Args:
        folder: Where cards go.
        known: Cards that are here already; those that come now go before them.
        on_done: Told the name of each file that is done.

    Raises:
        RptermError: The folder cannot be made, or a path is not there.
    """
    tell = on_done or (lambda name: None)
    cards, logs = _sorted(paths)
    moved = Moved()
    for path in cards:
        result = _card(path, folder, store)
        if result.something_else and path not in paths:
            moved.passed_over += 1
        else:
            moved.cards.append(result)
        tell(path.name)
    moved.cards = join_worlds(moved.cards, folder)
    mine = [(each.source.stem, each.target) for each in moved.cards if each.kind != "lorebook"]
    fresh = read_known(mine, [folder])
    moved.chats = import_chats(logs, store, [*fresh, *known], on_done=tell)
    return moved


def _card(path: Path, folder: Path, store: Store) -> ImportedFile:
    before = _target(store, path)
    if before is not None:
        return ImportedFile(path, before, known=True)
    result = import_files([path], folder)[0]
    _remember(store, path, result.target)
    return result


def _sorted(paths: Sequence[Path]) -> tuple[list[Path], list[Path]]:
    """Files that may be cards, and chat logs; named files first, then what folders hold."""
    cards: list[Path] = []
    logs: list[Path] = []
    for path in paths:
        if not path.exists():
            raise RptermError(f"There is no file or folder {path}.")
        inside = sorted(_walk(path)) if path.is_dir() else [path]
        for each in inside:
            suffix = each.suffix.lower()
            if suffix == LOGS:
                logs.append(each)
            elif suffix in OTHER_FORMATS or each == path:
                cards.append(each)
    return cards, logs


def _walk(folder: Path) -> Iterable[Path]:
    for each in folder.rglob("*"):
        parts = each.relative_to(folder).parts[:-1]
        if not any(part.casefold() in _NOT_OURS for part in parts) and each.is_file():
            yield each


def _target(store: Store, path: Path) -> Path | None:
    """The card that this very file was imported as before, if it is still there."""
    known = store.flag(_flag_of(path))
    target = Path(known) if known else None
    return target if target and target.is_file() else None


def _remember(store: Store, path: Path, target: Path | None) -> None:
    if target is not None:
        store.set_flag(_flag_of(path), str(target.absolute()))


def _flag_of(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return FLAG + hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return FLAG
