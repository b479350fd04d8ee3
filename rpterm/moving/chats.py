"""Chat logs of other programs, and rpterm's own files, become chats. Each is brought once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rpterm.cards.exchange.files import safe_name
from rpterm.cards.lore.rules import world_name
from rpterm.marks import utf8, why
from rpterm.moving.cards import (
    NO_CARD,
    KnownCard,
    bare,
    card_of,
    cast_again,
    kept_card,
    main_name,
    path_of,
    strange,
    with_company,
)
from rpterm.store import Store, whole
from rpterm.store.chatlog import ChatLog, import_log
from rpterm.store.chatlog import parse as parse_log
from rpterm.types import RptermError

FLAG = "imported:"
"""Of flags that tell what a file was imported as, by its SHA-256."""
_RATED = "ratings imported:"


@dataclass(frozen=True, slots=True)
class ImportedChat:
    """What became of one chat log.

    Attributes:
        chat_id: ``None`` when it could not be imported, or was there already.
        card_name: Of the card it belongs to now.
        turns: Of the branch shown; ``versions`` are the swipes beside them.
        notes: What was mended or left out.
        error: Why it could not be imported, or "".
        known: The chat it was imported as before.
        ratings: Thumbs and stars that came with it, ``swipes`` those kept over others.
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
    """Import chat logs; one that is broken does not stop the others.

    Args:
        known: Cards that a log may belong to, the first that fits counts.
        card: The card of all of them, whatever the logs say.
        ratings: Bring ratings and kept swipes, too, also those of chats that are here already.
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
    if path.stat().st_size > whole.MAX_BYTES:
        raise RptermError(f"The file has more than {whole.MAX_BYTES:,} bytes: it is no chat log.")
    data = path.read_bytes()
    flag = FLAG + hashlib.sha256(data).hexdigest()
    data = utf8(data)
    before = _chat_of(store, flag)
    if whole.is_whole(data):
        result = ImportedChat(path, known=before)
        if before is None:
            with store.connections.write():  # With its flag: else it would come a second time.
                result = _import_whole(path, store, whole.parse(data), known, card)
                store.set_flag(flag, str(result.chat_id))
        # Such a file has every turn and no judgement.
        lacking = ("The file holds no ratings.",) if ratings else ()
        return replace(result, notes=result.notes + lacking)
    if before is not None:
        result = ImportedChat(path, known=before)
        return _rated(result, store, before, parse_log(data), flag) if ratings else result
    log = parse_log(data)
    with store.connections.write():
        result = _import_log(path, store, log, known, card)
        store.set_flag(flag, str(result.chat_id))
    if not ratings or result.chat_id is None:
        return result
    return _rated(result, store, result.chat_id, log, flag)


def _import_log(
    path: Path,
    store: Store,
    log: ChatLog,
    known: Sequence[KnownCard],
    card: KnownCard | None,
) -> ImportedChat:
    """Make a chat and its cast of another program's log."""
    mine = card or card_of(log, path, known)
    notes = log.notes
    if mine is None:
        mine = bare(main_name(log) or path.parent.name)
        notes += (NO_CARD.format(mine.card.name),)
    chat = import_log(
        store, log, card_name=mine.card.name, card_hash=store.put_card(mine.card.name, mine.text),
        card_path=path_of(mine), title=path.stem,
    )  # fmt: skip
    notes += with_company(store, chat.id, log, mine, known)
    if log.world:
        store.update_chat(chat.id, worlds=(safe_name(log.world),))
        notes += (f"It has the world {log.world} for itself.",)
    turns = len(log.turns)
    versions = store.chat(chat.id).turn_count - turns
    return ImportedChat(path, chat.id, mine.card.name, turns, notes, versions=versions)


def _import_whole(
    path: Path,
    store: Store,
    found: whole.WholeChat,
    known: Sequence[KnownCard],
    card: KnownCard | None,
) -> ImportedChat:
    """Make a chat of rpterm's own file again, with its card as it was where the store has it."""
    notes: tuple[str, ...] = ()
    mine = card or kept_card(store, found.chat.card_name, found.chat.card_hash, known)
    if mine is None:
        mine = bare(found.chat.card_name)
        notes = (NO_CARD.format(mine.card.name),)
    cast = None
    if found.cast is not None:
        cast, strangers = cast_again(store, found.cast, mine, known)
        notes += strange(strangers)
    about = replace(found.chat, worlds=tuple(map(_world_here, found.chat.worlds)))
    found = replace(found, chat=about)
    chat, left_out = whole.import_whole(
        store, found, card_name=mine.card.name, card_path=path_of(mine), cast=cast,
        card_hash=store.put_card(mine.card.name, mine.text),
    )  # fmt: skip
    return ImportedChat(path, chat.id, mine.card.name, chat.turn_count, left_out + notes)


def _world_here(name: str) -> str:
    """A world that a chat names by a file of another machine, by its name alone."""
    return name if Path(name).is_file() else world_name(name)


def _rated(
    result: ImportedChat, store: Store, chat_id: int, log: ChatLog, flag: str
) -> ImportedChat:
    """Bring the ratings of a log, once for each chat that was made of it."""
    mine = f"{_RATED}{flag.removeprefix(FLAG)}"
    if store.flag(mine) == str(chat_id):
        return result
    from rpterm.store.judgement_records import How
    from rpterm.store.judgements import Judgements
    from rpterm.store.log_marks import METHOD, record

    brought = record(Judgements(store), chat_id, log, How(method=METHOD))
    store.set_flag(mine, str(chat_id))
    return replace(result, ratings=brought.ratings, swipes=brought.swipes)


def _chat_of(store: Store, flag: str) -> int | None:
    known = store.flag(flag)
    if not known or not known.isdecimal():
        return None
    try:
        return store.chat(int(known)).id
    except RptermError:
        return None
