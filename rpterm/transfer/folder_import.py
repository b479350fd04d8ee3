"""Imports the folders of another program: every card, world file and chat log in them."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from rpterm.cards.exchange.containers import charx, webp
from rpterm.cards.exchange.files import ImportedFile, import_files, safe_name
from rpterm.cards.exchange.importer import PICTURES
from rpterm.cards.library import FOREIGN_EXTENSIONS
from rpterm.errors import RptermError
from rpterm.paths import sha256
from rpterm.store import Store
from rpterm.transfer.chat_cards import KnownCard, read_known
from rpterm.transfer.chat_import import IMPORT_FLAG, ImportedChat, has_chats, import_chats
from rpterm.transfer.json_files import read_object
from rpterm.transfer.other_settings import OtherSettings, read_settings, store_personas
from rpterm.transfer.presets import SHIPPED, is_shipped, read_preset, write_profile
from rpterm.transfer.world_links import join_worlds

LOG_EXTENSION = ".jsonl"
_DOCUMENT = ".json"
_SKIPPED_FOLDERS = frozenset(
    (
        "thumbnails", "backgrounds", "backups", "themes", "assets", "extensions", "vectors",
        "user avatars", "movingui", "node_modules", ".git",
    )
)  # fmt: skip
"""Names of such programs' folders that contain neither cards nor chats of their user.

