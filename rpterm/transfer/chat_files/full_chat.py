"""Imports a complete chat, with every turn of every branch, from rpterm's own JSONL format.

``export.to_jsonl`` writes it. The file is read line by line while the chat is created, because the
provenance of a long chat is many times larger than its text. A line that
cannot be used is skipped with a note; its descendants start a branch of their own and are not lost.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

from rpterm.cards.exchange.notes import Notes
from rpterm.errors import RptermError
from rpterm.foreign_json import as_list, as_mapping, as_text, as_texts
from rpterm.store.cast import Casts
from rpterm.store.errors import StoreError
from rpterm.store.hidden_chat import InsertTurn, hidden_chat, write_in_batches
from rpterm.store.row_conversion import pack_ids, storable
from rpterm.store.store import Store
from rpterm.transfer.chat_files.dates import LATEST
from rpterm.transfer.chat_files.export import FORMAT
from rpterm.transfer.chat_files.json_lines import (
    MAX_LINE,
    decode_lines,
    parse_object,
)
from rpterm.types import (
    AuthorNote,
    Cast,
    Chat,
    Generation,
    Member,
    Origin,
    Persona,
    Sampling,
    Status,
    Turn,
    TurnTaking,
)

MAX_BYTES = 256 << 20
_ID_LIMIT = 2**63
_BLANK_GENERATION = Generation("", "", "", Sampling(seed=0))
_TEXT_LISTS = ("stop", "banned")


@dataclass(frozen=True, slots=True)
class FullChat:
    """The content of the first line; the turns in ``data`` are yet to be read.

    Attributes:
        chat: The chat, with the turn ids of the database it comes from.
    """

    chat: Chat
    cast: Cast | None
    data: bytes


def is_full_chat(data: bytes) -> bool:
    """Whether a file starts like those that ``to_jsonl`` writes."""
    try:
        raw = json.loads(data[:MAX_LINE].split(b"\n", 1)[0].decode("utf-8-sig"), strict=False)
    except (ValueError, RecursionError):
        return False
    return isinstance(raw, Mapping) and raw.get("type") == "chat" and "format" in raw


def parse_full_chat(data: bytes) -> FullChat:
    """Read the first line of a file for which ``is_full_chat`` is true.

    Raises:
        RptermError: It was written by a newer rpterm, or it is too large.
    """
    if len(data) > MAX_BYTES:
        raise RptermError(f"The file has {len(data):,} bytes; a chat can have {MAX_BYTES:,}.")
    raw = json.loads(next(decode_lines(data)), strict=False)
    if raw["format"] != FORMAT:
        raise RptermError(
            f"The chat is in format {raw['format']!r:.20}, but this rpterm reads format {FORMAT}: "
            "update rpterm."
        )
    return FullChat(_chat(raw), _cast(raw.get("cast")), data)


@contextmanager
def import_full_chat(
    store: Store,
    whole: FullChat,
    *,
    card_name: str,
    card_hash: str,
    card_path: str | None = None,
    cast: Cast | None = None,
) -> Iterator[tuple[Chat, tuple[str, ...]]]:
    """Create the chat with new ids, and yield it with notes about what was left out.

    The chat appears when the block ends; an error in the block deletes it.

    Args:
        card_name: The card the chat belongs to, with ``card_hash`` from ``Store.put_card``.
        cast: The cast, with cards that the store has.
    """
    notes = Notes()
    chat = replace(whole.chat, card_name=card_name, card_hash=card_hash, card_path=card_path)
    new_ids: dict[int | None, int] = {}

    def write(insert: InsertTurn, entry: tuple[Turn, Generation | None]) -> None:
        turn, generation = entry
        renumbered = replace(
            turn,
            chat_id=chat_id,
            parent_id=new_ids.get(turn.parent_id),
            edited_from=new_ids.get(turn.edited_from),
        )
        new_ids[turn.id] = insert(renumbered, generation)

    with hidden_chat(store, chat) as chat_id:
        write_in_batches(store, _turns(whole, notes), write)
        if cast is not None:
            Casts(store).put(chat_id, cast)
        if chat.leaf_id is not None:
            # If its line was skipped, the newest turn is shown.
            newest = max(new_ids.values(), default=None)
            store.set_leaf(chat_id, new_ids.get(chat.leaf_id, newest))
        yield store.chat(chat_id), notes.all()


def _turns(whole: FullChat, notes: Notes) -> Iterator[tuple[Turn, Generation | None]]:
    seen: set[int] = set()
    for number, line in enumerate(decode_lines(whole.data), 1):
        raw = parse_object(line, number, notes) if number > 1 else None
        if raw is None:
            continue
        turn = _turn(raw, whole.chat.created_at)
        if turn is None:
            notes.add(f"Line {number} is not a turn and was left out.")
            continue
        if turn.parent_id is not None and turn.parent_id not in seen:
            notes.add(f"The parent of line {number} is missing; it starts a new branch.")
        seen.add(turn.id)
        yield turn, _generation(raw.get("generation"), number, notes)


def _turn(raw: Mapping[str, Any], default_time: float) -> Turn | None:
    role, text, speaker = raw.get("role"), raw.get("text"), as_text(raw.get("speaker"))
    turn_id = _number(raw.get("id"))
    if turn_id is None or role not in ("system", "user", "assistant") or not isinstance(text, str):
        return None
    status = _one_of(Status, raw.get("status"), Status.COMPLETE)
    return Turn(
        id=turn_id,
        chat_id=0,
        parent_id=_number(raw.get("parent_id")),
        role=role,
        speaker=speaker,
        text=text,
        origin=_one_of(Origin, raw.get("origin"), Origin.IMPORTED),
        # Nobody continues it here.
        status=Status.PARTIAL if status is Status.STREAMING else status,
        created_at=_time(raw.get("created_at"), default_time),
        edited_from=_number(raw.get("edited_from")),
        hidden=raw.get("hidden") is True,
        lifted=raw.get("lifted") is True,
        thought=as_text(raw.get("thought")),
        variables=as_text(raw.get("variables")),
    )


def _chat(raw: Mapping[str, Any]) -> Chat:
    persona, note = as_mapping(raw.get("persona")), as_mapping(raw.get("note"))
    depth = _number(note.get("depth")) or 0
    created = _time(raw.get("created_at"), 0.0)
    return Chat(
        id=0,
        title=as_text(raw.get("title")),
        card_name=as_text(raw.get("card_name")),
        card_hash=as_text(raw.get("card_hash")),
        leaf_id=_number(raw.get("leaf_id")),
        persona=Persona(
            as_text(persona.get("name")) or "User",
            as_text(persona.get("description")),
        ),
        note=AuthorNote(as_text(note.get("text")), max(0, min(depth, 10_000))),
        worlds=tuple(filter(None, as_texts(raw.get("worlds")))),
        created_at=created,
        updated_at=_time(raw.get("updated_at"), created),
    )


def _cast(raw: Any) -> Cast | None:
    values = as_mapping(raw)
    members = tuple(map(_member, as_list(values.get("members"))))
    if not members:
        return None
    return Cast(
        members,
        _one_of(TurnTaking, values.get("taking"), TurnTaking.MENTIONED),
        as_text(values.get("held")),
    )


def _member(raw: Any) -> Member:
    values = as_mapping(raw)
    name = as_text(values.get("card_name")) or "Somebody"
    return Member(
        name,
        as_text(values.get("speaker")) or name,
        as_text(values.get("card_hash")),
        None,  # a path of another machine
        values.get("narrator") is True,
        values.get("muted") is True,
        values.get("present") is not False,
    )


def _generation(raw: Any, number: int, notes: Notes) -> Generation | None:
    """The provenance of a reply; ``None``, with a note, if it cannot be read."""
    if raw is None:
        return None
    try:
        generation: Generation = _converted(_BLANK_GENERATION, raw, "")
        for ids in (generation.prompt_ids, generation.reply_ids):
            pack_ids(ids)  # Raises what storing them would raise.
    except (TypeError, ValueError, OverflowError, StoreError):
        notes.add(f"How the reply in line {number} was generated is unreadable; it is kept.")
        return None
    return generation


def _converted(blank: Any, value: Any, name: str) -> Any:
    """A JSON value converted to the type of ``blank``; ``TypeError`` if it is of another type."""
    if is_dataclass(blank) and not isinstance(blank, type):
        if not isinstance(value, Mapping):
            raise TypeError(name)
        known = [each.name for each in fields(blank) if each.name in value]
        return replace(
            blank, **{key: _converted(getattr(blank, key), value[key], key) for key in known}
        )
    if isinstance(blank, tuple) and isinstance(value, list):
        return tuple(_converted("" if name in _TEXT_LISTS else 0, each, name) for each in value)
    if isinstance(blank, float) and type(value) in (int, float) and math.isfinite(value):
        return float(value)
    if isinstance(blank, Mapping) and isinstance(value, Mapping):
        return {key: _converted(0.0, each, key) for key, each in value.items()}
    if type(value) is not type(blank) or (type(value) is int and abs(value) >= _ID_LIMIT):
        raise TypeError(name)
    # A prompt may contain a lone surrogate, and the database keeps it.
    return storable(value) if isinstance(value, str) and name != "prompt_text" else value


def _number(value: Any) -> int | None:
    return value if type(value) is int and abs(value) < _ID_LIMIT else None


def _time(value: Any, default: float) -> float:
    return float(value) if type(value) in (int, float) and 0 <= value < LATEST else default


def _one_of(kind: Any, value: Any, default: Any) -> Any:
    """The member of an enumeration with this value, or ``default``."""
    return next((each for each in kind if each.value == value), default)
