"""Imports chat logs of other programs and rpterm's own chat files; each file only once."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rpterm.cards.exchange.files import safe_name
from rpterm.cards.exchange.notes import Notes
from rpterm.cards.lore.rules import world_name
from rpterm.errors import cause_of
from rpterm.store import Store
from rpterm.text.encoding import to_utf8
from rpterm.transfer.chat_cards import (
    NO_CARD,
    KnownCard,
    card_path,
    cards_of,
    find_card,
    main_speaker,
    missing_cards_note,
    placeholder_card,
    restore_cast,
    store_cast,
    stored_card,
)
from rpterm.transfer.chat_files import full_chat
from rpterm.transfer.chat_files.branches import main_file, mains_first
from rpterm.transfer.chat_files.chat_log import import_log, join_log, parse_log, parse_rows
from rpterm.transfer.chat_files.foreign_chats import read_chats
from rpterm.transfer.chat_files.log_records import ChatLog
from rpterm.transfer.other_settings import Group
from rpterm.types import RptermError

IMPORT_FLAG = "imported:"
"""Prefix of the flags that map the SHA-256 of a file to what it was imported as."""
_DATE = re.compile(r"\d{4}-\d{1,2}-\d{1,2}\s*@\s*\d{1,2}h\s*\d{1,2}m\s*\d{1,2}s(\s*\d+ms)?")
"""The date in the names that another program gives to its chats."""
_HYPHEN = re.compile(r"\s+-(?:\s+|$)")
_RATINGS_FLAG = "ratings imported:"


@dataclass(frozen=True, slots=True)
class ImportedChat:
    """The result of importing one chat log.

    Attributes:
        chat_id: The new chat; ``None`` if the import failed or the chat existed already.
        card_name: The name of the card the chat belongs to now.
        turns: The number of turns on the current branch.
        notes: What was changed or left out.
        error: Why the import failed, or "".
        known: The chat the file had been imported as before.
        ratings: The number of thumbs and stars imported with it.
        swipes: The number of imported preferences for the selected swipe over the others.
        versions: The number of further swipes besides ``turns``.
    """

    source: Path
    chat_id: int | None = None
    card_name: str = ""
    turns: int = 0
    notes: tuple[str, ...] = ()
    error: str = ""
    known: int | None = None
    ratings: int = 0
    swipes: int = 0
    versions: int = 0


@dataclass(frozen=True, slots=True)
class _Job:
    """What all files of one import have in common; see ``import_chats``."""

    store: Store
    known: Sequence[KnownCard]
    card: KnownCard | None
    ratings: bool
    groups: Sequence[Group]

    def group_of(self, path: Path) -> Group | None:
        return next((each for each in self.groups if path.stem in each.chats), None)


def import_chats(
    logs: Iterable[Path],
    store: Store,
    known: Sequence[KnownCard],
    *,
    card: KnownCard | None = None,
    ratings: bool = False,
    groups: Sequence[Group] = (),
    on_done: Callable[[str], None] | None = None,
) -> list[ImportedChat]:
    """Import chat logs; a broken one does not stop the others.

    Args:
        known: Cards that a log may belong to; the first that matches is used.
        card: The card for all of them, whatever the logs say.
        ratings: Import ratings and swipe preferences too, even for chats imported before.
        groups: Groups of characters that the logs may be chats of.
        on_done: Called with the name of each file.
    """
    job = _Job(store, known, card, ratings, groups)
    results: list[ImportedChat] = []
    for path in mains_first(logs):
        try:
            results += _import_file(path, job)
        except RptermError as error:
            results.append(ImportedChat(path, error=str(error)))
        except OSError as error:
            results.append(ImportedChat(path, error=f"{cause_of(error)}."))
        if on_done:
            on_done(path.name)
    return results


def has_chats(path: Path) -> bool:
    """Whether a JSON file holds chats of another program, which are one document each."""
    try:
        if path.stat().st_size > full_chat.MAX_BYTES:
            return False
        return bool(read_chats(to_utf8(path.read_bytes()), path.stem))
    except (OSError, RptermError):
        return False


def _import_file(path: Path, job: _Job) -> list[ImportedChat]:
    """Import the chats of a file; most hold one."""
    if path.exists() and not path.is_file():
        raise RptermError("It is a folder, a device or a pipe, but not a file.")
    if path.stat().st_size > full_chat.MAX_BYTES:
        raise RptermError(
            f"The file has more than {full_chat.MAX_BYTES:,} bytes: it is not a chat log."
        )
    data = path.read_bytes()
    flag = _flag(data)
    data = to_utf8(data)
    documents = read_chats(data, _character_name(path))
    if not documents:
        return [_import_chat(path, data, flag, job)]
    return [
        _import_document(path, number, rows, f"{flag}#{number}", job)
        for number, rows in enumerate(documents, 1)
    ]


def _character_name(path: Path) -> str:
    """The character of a chat file that does not say: its name up to a date, else its folder's."""
    name = re.split(r"[_\d]", path.stem, maxsplit=1)[0].strip(" -_")
    return name or path.parent.name


def _import_document(
    path: Path, number: int, rows: Iterable[Mapping[str, Any]], flag: str, job: _Job
) -> ImportedChat:
    """Import one chat of a file that may hold several; ``number`` counts them from 1."""
    before = _imported_as(job.store, flag)
    if before is not None:
        return ImportedChat(path, known=before)
    log = parse_rows(enumerate(rows), Notes())
    title = path.stem if number == 1 else f"{path.stem} {number}"
    return _import_log(path, log, job, title, flag)


