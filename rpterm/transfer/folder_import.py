"""Imports the folders of another program: every card, world file and chat log in them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rpterm.cards.exchange.files import ImportedFile, import_files
from rpterm.cards.library import FOREIGN_EXTENSIONS
from rpterm.store import Store
from rpterm.transfer.chat_cards import KnownCard, read_known
from rpterm.transfer.chat_import import IMPORT_FLAG, ImportedChat, has_chats, import_chats
from rpterm.transfer.other_settings import read_settings, store_personas
from rpterm.transfer.world_links import join_worlds
from rpterm.types import RptermError

LOG_EXTENSION = ".jsonl"
_CHAT_DOCUMENT = ".json"
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
        passed_over: Files in folders from which nothing was imported.
        personas: The names of the user's personas that were added.
    """

    cards: list[ImportedFile] = field(default_factory=list)
    chats: list[ImportedChat] = field(default_factory=list)
    passed_over: list[Path] = field(default_factory=list)
    personas: list[str] = field(default_factory=list)


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
    settings, used = read_settings(cards)
    moved = ImportSummary(personas=store_personas(settings.personas, store))
    for path in cards:
        result = _import_card(path, folder, store, settings.scanning)
        is_chat = path.suffix.lower() == _CHAT_DOCUMENT and has_chats(path)
        if is_chat:
            logs.append(path)
        if not result.not_a_card or (path in paths and not is_chat and path not in used):
            moved.cards.append(result)
        elif not is_chat and path not in used:
            moved.passed_over.append(path)
        report_done(path.name)
    moved.cards = join_worlds(moved.cards, folder, settings.worlds)
    files = [(each.source.stem, each.target) for each in moved.cards if each.kind != "lorebook"]
    imported = read_known(files, [folder])
    moved.chats = import_chats(
        logs, store, [*imported, *known], groups=settings.groups, on_done=report_done
    )
    return moved


def _import_card(
    path: Path, folder: Path, store: Store, scanning: Mapping[str, Any]
) -> ImportedFile:
    flag = _flag_of(path)
    before = store.flag(flag)
    if before and Path(before).is_file():
        return ImportedFile(path, Path(before), known=True)
    result = import_files([path], folder, scanning=scanning)[0]
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
    if not path.is_file():
        return IMPORT_FLAG
    try:
        with path.open("rb") as file:
            return IMPORT_FLAG + hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return IMPORT_FLAG
