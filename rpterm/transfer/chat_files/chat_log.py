"""Imports and exports chats of other programs: the common JSONL chat log.

Its first line describes the chat (``user_name``, ``character_name``, ``chat_metadata``); each
further line is a message (``name is_user mes send_date swipes swipe_id``). ``parse_log`` and
``render_log`` are pure; ``import_log`` and ``export_log`` use the store's public methods.

A log holds a single path through the tree of turns, with the swipes of each turn. An export drops
the turns below other swipes, and an import drops messages of the other program itself; both are
noted. A message marked ``is_system`` was not read by the other program's model: it is hidden here,
too, and so are comments that were never meant for the model.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import zip_longest
from pathlib import PurePath
from typing import Any

from rpterm.cards import variables
from rpterm.cards.exchange.notes import Notes
from rpterm.errors import RptermError
from rpterm.foreign_json import as_list, as_mapping, as_text, as_texts
from rpterm.humanize import counted
from rpterm.store.hidden_chat import InsertTurn, hidden_chat, write_in_batches
from rpterm.store.store import Store
from rpterm.transfer.chat_files.dates import format_date, parse_date
from rpterm.transfer.chat_files.json_lines import decode_lines, parse_object
from rpterm.transfer.chat_files.log_records import ChatLog, LogMessage
from rpterm.transfer.chat_files.ratings import read_ratings
from rpterm.transfer.chat_files.reasoning import REASONING_KEY, split_reasoning
from rpterm.transfer.chat_files.unknown_fields import UnknownFields
from rpterm.types import AuthorNote, Chat, Generation, Origin, Persona, Status, Turn

MAX_BYTES = 32 << 20
_USERS_OWN_TYPES = ("narrator", "comment")
"""Message types that the user writes under another name: about the scene, or notes to oneself."""
_CHAT_MESSAGE_TYPES = (None, "", *_USERS_OWN_TYPES)
"""Message types that belong to the chat, whether the model reads them or not."""
_PROGRAM_NAMES = ("System", "SillyTavern System")
_HEAD_KEYS = {"user_name", "character_name"}
_NOTE_AT_TOP = (0, 2)
"""Positions of an author's note before the chat; it then stands above all turns here."""
_MAX_DEPTH = 10_000
_UNUSED_NAME = "unused"
_MAX_SWIPES = 1000
_MAX_LINES = 100_000
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def parse_log(data: bytes) -> ChatLog:
    """Read a log.

    Raises:
        RptermError: The file is too large, not UTF-8, or without any message.
    """
    if len(data) > MAX_BYTES:
        raise RptermError(f"The file has {len(data):,} bytes; a log can have {MAX_BYTES:,}.")
    if data.count(b"\n") > _MAX_LINES:
        raise RptermError(f"The file has more than {_MAX_LINES:,} lines, so it is not a chat log.")
    notes = Notes()
    lines = enumerate(decode_lines(data), 1)
    rows = ((number, parse_object(line, number, notes)) for number, line in lines)
    return parse_rows(((number, row) for number, row in rows if row is not None), notes)


def parse_rows(rows: Iterable[tuple[int, Mapping[str, Any]]], notes: Notes) -> ChatLog:
    """Read a log from its rows, each with its number.

    Args:
        notes: Receives what was corrected or left out.

    Raises:
        RptermError: There is no message.
    """
    head: Mapping[str, Any] = {}
    user = ""
    turns: list[LogMessage] = []
    program_messages = 0
    rest = UnknownFields()
    for number, raw in rows:
        if "mes" not in raw:
            head = head or raw
            rest.add_header(raw)
        elif _is_program_message(raw):
            program_messages += 1
        else:
            turns += _parse_message(raw, number, notes)
            user = user or (_name(raw.get("name")) if raw.get("is_user") is True else "")
            rest.add_message(raw)
    if not turns and head.keys() >= _HEAD_KEYS:
        raise RptermError("The chat has no messages.")
    if not turns:
        raise RptermError("The file is not a chat log: none of its lines is a message.")
    if program_messages:
        notes.add(f"{counted(program_messages, 'message')} of the program itself left out.")
    metadata = as_mapping(head.get("chat_metadata"))
    return ChatLog(
        user=_head_name(head, "user_name") or user or "User",
        character=_head_name(head, "character_name") or _first_character(turns),
        turns=tuple(turns),
        note=_parse_note(metadata, notes),
        at=parse_date(head.get("create_date")),
        notes=notes.all() + rest.notes(),
        world=_name(metadata.get("world_info")),
        variables=variables.of_table(metadata.get("variables")),
    )


