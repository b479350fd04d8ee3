"""Chats of other programs: the common JSONL chat log, in and out.

A first line about the chat (``user_name``, ``character_name``, ``chat_metadata``), then one line
for each message (``name is_user mes send_date swipes swipe_id``). ``parse`` and ``render`` are
pure; ``import_log`` and ``export_log`` go through the store's own methods.

A log holds one line of a tree: the path shown, and the swipes of each of its turns. What stood
below other swipes has no place in it, and what the other program said itself has none here; both
are told. A message that is marked ``is_system`` is one that its model did not read: it is hidden
here, too, and so are remarks that were never meant for the model.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from rpterm.plural import counted
from rpterm.store.log_dates import iso, moment
from rpterm.store.log_lines import ChatLogError, Notes, lines, table
from rpterm.store.log_marks import Mark, read_marks
from rpterm.store.log_rest import Rest
from rpterm.store.log_thoughts import REASONING, read_thoughts
from rpterm.types import AuthorNote, Chat, Origin, Persona, Turn

if TYPE_CHECKING:
    from rpterm.store.store import Store

MAX_BYTES = 32 << 20
_OF_CHAT = (None, "", "narrator", "comment")
"""Types of messages that belong to the chat, whether the model reads them or not."""
_PROGRAM = ("System", "SillyTavern System")
_MAX_SWIPES = 1000
_MAX_LINES = 100_000
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class LogTurn:
    """One message.

    Attributes:
        swipes: All texts it had; never empty.
        shown: Index of the one that is shown.
        at: Unix seconds, or ``None`` when the log does not tell.
        marks: The rating of each swipe, or nothing where there is none.
        hidden: Whether the model does not read it.
        thoughts: What was thought before each swipe, or nothing where there is none.
    """

    speaker: str
    is_user: bool
    swipes: tuple[str, ...]
    shown: int = 0
    at: float | None = None
    marks: tuple[Mark | None, ...] = ()
    hidden: bool = False
    thoughts: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        return self.swipes[self.shown]


@dataclass(frozen=True, slots=True)
class ChatLog:
    """A whole log; ``notes`` tell what was mended or left out, ``world`` is lore for this chat."""

    user: str = "User"
    character: str = ""
    turns: tuple[LogTurn, ...] = ()
    note: AuthorNote = field(default_factory=AuthorNote)
    at: float | None = None
    notes: tuple[str, ...] = ()
    world: str = ""


def parse(data: bytes) -> ChatLog:
    """Read a log.

    Raises:
        ChatLogError: It is too large, no UTF-8, or has not one message.
    """
    if len(data) > MAX_BYTES:
        raise ChatLogError(f"The file has {len(data):,} bytes; a log can have {MAX_BYTES:,}.")
    if data.count(b"\n") > _MAX_LINES:
        raise ChatLogError(f"The file has more than {_MAX_LINES:,} lines: it is no chat log.")
    notes = Notes()
    head: Mapping[str, Any] = {}
    turns: list[LogTurn] = []
    remarks = 0
    rest = Rest()
    for number, line in enumerate(lines(data), 1):
        raw = table(line, number, notes)
        if raw is None:
            continue
        if "mes" not in raw:
            head = head or raw
            rest.head(raw)
        elif _of_program(raw):
            remarks += 1
        else:
            turns += _turn(raw, number, notes)
            rest.message(raw)
    if not turns:
        raise ChatLogError("The file is no chat log: no line of it is a message.")
    if remarks:
        notes.append(f"{counted(remarks, 'message')} of the program itself left out.")
    return ChatLog(
        user=_name(head.get("user_name")) or _first_name(turns, True) or "User",
        character=_name(head.get("character_name")) or _first_name(turns, False),
        turns=tuple(turns),
        note=_note(_metadata(head)),
        at=moment(head.get("create_date")),
        notes=notes.told() + rest.told(),
        world=_name(_metadata(head).get("world_info")),
    )


def render(log: ChatLog) -> str:
    """Write a log; every line is one object, and the last line ends with a line end."""
    metadata: dict[str, Any] = {}
    if log.note.text:
        metadata = {"note_prompt": log.note.text, "note_depth": log.note.depth, "note_interval": 1}
    if log.world:
        metadata["world_info"] = log.world
    head = {
        "user_name": log.user,
        "character_name": log.character,
        "create_date": iso(log.at),
        "chat_metadata": metadata,
    }
    objects = [head, *map(_message, log.turns)]
    return "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in objects)


def import_log(
    store: Store,
    log: ChatLog,
    *,
    card_name: str,
    card_hash: str,
    card_path: str | None = None,
    title: str = "",
) -> Chat:
    """Make a chat of a log, or nothing: every swipe a sibling, the path shown as it was.

    Args:
        card_name: Of the card the chat belongs to, with ``card_hash`` from ``Store.put_card``.
    """
    with store.connections.write():
        chat = store.create_chat(
            card_name=card_name,
            card_hash=card_hash,
            card_path=card_path,
            title=title,
            persona=Persona(name=log.user),
            note=log.note,
            created_at=_begun(log),
        )
        parent: int | None = None
        for turn in log.turns:
            parent = _add(store, chat.id, parent, turn)
        store.set_leaf(chat.id, parent)
        return store.chat(chat.id)


def _begun(log: ChatLog) -> float | None:
    """When a chat began; a log that does not say so began with its first message."""
    dates = (log.at, *(turn.at for turn in log.turns))
    return next((at for at in dates if at is not None), None)


def export_log(store: Store, chat_id: int) -> ChatLog:
    """The path that a chat shows, with the swipes of each turn; ``notes`` tell what is left out."""
    chat = store.chat(chat_id)
    turns: list[LogTurn] = []
    kept: set[int] = set()
    for turn in store.path(chat.leaf_id) if chat.leaf_id is not None else []:
        siblings = [turn] if turn.swipes == 1 else _alike(store.siblings(turn.id), turn)
        kept |= {each.id for each in siblings}
        shown = next(index for index, each in enumerate(siblings) if each.id == turn.id)
        texts = tuple(each.text for each in siblings)
        user, at, hidden = turn.role == "user", turn.created_at, turn.hidden
        thoughts = tuple(each.thought for each in siblings)
        thoughts = thoughts if any(thoughts) else ()
        turns.append(
            LogTurn(turn.speaker, user, texts, shown, at, hidden=hidden, thoughts=thoughts)
        )
    lost = len(store.tree(chat_id)) - len(kept)
    left = f"A log has no place for other branches: {counted(lost, 'turn')} left out."
    notes = [left] if lost else []
    world, *more = [PurePath(name).name.removesuffix(".toml") for name in chat.worlds] or [""]
    if more:
        notes.append(f"A log has a place for one world of a chat: {', '.join(more)} left out.")
    return ChatLog(
        chat.persona.name, chat.card_name, tuple(turns), chat.note, chat.created_at, tuple(notes),
        world,
    )  # fmt: skip


def _alike(siblings: list[Turn], turn: Turn) -> list[Turn]:
    """Swipes of a message are by the same one."""
    return [each for each in siblings if each.role == turn.role and each.speaker == turn.speaker]


def _add(store: Store, chat_id: int, parent: int | None, turn: LogTurn) -> int:
    """Add a message and its swipes; returns the id of the one shown."""
    greeting = parent is None and not turn.is_user
    made = [
        store.add_turn(
            chat_id,
            parent,
            "user" if turn.is_user else "assistant",
            turn.speaker,
            text,
            origin=Origin.GREETING if greeting else Origin.IMPORTED,
            select=False,
            created_at=turn.at,
            thought=thought,
        ).id
        for text, thought in zip_longest(turn.swipes, turn.thoughts, fillvalue="")
    ]
    if turn.hidden:
        for turn_id in made:
            store.hide(turn_id)
    return made[turn.shown]


def _of_program(raw: Mapping[str, Any]) -> bool:
    """Whether the other program itself says something: help, a welcome, an error.

    Those have a type of their own, or the name of their kind; a message of the chat that was hidden
    has none, or that of a narrator's words or of a comment.
    """
    if raw.get("is_system") is not True or raw.get("is_user") is True:
        return False
    extra = raw.get("extra")
    kind = extra.get("type") if isinstance(extra, Mapping) else None
    return kind not in _OF_CHAT or _name(raw.get("name")) in _PROGRAM


def _turn(raw: Mapping[str, Any], number: int, notes: Notes) -> list[LogTurn]:
    """The message of a line; none where it says nothing at all."""
    listed = raw.get("swipes")
    listed = listed if isinstance(listed, list) else []
    swipes = [_clean(each) for each in listed if isinstance(each, str)]
    text = _clean(raw["mes"]) if isinstance(raw["mes"], str) else ""
    shown = raw.get("swipe_id")
    if not isinstance(shown, int) or isinstance(shown, bool) or not 0 <= shown < len(swipes):
        shown = swipes.index(text) if text in swipes else len(swipes)
    if shown == len(swipes):
        swipes.append(text)
    if swipes[shown] != text and text.strip():
        swipes[shown] = text
        notes.append(f"Line {number} was edited after it was swiped; the edited text is kept.")
    is_user = raw.get("is_user") is True
    thoughts = [""] * len(swipes)
    if not is_user:
        apart = read_thoughts(raw, swipes, shown)
        thoughts, swipes = [each for each, _ in apart], [each for _, each in apart]
    kept = [index for index, each in enumerate(swipes) if each.strip() or index == shown]
    if len(kept) > _MAX_SWIPES:
        notes.append(f"Line {number} had {len(kept):,} swipes; {_MAX_SWIPES:,} are kept.")
        kept = sorted({*kept[: _MAX_SWIPES - 1], shown})
    texts = tuple(swipes[index] for index in kept)
    if not any(each.strip() for each in texts):
        notes.append(f"Line {number} says nothing and was left out.")
        return []
    speaker = _name(raw.get("name")) or ("User" if is_user else "Character")
    marks = () if is_user else read_marks(raw, kept, shown)
    at = moment(raw.get("send_date"))
    hidden = raw.get("is_system") is True
    before = tuple(thoughts[index] for index in kept) if any(thoughts) else ()
    return [LogTurn(speaker, is_user, texts, kept.index(shown), at, marks, hidden, before)]


def _message(turn: LogTurn) -> dict[str, Any]:
    thoughts = zip_longest(turn.swipes, turn.thoughts, fillvalue="")
    extras = [{REASONING: thought} if thought else {} for _, thought in thoughts]
    message: dict[str, Any] = {
        "name": turn.speaker,
        "is_user": turn.is_user,
        "is_system": turn.hidden,
        "send_date": iso(turn.at),
        "mes": turn.text,
        "extra": extras[turn.shown],
    }
    if len(turn.swipes) > 1 or not turn.is_user:
        info = [{"send_date": iso(turn.at), "extra": extra} for extra in extras]
        message |= {"swipe_id": turn.shown, "swipes": list(turn.swipes), "swipe_info": info}
    return message


def _clean(text: str) -> str:
    return _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def _name(value: Any) -> str:
    return " ".join(_clean(value).split())[:200] if isinstance(value, str) else ""


def _first_name(turns: Iterable[LogTurn], is_user: bool) -> str:
    return next((turn.speaker for turn in turns if turn.is_user == is_user), "")


def _metadata(head: Mapping[str, Any]) -> Mapping[str, Any]:
    raw = head.get("chat_metadata")
    return raw if isinstance(raw, Mapping) else {}


def _note(raw: Mapping[str, Any]) -> AuthorNote:
    text, depth = raw.get("note_prompt"), raw.get("note_depth")
    if not isinstance(text, str) or not text.strip():
        return AuthorNote()
    fits = isinstance(depth, int) and not isinstance(depth, bool) and 0 <= depth <= 10_000
    return AuthorNote(_clean(text), depth if isinstance(depth, int) and fits else 4)
