"""Imports the folders of another program: every card, world file and chat log in them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rpterm.cards.exchange.files import ImportedFile, import_files
from rpterm.cards.library import FOREIGN_EXTENSIONS
from rpterm.store import Store
from rpterm.transfer.chat_cards import KnownCard, read_known
from rpterm.transfer.chat_import import IMPORT_FLAG, ImportedChat, import_chats
from rpterm.transfer.world_links import join_worlds
from rpterm.types import RptermError

LOG_EXTENSION = ".jsonl"
_SKIPPED_FOLDERS = frozenset(
    (
        "thumbnails", "backgrounds", "backups", "themes", "assets", "extensions", "vectors",
        "user avatars", "quickreplies", "movingui", "node_modules", ".git",
    )
)  # fmt: skip
"""Folder names of such programs that contain neither cards nor chats."""


@dataclass(slots=True)
class ImportSummary:
    """The results of one import.

    Attributes:
        passed_over: The number of files in folders that are not cards at all.
    """

    cards: list[ImportedFile] = field(default_factory=list)
    chats: list[ImportedChat] = field(default_factory=list)
    passed_over: int = 0


def import_paths(
    paths: Sequence[Path],
    folder: Path,
    store: Store,
    known: Iterable[KnownCard] = (),
    on_done: Callable[[str], None] | None = None,
) -> ImportSummary:
    """Import files and folders: every card, world file and chat log in them.

    Args:
        folder: The folder to write cards to.
        known: Existing cards that chats may belong to; cards imported now take precedence.
        on_done: Called with the name of each file.

    Raises:
        RptermError: The folder cannot be created, or a path does not exist.
    """
    report_done = on_done or (lambda name: None)
    cards, logs = _find_files(paths)
    moved = ImportSummary()
    for path in cards:
        result = _import_card(path, folder, store)
        if result.not_a_card and path not in paths:
            moved.passed_over += 1
        else:
            moved.cards.append(result)
        report_done(path.name)
    moved.cards = join_worlds(moved.cards, folder)
    files = [(each.source.stem, each.target) for each in moved.cards if each.kind != "lorebook"]
    imported = read_known(files, [folder])
    moved.chats = import_chats(logs, store, [*imported, *known], on_done=report_done)
    return moved


def _import_card(path: Path, folder: Path, store: Store) -> ImportedFile:
    flag = _flag_of(path)
    before = store.flag(flag)
    if before and Path(before).is_file():
        return ImportedFile(path, Path(before), known=True)
    result = import_files([path], folder)[0]
    if result.target is not None:
        store.set_flag(flag, str(result.target.absolute()))
    return result


def _find_files(paths: Sequence[Path]) -> tuple[list[Path], list[Path]]:
    """The files that may be cards, and the chat logs, both in the order of ``paths``."""
    cards: list[Path] = []
    logs: list[Path] = []
    for path in paths:
        if not path.exists():
            raise RptermError(f"There is no file or folder {path}.")
        files = sorted(_walk(path)) if path.is_dir() else [path]
        for each in files:
            suffix = each.suffix.lower()
            if suffix == LOG_EXTENSION:
                logs.append(each)
            elif suffix in FOREIGN_EXTENSIONS or each == path:
                cards.append(each)
    return cards, logs


def _walk(folder: Path) -> Iterable[Path]:
    for each in folder.rglob("*"):
        parts = each.relative_to(folder).parts[:-1]
        if not any(part.casefold() in _SKIPPED_FOLDERS for part in parts) and each.is_file():
            yield each


def _flag_of(path: Path) -> str:
    """The store's flag for a file's content, whose value is the card it was imported as."""
    try:
        with path.open("rb") as file:
            return IMPORT_FLAG + hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return IMPORT_FLAG