def render_log(log: ChatLog) -> str:
    """Write a log: one JSON object per line, each line terminated."""
    metadata: dict[str, Any] = {}
    if log.note.text:
        metadata = {"note_prompt": log.note.text, "note_depth": log.note.depth, "note_interval": 1}
    if log.world:
        metadata["world_info"] = log.world
    if log.variables:
        metadata["variables"] = log.variables
    head = {
        "user_name": log.user,
        "character_name": log.character,
        "create_date": format_date(log.at),
        "chat_metadata": metadata,
    }
    objects = [head, *map(_message_dict, log.turns)]
    return "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in objects)


@contextmanager
def import_log(
    store: Store,
    log: ChatLog,
    *,
    card_name: str,
    card_hash: str,
    card_path: str | None = None,
    title: str = "",
) -> Iterator[Chat]:
    """Create a chat from a log: every swipe becomes a sibling, the same path is shown.

    The chat appears when the block ends; an error in the block deletes it.

    Args:
        card_name: The card the chat belongs to, with ``card_hash`` from ``Store.put_card``.
    """
    dates = [message.at for message in log.turns if message.at is not None]
    created_at = next((at for at in (log.at, *dates) if at is not None), store.now())
    chat = Chat(
        id=0, title=title, card_name=card_name, card_hash=card_hash, card_path=card_path,
        persona=_persona(store, log.user), note=log.note, created_at=created_at,
        updated_at=dates[-1] if dates else created_at,
    )  # fmt: skip
    with hidden_chat(store, chat) as chat_id:
        store.set_leaf(chat_id, _insert_messages(store, chat_id, log, created_at))
        yield store.chat(chat_id)


def join_log(store: Store, chat_id: int, log: ChatLog) -> bool:
    """Add a log to the chat it was branched off from; the turns that both have are shared.

    The branch is shown if it is the newest.

    Returns:
        False, with nothing changed, if the two do not even begin with the same message.
    """
    known: dict[object, int] = {}
    for turn in store.tree(chat_id):
        known.setdefault(_identity(turn), turn.id)
    first, chat = log.turns[0], store.chat(chat_id)
    role = "user" if first.is_user else "assistant"
    if (None, role, first.speaker, first.text) not in known:
        return False
    before = store.path(chat.leaf_id, 1) if chat.leaf_id is not None else []
    leaf = _insert_messages(store, chat_id, log, chat.created_at, known)
    if before and leaf is not None and store.path(leaf, 1)[0].created_at > before[0].created_at:
        store.set_leaf(chat_id, leaf)
    return True


def _identity(turn: Turn) -> object:
    """What makes two turns of two logs the same."""
    return turn.parent_id, turn.role, turn.speaker, turn.text


def _insert_messages(
    store: Store, chat_id: int, log: ChatLog, at: float, known: dict[object, int] | None = None
) -> int | None:
    """Insert all messages but those that are ``known``; return the id of the last one shown."""
    leaf: int | None = None
    last = log.turns[-1]

    def write(insert: InsertTurn, message: LogMessage) -> None:
        nonlocal leaf, at

        def insert_unknown(turn: Turn, generation: Generation | None) -> int:
            if known is None:
                return insert(turn, generation)
            same = _identity(turn)
            if same not in known:
                known[same] = insert(turn, generation)
            return known[same]

        # Without its own date, a message of years ago would count as said just now.
        at = at if message.at is None else message.at
        after = variables.write(log.variables) if log.variables and message is last else ""
        leaf = _insert_message(insert_unknown, chat_id, leaf, message, at, after)

    write_in_batches(store, log.turns, write)
    return leaf


