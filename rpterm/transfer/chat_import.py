"""Imports chat logs of other programs and rpterm's own chat files; each file only once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rpterm.cards.exchange.files import safe_name
from rpterm.cards.lore.rules import world_name
from rpterm.errors import why
from rpterm.store import Store
from rpterm.store.chat_files import full_chat
from rpterm.store.chat_files.chat_log import ChatLog, import_log
from rpterm.store.chat_files.chat_log import parse_log as parse_log
from rpterm.text_encoding import to_utf8
from rpterm.transfer.chat_cards import (
    NO_CARD,
    KnownCard,
    card_path,
    find_card,
    main_speaker,
    missing_cards_note,
    placeholder_card,
    restore_cast,
    store_cast,
    stored_card,
)
from rpterm.types import RptermError

IMPORT_FLAG = "imported:"
"""Prefix of the flags that map the SHA-256 of a file to what it was imported as."""
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
    on_done: Callable[[str], None] | None = None,
) -> list[ImportedChat]:
    """Import chat logs; a broken one does not stop the others.

    Args:
        known: Cards that a log may belong to; the first that matches is used.
        card: The card for all of them, whatever the logs say.
        ratings: Import ratings and swipe preferences too, even for chats imported before.
        on_done: Called with the name of each file.
    """
    results = []
    for path in logs:
        try:
            result = _import_chat(path, store, known, card, ratings)
        except RptermError as error:
            result = ImportedChat(path, error=str(error))
        except OSError as error:
            result = ImportedChat(path, error=f"{why(error)}.")
        results.append(result)
        if on_done:
            on_done(path.name)
    return results


def _import_chat(
    path: Path,
    store: Store,
    known: Sequence[KnownCard],
    card: KnownCard | None,
    ratings: bool = False,
) -> ImportedChat:
    if path.stat().st_size > full_chat.MAX_BYTES:
        raise RptermError(
            f"The file has more than {full_chat.MAX_BYTES:,} bytes: it is not a chat log."
        )
    data = path.read_bytes()
    flag = IMPORT_FLAG + hashlib.sha256(data).hexdigest()
    data = to_utf8(data)
    before = _imported_as(store, flag)
    if full_chat.is_full_chat(data):
        result = ImportedChat(path, known=before)
        if before is None:
            whole = full_chat.parse_full_chat(data)
            result = _import_whole(path, store, whole, known, card, flag)
        # These files contain every turn but no ratings.
        missing = ("The file contains no ratings.",) if ratings else ()
        return replace(result, notes=result.notes + missing)
    if before is not None:
        result = ImportedChat(path, known=before)
        return _with_ratings(result, store, before, parse_log(data), flag) if ratings else result
    log = parse_log(data)
    result = _import_log(path, store, log, known, card, flag)
    if not ratings or result.chat_id is None:
        return result
    return _with_ratings(result, store, result.chat_id, log, flag)


def _import_log(
    path: Path,
    store: Store,
    log: ChatLog,
    known: Sequence[KnownCard],
    card: KnownCard | None,
    flag: str,
) -> ImportedChat:
    """Create a chat and its cast from another program's log."""
    main = card or find_card(log, path, known)
    notes = log.notes
    if main is None:
        main = placeholder_card(main_speaker(log) or path.parent.name)
        notes += (NO_CARD.format(main.card.name),)
    turns = len(log.turns)
    with import_log(
        store, log, card_name=main.card.name, card_hash=store.put_card(main.card.name, main.text),
        card_path=card_path(main), title=path.stem,
    ) as chat:  # fmt: skip
        notes += store_cast(store, chat.id, log, main, known)
        if log.world:
            store.update_chat(chat.id, worlds=(safe_name(log.world),))
            notes += (f"The chat uses the world {log.world}.",)
        store.set_flag(flag, str(chat.id))
    versions = chat.turn_count - turns
    return ImportedChat(path, chat.id, main.card.name, turns, notes, versions=versions)


def _import_whole(
    path: Path,
    store: Store,
    found: full_chat.FullChat,
    known: Sequence[KnownCard],
    card: KnownCard | None,
    flag: str,
) -> ImportedChat:
    """Recreate a chat from rpterm's own file, with the card version of then if the store has it."""
    notes: tuple[str, ...] = ()
    main = card or stored_card(store, found.chat.card_name, found.chat.card_hash, known)
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
    from rpterm.store.chat_files.ratings import import_judgements
    from rpterm.store.judgements import Judgements

    ratings, swipes = import_judgements(Judgements(store), chat_id, log)
    store.set_flag(ratings_flag, str(chat_id))
    return replace(result, ratings=ratings, swipes=swipes)


def _imported_as(store: Store, flag: str) -> int | None:
    """The chat that a file was imported as before, if it still exists."""
    known = store.flag(flag)
    if not known or not known.isdecimal():
        return None
    try:
        return store.chat(int(known)).id
    except RptermError:
        return None
