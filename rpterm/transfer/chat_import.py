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
from rpterm.errors import RptermError, cause_of
from rpterm.paths import is_file, sha256
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
    results: list[ImportedChat] = []
    for path in mains_first(logs):
        try:
            group = next((each for each in groups if path.stem in each.chats), None)
            results += _FileImport(path, store, known, card, ratings, group).chats()
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


@dataclass(frozen=True, slots=True)
class _FileImport:
    """The import of one file; see ``import_chats``. ``group`` is the one whose chat it holds."""

    path: Path
    store: Store
    known: Sequence[KnownCard]
    card: KnownCard | None
    ratings: bool
    group: Group | None

    def chats(self) -> list[ImportedChat]:
        """Import the chats of the file; most hold one."""
        path = self.path
        if path.exists() and not path.is_file():
            raise RptermError("It is a folder, a device or a pipe, but not a file.")
        if path.stat().st_size > full_chat.MAX_BYTES:
            raise RptermError(
                f"The file has more than {full_chat.MAX_BYTES:,} bytes: it is not a chat log."
            )
        data = path.read_bytes()
        # The flag says which chat the file was imported as.
        flag = IMPORT_FLAG + hashlib.sha256(data).hexdigest()
        data = to_utf8(data)
        if documents := read_chats(data, _character_name(path)):
            numbered = enumerate(documents, 1)
            return [self._document(number, rows, f"{flag}#{number}") for number, rows in numbered]
        if full_chat.is_full_chat(data):
            return [self._own_file(data, flag)]
        return [self._log_file(data, flag)]

    def _document(self, number: int, rows: Iterable[Mapping[str, Any]], flag: str) -> ImportedChat:
        """Import one chat of a file that may hold several; ``number`` counts them from 1."""
        if known := self._earlier(flag):
            return known
        stem = self.path.stem
        log = parse_rows(enumerate(rows), Notes())
        return self._log(log, stem if number == 1 else f"{stem} {number}", flag)

    def _log_file(self, data: bytes, flag: str) -> ImportedChat:
        """Import one log, or only the ratings of a log that was imported before."""
        known = self._earlier(flag)
        if known and not self.ratings:
            return known
        log = parse_log(data)
        result = known or self._joined(log, flag) or self._log(log, self.path.stem, flag)
        return self._with_ratings(result, log, flag) if self.ratings else result

    def _joined(self, log: ChatLog, flag: str) -> ImportedChat | None:
        """Join a log to the chat it was branched off from, if that was imported before."""
        main = main_file(self.path)
        if main is None or not is_file(main) or main.stat().st_size > full_chat.MAX_BYTES:
            return None
        earlier = self._earlier(IMPORT_FLAG + sha256(main))
        if earlier is None or earlier.known is None:
            return None
        chat = self.store.chat(earlier.known)
        if not join_log(self.store, chat.id, log):
            return None
        self.store.set_flag(flag, str(chat.id))
        notes = (*log.notes, f"It is a branch of {main.stem}, and became one here.")
        return ImportedChat(self.path, chat.id, chat.card_name, len(log.turns), notes)

    def _own_file(self, data: bytes, flag: str) -> ImportedChat:
        """Import a chat file of rpterm."""
        result = self._earlier(flag) or self._whole(full_chat.parse_full_chat(data), flag)
        # These files contain every turn but no ratings.
        missing = ("The file contains no ratings.",) if self.ratings else ()
        return replace(result, notes=result.notes + missing)

    def _log(self, log: ChatLog, title: str, flag: str) -> ImportedChat:
        """Create a chat and its cast from another program's log."""
        path, store, group = self.path, self.store, self.group
        if log.at is None:
            dated = (turn.at for turn in log.turns if turn.at is not None)
            log = replace(log, at=next(dated, path.stat().st_mtime))
        in_group = next(iter(cards_of(group, self.known)), None)
        main, notes = self.card or in_group or find_card(log, path, self.known), log.notes
        if main is None:
            main = placeholder_card(main_speaker(log) or path.parent.name)
            notes += (NO_CARD.format(main.card.name),)
        name, own_title = main.card.name, _own_title(title, log)
        with import_log(
            store, log, card_name=name, card_hash=store.put_card(name, main.text),
            card_path=card_path(main), title=group.title(title) if group else own_title,
        ) as chat:  # fmt: skip
            notes += store_cast(store, chat.id, log, main, self.known, group)
            if log.world:
                store.update_chat(chat.id, worlds=(safe_name(log.world),))
                notes += (f"The chat uses the world {log.world}.",)
            store.set_flag(flag, str(chat.id))
        turns = len(log.turns)
        return ImportedChat(path, chat.id, name, turns, notes, versions=chat.turn_count - turns)

    def _whole(self, found: full_chat.FullChat, flag: str) -> ImportedChat:
        """Recreate a chat from rpterm's own file, with its card of then if the store has that."""
        store, known, chat = self.store, self.known, found.chat
        notes: tuple[str, ...] = ()
        main = self.card or stored_card(store, chat.card_name, chat.card_hash, known)
        if main is None:
            main = placeholder_card(chat.card_name)
            notes = (NO_CARD.format(main.card.name),)
        cast = None
        if found.cast is not None:
            cast, strangers = restore_cast(store, found.cast, main, known)
            notes += missing_cards_note(strangers)
        found = replace(found, chat=replace(chat, worlds=tuple(map(_local_world, chat.worlds))))
        name = main.card.name
        with full_chat.import_full_chat(
            store, found, card_name=name, card_path=card_path(main), cast=cast,
            card_hash=store.put_card(name, main.text),
        ) as (chat, left_out):  # fmt: skip
            store.set_flag(flag, str(chat.id))
        return ImportedChat(self.path, chat.id, name, chat.turn_count, left_out + notes)

    def _with_ratings(self, result: ImportedChat, log: ChatLog, flag: str) -> ImportedChat:
        """Import the ratings of a log, once for each chat that was created from it."""
        chat_id = result.known if result.chat_id is None else result.chat_id
        ratings_flag = f"{_RATINGS_FLAG}{flag.removeprefix(IMPORT_FLAG)}"
        if chat_id is None or self.store.flag(ratings_flag) == str(chat_id):
            return result
        from rpterm.store.judgements import Judgements
        from rpterm.transfer.chat_files.ratings import import_judgements

        ratings, swipes = import_judgements(Judgements(self.store), chat_id, log)
        self.store.set_flag(ratings_flag, str(chat_id))
        return replace(result, ratings=ratings, swipes=swipes)

    def _earlier(self, flag: str) -> ImportedChat | None:
        """The chat that the file was imported as before, if it still exists."""
        known = self.store.flag(flag)
        if not known or not known.isdecimal():
            return None
        try:
            return ImportedChat(self.path, known=self.store.chat(int(known)).id)
        except RptermError:
            return None


def _character_name(path: Path) -> str:
    """The character of a chat file that does not say: its name up to a date, else its folder's."""
    name = re.split(r"[_\d]", path.stem, maxsplit=1)[0].strip(" -_")
    return name or path.parent.name


def _own_title(name: str, log: ChatLog) -> str:
    """The title in a file's name: "" if it has only the character and a date, as files get."""
    parts = _HYPHEN.split(_DATE.sub("", name))
    names = {"", log.character.casefold(), main_speaker(log).casefold()}
    return " - ".join(part for part in parts if part.strip().casefold() not in names)


def _local_world(name: str) -> str:
    """A chat's world; a path that does not exist on this machine is reduced to the world's name."""
    return name if is_file(Path(name)) else world_name(name)