def _persona(store: Store, name: str) -> Persona:
    """The user's persona of that name with its description, if there is one."""
    known = (each for each in store.personas() if each.name == name)
    return next(known, Persona(name=name))


def export_log(store: Store, chat_id: int) -> ChatLog:
    """The path that a chat shows, with the swipes of each turn, and notes on what is left out."""
    chat = store.chat(chat_id)
    turns: list[LogMessage] = []
    exported: set[int] = set()
    path = store.path(chat.leaf_id) if chat.leaf_id is not None else []
    for turn in path:
        siblings = [turn] if turn.swipes == 1 else _swipes_of(store.siblings(turn.id), turn)
        exported |= {each.id for each in siblings}
        shown = next(index for index, each in enumerate(siblings) if each.id == turn.id)
        texts = tuple(each.text for each in siblings)
        user, at, hidden = turn.role == "user", turn.created_at, turn.hidden
        thoughts = tuple(each.thought for each in siblings)
        thoughts = thoughts if any(thoughts) else ()
        turns.append(
            LogMessage(turn.speaker, user, texts, shown, at, hidden=hidden, thoughts=thoughts)
        )
    notes = []
    if omitted := len(store.tree(chat_id)) - len(exported):
        notes.append(f"A log cannot hold other branches: {counted(omitted, 'turn')} left out.")
    world, *more = [PurePath(name).name.removesuffix(".toml") for name in chat.worlds] or [""]
    if more:
        notes.append(f"A log can hold one lorebook of a chat: {', '.join(more)} left out.")
    return ChatLog(
        chat.persona.name, chat.card_name, tuple(turns), chat.note, chat.created_at, tuple(notes),
        world, variables.after(path),
    )  # fmt: skip


def _swipes_of(siblings: list[Turn], turn: Turn) -> list[Turn]:
    """The siblings that are swipes of a turn: those with the same role and speaker."""
    return [each for each in siblings if each.role == turn.role and each.speaker == turn.speaker]


def _insert_message(
    insert: InsertTurn, chat_id: int, parent: int | None, message: LogMessage, at: float,
    after: str,
) -> int:  # fmt: skip
    """Insert a message and its swipes; return the id of the one shown.

    Args:
        after: The chat's variables after the message; see ``Turn``.
    """
    greeting = parent is None and not message.is_user
    turn_ids = [
        insert(
            Turn(
                id=0, chat_id=chat_id, parent_id=parent,
                role="user" if message.is_user else "assistant", speaker=message.speaker,
                text=text, origin=Origin.GREETING if greeting else Origin.IMPORTED,
                status=Status.COMPLETE, created_at=at, hidden=message.hidden, thought=thought,
                variables=after,
            ),
            None,
        )
        for text, thought in zip_longest(message.swipes, message.thoughts, fillvalue="")
    ]  # fmt: skip
    return turn_ids[message.shown]


def _is_program_message(raw: Mapping[str, Any]) -> bool:
    """Whether a message is from the other program itself: a help text, a welcome, an error.

    Such messages have a special type or speaker. A hidden message of the chat has no type, or that
    of a narrator or a comment.
    """
    if raw.get("is_system") is not True or raw.get("is_user") is True:
        return False
    return _type_of(raw) not in _CHAT_MESSAGE_TYPES or _name(raw.get("name")) in _PROGRAM_NAMES


def _type_of(raw: Mapping[str, Any]) -> Any:
    return as_mapping(raw.get("extra")).get("type")