The same is true of ``default/content``, the originals of what such a program ships.
"""


@dataclass(slots=True)
class ImportSummary:
    """The results of one import.

    Attributes:
        passed_over: Files in folders from which nothing was imported.
        personas: The names of the user's personas that were added.
        hints: What to do here for what worked by itself there, one sentence each.
        profiles: What presets of samplers and system prompts became.
    """

    cards: list[ImportedFile] = field(default_factory=list)
    chats: list[ImportedChat] = field(default_factory=list)
    passed_over: list[Path] = field(default_factory=list)
    personas: list[str] = field(default_factory=list)
    hints: tuple[str, ...] = ()
    profiles: list[ImportedFile] = field(default_factory=list)


def import_paths(
    paths: Sequence[Path],
    folder: Path,
    store: Store,
    known: Iterable[KnownCard] = (),
    on_file: Callable[[str], None] | None = None,
    config_file: Path | None = None,
) -> ImportSummary:
    """Import files and folders: every card, world file and chat log in them.

    Args:
        folder: The folder to write cards to.
        known: Existing cards that chats may belong to; cards imported now take precedence.
        config_file: The settings file, next to which presets become profiles; ``None`` leaves
            presets out.
        on_file: Called with the name of each file.

    Raises:
        RptermError: The folder cannot be created, or a path does not exist.
    """
    report = on_file or (lambda name: None)
    if missing := next((path for path in paths if not path.exists()), None):
        raise RptermError(f"There is no file or folder {missing}.")
    cards, logs = find_files(paths)
    settings, used = read_settings(cards)
    personas = store_personas(settings.personas, store)
    moved = ImportSummary(personas=personas, hints=tuple(_hints(settings)))
    for path in cards:
        report(path.name)
        is_chat = path.suffix.lower() == _DOCUMENT and has_chats(path)
        if is_chat:
            logs.append(path)
        if profile := _import_preset(path, path in paths, config_file, store):
            moved.profiles.append(profile)
            continue
        # A save of KoboldAI is both a character and a chat.
        result = import_card(path, folder, store, settings.scanning)
        is_used = is_chat or path in used
        if not result.not_a_card or (path in paths and not is_used):
            moved.cards.append(result)
        elif not is_used:
            moved.passed_over.append(path)
    moved.cards = join_worlds(moved.cards, folder, settings.worlds)
    if logs:
        files = [(each.source.stem, each.target) for each in moved.cards if each.kind != "lorebook"]
        cards_of_chats = [*read_known(files, [folder]), *known]
        moved.chats = import_chats(
            logs, store, cards_of_chats, groups=settings.groups, on_done=report
        )
    return moved


def _hints(settings: OtherSettings) -> Iterator[str]:
    if settings.default_persona:
        name = settings.default_persona
        yield f"`rpterm config set persona.name {shlex.quote(name)}` makes you {name} in new chats."
    for world in settings.worlds_of_all:
        yield (
            f"The world {world} was read in every chat; here characters name their worlds: "
            f"`rpterm cards join CARD {safe_name(world)}`."
        )
    for name, world in settings.worlds_of_personas.items():
        yield (
            f"The persona {name} had the world {world}; here a chat can have it: "
            f"`/world chat: {safe_name(world)}`."
        )
    if settings.left_out:
        yield f"In the settings and not imported: {', '.join(settings.left_out)}."


def import_card(
    path: Path, folder: Path, store: Store, scanning: Mapping[str, Any] | None = None
) -> ImportedFile:
    """Import a card or a lorebook, unless the folder still has it from an earlier import.

    Args:
        scanning: As ``import_files`` takes it.

    Raises:
        RptermError: The folder cannot be created.
    """
    known = _imported_before(path, store)
    if known and known.target and known.target.is_relative_to(folder.absolute()):
        return known
    result = import_files([path], folder, scanning=scanning)[0]
    if result.target is not None:
        store.set_flag(_flag_of(path), str(result.target.absolute()))
    return result


def _import_preset(
    path: Path, named: bool, config_file: Path | None, store: Store
) -> ImportedFile | None:
    """The profile that a preset became; ``None`` if the file is no preset of the user's.

    Args:
        named: Whether the user named this very file, and thus wants it whoever made it.
    """
    if config_file is None or path.suffix.lower() != _DOCUMENT:
        return None
    preset = None if is_shipped(path) and not named else read_preset(read_object(path))
    if preset is None:
        return None
    if known := _imported_before(path, store):
        return replace(known, kind="profile")
    target = write_profile(preset, path, config_file)
    store.set_flag(_flag_of(path), str(target.absolute()))
    return ImportedFile(path, target, kind="profile", notes=preset.notes)


def _imported_before(path: Path, store: Store) -> ImportedFile | None:
    """The earlier import of a file with the same content, if its result still exists."""
    before = store.flag(_flag_of(path))
    return (
        ImportedFile(path, Path(before), known=True) if before and Path(before).is_file() else None
    )


def find_files(paths: Sequence[Path]) -> tuple[list[Path], list[Path]]:
    """The files that may be cards, and the chat logs, both in the order of ``paths``.

    A file that is named itself counts whatever it is; folders are searched.
    """
    cards: list[Path] = []
    logs: list[Path] = []
    for path in paths:
        files = sorted(_walk(path)) if path.is_dir() else [path]
        for each in files:
            suffix = each.suffix.lower()
            if suffix == LOG_EXTENSION:
                logs.append(each)
            elif suffix in FOREIGN_EXTENSIONS or each == path or _is_picture_with_card(each):
                cards.append(each)
    return cards, logs


def _is_picture_with_card(path: Path) -> bool:
    """Whether a picture other than PNG may hold a card, by its first and last bytes.

    RisuAI writes an archive behind a JPEG picture.
    """
    try:
        with path.open("rb") as file:
            head = file.read(30)
            file.seek(max(0, path.stat().st_size - charx.TAIL))
            is_risu = head.startswith(charx.JPEG) and charx.has_directory(file.read())
    except OSError:
        return False
    return is_risu or webp.may_hold_card(head)


def _walk(folder: Path) -> Iterable[Path]:
    return (
        each for each in folder.rglob("*") if is_wanted(each.relative_to(folder)) and each.is_file()
    )


def is_wanted(inside: Path) -> bool:
    """Whether a file of a folder, by its path in it, may have a part in an import."""
    folders, suffix = [part.casefold() for part in inside.parts[:-1]], inside.suffix.lower()
    is_skipped = not _SKIPPED_FOLDERS.isdisjoint(folders) or "default/content" in "/".join(folders)
    return not is_skipped and (
        suffix in FOREIGN_EXTENSIONS | PICTURES | {LOG_EXTENSION} or inside.name == SHIPPED
    )


def _flag_of(path: Path) -> str:
    """The store's flag for a file's content, whose value is the card it was imported as."""
    if not path.is_file():
        return IMPORT_FLAG
    try:
        return IMPORT_FLAG + sha256(path)
    except OSError:
        return IMPORT_FLAG