def _import_chat(path: Path, data: bytes, flag: str, job: _Job) -> ImportedChat:
    """Import one log, or a chat file of rpterm."""
    store = job.store
    before = _imported_as(store, flag)
    if full_chat.is_full_chat(data):
        result = ImportedChat(path, known=before)
        if before is None:
            result = _import_whole(path, full_chat.parse_full_chat(data), job, flag)
        # These files contain every turn but no ratings.
        missing = ("The file contains no ratings.",) if job.ratings else ()
        return replace(result, notes=result.notes + missing)
    if before is not None:
        result = ImportedChat(path, known=before)
        if not job.ratings:
            return result
        return _with_ratings(result, store, before, parse_log(data), flag)
    log = parse_log(data)
    result = _import_log(path, log, job, path.stem, flag)
    if not job.ratings or result.chat_id is None:
        return result
    return _with_ratings(result, store, result.chat_id, log, flag)


def _import_log(path: Path, log: ChatLog, job: _Job, title: str, flag: str) -> ImportedChat:
    """Create a chat and its cast from another program's log."""
    store, group = job.store, job.group_of(path)
    if (joined := _join_main(path, log, job, flag)) is not None:
        return joined
    if log.at is None:
        dated = (turn.at for turn in log.turns if turn.at is not None)
        log = replace(log, at=next(dated, path.stat().st_mtime))
    main = (
        job.card or next(iter(cards_of(group, job.known)), None) or find_card(log, path, job.known)
    )
    notes = log.notes
    if main is None:
        main = placeholder_card(main_speaker(log) or path.parent.name)
        notes += (NO_CARD.format(main.card.name),)
    with import_log(
        store, log, card_name=main.card.name, card_hash=store.put_card(main.card.name, main.text),
        card_path=card_path(main), title=group.title(title) if group else _own_title(title, log),
    ) as chat:  # fmt: skip
        notes += store_cast(store, chat.id, log, main, job.known, group)
        if log.world:
            store.update_chat(chat.id, worlds=(safe_name(log.world),))
            notes += (f"The chat uses the world {log.world}.",)
        store.set_flag(flag, str(chat.id))
    turns = len(log.turns)
    versions = chat.turn_count - turns
    return ImportedChat(path, chat.id, main.card.name, turns, notes, versions=versions)


def _join_main(path: Path, log: ChatLog, job: _Job, flag: str) -> ImportedChat | None:
    """Join a log to the chat it was branched off from, if that was imported before."""
    store, main = job.store, main_file(path)
    if main is None or not main.is_file() or main.stat().st_size > full_chat.MAX_BYTES:
        return None
    chat_id = _imported_as(store, _flag(main.read_bytes()))
    if chat_id is None or not join_log(store, chat_id, log):
        return None
    store.set_flag(flag, str(chat_id))
    notes = (*log.notes, f"It is a branch of {main.stem}, and became one here.")
    return ImportedChat(path, chat_id, store.chat(chat_id).card_name, len(log.turns), notes)


def _own_title(name: str, log: ChatLog) -> str:
    """The title in a file's name: "" if it has only the character and a date, as files get."""
    parts = _HYPHEN.split(_DATE.sub("", name))
    names = {"", log.character.casefold(), main_speaker(log).casefold()}
    return " - ".join(part for part in parts if part.strip().casefold() not in names)


def _import_whole(path: Path, found: full_chat.FullChat, job: _Job, flag: str) -> ImportedChat:
    """Recreate a chat from rpterm's own file, with the card version of then if the store has it."""
    store, known = job.store, job.known
    notes: tuple[str, ...] = ()
    main = job.card or stored_card(store, found.chat.card_name, found.chat.card_hash, known)
    if main is None:
        main = placeholder_card(found.chat.card_name)
        notes = (NO_CARD.format(main.card.name),)
    cast = None
    if found.cast is not None:
        cast, strangers = restore_cast(store, found.cast, main, known)
        notes += missing_cards_note(strangers)
    found = replace(
        found, chat=replace(found.chat, worlds=tuple(map(_local_world, found.chat.worlds)))
    )
    with full_chat.import_full_chat(
        store, found, card_name=main.card.name, card_path=card_path(main), cast=cast,
        card_hash=store.put_card(main.card.name, main.text),
    ) as (chat, left_out):  # fmt: skip
        store.set_flag(flag, str(chat.id))
    return ImportedChat(path, chat.id, main.card.name, chat.turn_count, left_out + notes)


def _local_world(name: str) -> str:
    """A chat's world; a path that does not exist on this machine is reduced to the world's name."""
    return name if Path(name).is_file() else world_name(name)


def _with_ratings(
    result: ImportedChat, store: Store, chat_id: int, log: ChatLog, flag: str
) -> ImportedChat:
    """Import the ratings of a log, once for each chat that was created from it."""
    ratings_flag = f"{_RATINGS_FLAG}{flag.removeprefix(IMPORT_FLAG)}"
    if store.flag(ratings_flag) == str(chat_id):
        return result
    from rpterm.store.judgements import Judgements
    from rpterm.transfer.chat_files.ratings import import_judgements

    ratings, swipes = import_judgements(Judgements(store), chat_id, log)
    store.set_flag(ratings_flag, str(chat_id))
    return replace(result, ratings=ratings, swipes=swipes)


def _flag(data: bytes) -> str:
    return IMPORT_FLAG + hashlib.sha256(data).hexdigest()


def _imported_as(store: Store, flag: str) -> int | None:
    """The chat that a file was imported as before, if it still exists."""
    known = store.flag(flag)
    if not known or not known.isdecimal():
        return None
    try:
        return store.chat(int(known)).id
    except RptermError:
        return None
