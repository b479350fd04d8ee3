"""Finds texts, speakers and replies in the rows of chat files, whatever their keys are called."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rpterm.engine.thinking import split
from rpterm.evaluation.json_rows import Row

CHARACTER_ROLES = frozenset(
    ("assistant", "gpt", "char", "character", "model", "bot", "ai", "chatgpt")
)
USER_ROLES = frozenset(("user", "human", "you", "person", "player"))
SILENT_ROLES = frozenset(("system", "tool", "function", "developer", "ipython"))
TEXT_KEYS = ("content", "text", "value", "mes", "message", "utterance")
LIST_KEYS = ("messages", "conversations", "conversation", "dialogue", "dialog", "turns")
CONTEXT_KEYS = (
    "context", "history", "dialogue_history", "prompt", "question", "input", *LIST_KEYS,
)  # fmt: skip
_SPEAKER_KEYS = ("role", "from", "speaker", "name", "author", "sender")
_NAME_KEYS = ("name", "speaker", "author", "sender")
_HIDDEN_KEYS = ("hidden", "is_system")
_HEADER_KEYS = ("user_name", "character_name", "chat_metadata")
_REPLY_KEYS = (
    "reply", "response", "completion", "answer", "output", "generated", "prediction",
    "model_output",
)  # fmt: skip
_PAIR_KEYS = ("chosen", "rejected")


def text_of(turn: Row) -> str | None:
    """The text of a turn."""
    return _first_text(turn, TEXT_KEYS)


def is_silent(turn: Row) -> bool:
    """Whether a turn without text is the call of a tool: ``{…, "content": null}``."""
    return any(turn.get(key, "") is None for key in TEXT_KEYS)


def is_hidden(turn: Row) -> bool:
    """Whether a turn is hidden from the model."""
    return any(turn.get(key) is True for key in _HIDDEN_KEYS)


def is_header(row: Row) -> bool:
    """Whether a row is the head of a chat log or of our own export, and not a turn."""
    return row.get("type") == "chat" or ("mes" not in row and any(map(row.get, _HEADER_KEYS)))


def speaker_of(turn: Row) -> str:
    """The role or name of the speaker, case-folded; "" if there is none."""
    return next((str(turn[key]).casefold() for key in _SPEAKER_KEYS if turn.get(key)), "")


def name_of(turn: Row) -> str:
    """The name of the speaker, case-folded; "" if there is only a role."""
    found = next((turn[key] for key in _NAME_KEYS if isinstance(turn.get(key), str)), "")
    name = str(found).casefold()
    return "" if name in CHARACTER_ROLES else name


def user_name_of(row: Row) -> str:
    """The user's name in a header or next to a reply; "" if it is not there."""
    persona = row.get("persona")
    inner = persona.get("name") if isinstance(persona, Mapping) else None
    found = next((n for n in (row.get("user_name"), row.get("user"), inner) if n), "")
    return found if isinstance(found, str) else ""


def list_of(row: Row) -> Sequence[Any] | None:
    """The turns of a row that is a complete dialogue."""
    return next((row[key] for key in LIST_KEYS if isinstance(row.get(key), list)), None)


def turns_in(row: Row) -> Iterator[Row]:
    """A row as a turn, and the turns it lists."""
    yield row
    for key in LIST_KEYS:
        if isinstance(listed := row.get(key), list):
            yield from (turn for turn in listed if isinstance(turn, Mapping))


def replies_in(row: Row) -> list[tuple[str, Row]]:
    """The reply of a row, or both of a preference pair, each with its labels.

    The labels are the row's fields; in a pair ``chosen`` says which of the two it is.
    """
    if any(key in row for key in ("role", "is_user", "from")):
        return []  # A turn.
    reply = _first_text(row, _REPLY_KEYS)
    if reply is not None:
        return [(reply, row)]
    pair = [_last_text(row.get(key)) for key in _PAIR_KEYS]
    return [
        (text, {**row, "chosen": key == "chosen"})
        for key, text in zip(_PAIR_KEYS, pair, strict=True)
        if text is not None and None not in pair
    ]


def _first_text(row: Row, keys: Sequence[str]) -> str | None:
    return next((text for key in keys if (text := _as_text(row.get(key))) is not None), None)


def _last_text(value: Any) -> str | None:
    """A reply that is a text, a turn, or the last one of several turns."""
    if isinstance(value, list):
        value = value[-1] if value else None
    return text_of(value) if isinstance(value, Mapping) else _as_text(value)


def _as_text(value: Any) -> str | None:
    """A text without the thoughts before it.

    It may be a list: of the parts of a text, as OpenAI writes it, or of turns, as a TRL completion.
    """
    if isinstance(value, list) and value and all(isinstance(each, Mapping) for each in value):
        parts = [each.get("text", each.get("content")) for each in value]
        value = "\n".join(part for part in parts if isinstance(part, str)) or None
    return split(value)[1] if isinstance(value, str) else None