def _parse_message(raw: Mapping[str, Any], number: int, notes: Notes) -> list[LogMessage]:
    """The message in a line; an empty list, with a note, if it has no text at all."""
    swipes = [_clean(each) for each in as_texts([*map(_text_of, as_list(raw.get("swipes")))])]
    text = _clean(as_text(_text_of(raw["mes"])))
    shown = raw.get("swipe_id")
    if not isinstance(shown, int) or isinstance(shown, bool) or not 0 <= shown < len(swipes):
        shown = swipes.index(text) if text in swipes else len(swipes)
    if shown == len(swipes):
        swipes.append(text)
    if swipes[shown] != text and text.strip():
        swipes[shown] = text
        notes.add(f"Line {number} was edited after it was swiped; the edited text is kept.")
    is_user = raw.get("is_user") is True or _type_of(raw) in _USERS_OWN_TYPES
    thoughts = [""] * len(swipes)
    if not is_user:
        split = split_reasoning(raw, swipes, shown)
        thoughts, swipes = [thought for thought, _ in split], [text for _, text in split]
    kept = [index for index, each in enumerate(swipes) if each.strip() or index == shown]
    if len(kept) > _MAX_SWIPES:
        notes.add(f"Line {number} had {len(kept):,} swipes; {_MAX_SWIPES:,} are kept.")
        kept = sorted({*kept[: _MAX_SWIPES - 1], shown})
    texts = tuple(swipes[index] for index in kept)
    if not any(each.strip() for each in texts):
        notes.add(f"Line {number} is empty and was left out.")
        return []
    speaker = _name(raw.get("name")) or ("User" if is_user else "Character")
    marks = () if is_user else read_ratings(raw, kept, shown)
    at = parse_date(raw.get("send_date"))
    hidden = raw.get("is_system") is True
    kept_thoughts = tuple(thoughts[index] for index in kept) if any(thoughts) else ()
    return [
        LogMessage(speaker, is_user, texts, kept.index(shown), at, marks, hidden, kept_thoughts)
    ]


def _message_dict(turn: LogMessage) -> dict[str, Any]:
    thoughts = zip_longest(turn.swipes, turn.thoughts, fillvalue="")
    extras = [{REASONING_KEY: thought} if thought else {} for _, thought in thoughts]
    message: dict[str, Any] = {
        "name": turn.speaker,
        "is_user": turn.is_user,
        "is_system": turn.hidden,
        "send_date": format_date(turn.at),
        "mes": turn.text,
        "extra": extras[turn.shown],
    }
    if len(turn.swipes) > 1 or not turn.is_user:
        info = [{"send_date": format_date(turn.at), "extra": extra} for extra in extras]
        message |= {"swipe_id": turn.shown, "swipes": list(turn.swipes), "swipe_info": info}
    return message


def _text_of(message: Any) -> Any:
    """The text of a message or swipe; some programs wrap it in an object."""
    return message.get("message") if isinstance(message, Mapping) else message


def _clean(text: str) -> str:
    return _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def _name(value: Any) -> str:
    return " ".join(_clean(as_text(value)).split())[:200]


def _head_name(head: Mapping[str, Any], key: str) -> str:
    """A name in the first line; newer versions of the other program write "unused" there."""
    name = _name(head.get(key))
    return "" if name == _UNUSED_NAME else name


def _first_character(turns: Iterable[LogMessage]) -> str:
    return next((turn.speaker for turn in turns if not turn.is_user), "")


def _parse_note(raw: Mapping[str, Any], notes: Notes) -> AuthorNote:
    text, depth = as_text(raw.get("note_prompt")), raw.get("note_depth")
    if not text.strip():
        return AuthorNote()
    if raw.get("note_interval") == 0:
        notes.add(f"The author's note was switched off and is left out: {_name(text)}")
        return AuthorNote()
    if raw.get("note_position") in _NOTE_AT_TOP:
        return AuthorNote(_clean(text), _MAX_DEPTH)
    fits = isinstance(depth, int) and not isinstance(depth, bool) and 0 <= depth <= _MAX_DEPTH
    return AuthorNote(_clean(text), depth if isinstance(depth, int) and fits else 4)
