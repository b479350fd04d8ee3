"""Converts chats of other programs, which are one JSON document each, to the common chat log.

Agnai, Character.AI, KoboldAI, RisuAI and text-generation-webui. A document may hold several chats.
The result has the rows of the common log, which ``chat_log.parse_rows`` reads.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from rpterm.cards.exchange.foreign_cards import kobold_names, kobold_text
from rpterm.errors import RptermError
from rpterm.foreign_json import as_list, as_mapping, as_mappings, as_text, as_texts

Row = dict[str, Any]
_MARKS = (
    b'"messages"', b'"risuChat"', b'"histories"', b'"actions"', b'"data_visible"', b'"visible"',
)  # fmt: skip
_HIDDEN_START = "<|BEGIN-VISIBLE-CHAT|>"
_INPUT, _OUTPUT = "{{[INPUT]}}", "{{[OUTPUT]}}"
_ACTION = "> "


def read_chats(data: bytes, name: str) -> list[list[Row]]:
    """The rows of each chat in a document; an empty list if it is not one of these programs'.

    Args:
        name: The character's name if the document does not say.

    Raises:
        RptermError: It is one, but without any message.
    """
    if not data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{") or not any(
        mark in data for mark in _MARKS
    ):
        return []
    try:
        raw = json.loads(data, strict=False)
    except (ValueError, RecursionError):
        return []  # It may be a log, which has many lines of JSON.
    for read in (_agnai, _character_ai, _risu, _webui, _kobold):
        if found := list(read(raw, name)):
            chats = [rows for rows in found if any("mes" in row for row in rows)]
            if not chats:
                raise RptermError("The chat has no messages.")
            return chats
    return []


def _head(user: Any, character: Any, **metadata: Any) -> Row:
    return {"user_name": user, "character_name": character, "chat_metadata": metadata}


def _row(name: Any, is_user: bool, text: Any, at: Any = None, swipes: Iterable[Any] = ()) -> Row:
    """A message; ``swipes`` are its other versions."""
    row: Row = {"name": name, "is_user": is_user, "mes": text, "send_date": at}
    others = [each for each in as_texts(list(swipes)) if each != text]
    return row | {"swipes": [text, *others], "swipe_id": 0} if others else row


def _agnai(raw: Mapping[str, Any], name: str) -> Iterator[list[Row]]:
    messages = [each for each in as_mappings(raw.get("messages")) if "msg" in each]
    rows: list[Row] = []
    for each in messages:
        is_user = not each.get("characterId") and bool(each.get("userId"))
        retries = as_list(each.get("retries"))
        rows.append(_row(each.get("handle"), is_user, each["msg"], each.get("createdAt"), retries))
    speaker = next((row["name"] for row in rows if not row["is_user"] and row["name"]), name)
    if messages:
        yield [_head("", speaker), *rows]


def _character_ai(raw: Mapping[str, Any], name: str) -> Iterator[list[Row]]:
    character = as_mapping(as_mapping(raw.get("info")).get("character")).get("name") or name
    for history in as_mappings(as_mapping(raw.get("histories")).get("histories")):
        rows = []
        for each in as_mappings(history.get("msgs")):
            source = as_mapping(each.get("src"))
            is_user = source.get("is_human") is True
            speaker = source.get("name") or ("User" if is_user else character)
            rows.append(_row(speaker, is_user, each.get("text"), each.get("created")))
        yield [_head("", character), *rows]


def _risu(raw: Mapping[str, Any], name: str) -> Iterator[list[Row]]:
    chat = as_mapping(raw.get("data"))
    if raw.get("type") != "risuChat" or not isinstance(chat.get("message"), list):
        return
    rows = []
    for each in as_mappings(chat["message"]):
        is_user = each.get("role") == "user"
        speaker = each.get("name") or ("User" if is_user else name)
        rows.append(_row(speaker, is_user, each.get("data"), each.get("time")))
    yield [_head("", name, note_prompt=chat.get("note"), note_depth=4), *rows]


def _webui(raw: Mapping[str, Any], name: str) -> Iterator[list[Row]]:
    """Pairs of a user's message and a reply; the texts in ``visible`` are escaped for HTML."""
    if not any(isinstance(raw.get(key), list) for key in ("visible", "data_visible")):
        return
    shown = as_list(raw.get("visible")) or as_list(raw.get("data_visible"))
    lists = (as_list(raw.get(key)) for key in ("internal", "data", "data_internal"))
    stored = next(filter(None, lists), [])
    facts = as_mapping(raw.get("metadata"))
    rows: list[Row] = []
    for number, pair in enumerate(shown):
        texts = _pair(stored[number] if number < len(stored) else None) or _pair(pair)
        for side, is_user in enumerate((True, False)):
            text = texts[side] if len(texts) == 2 else ""
            if text and text != _HIDDEN_START:
                about = as_mapping(facts.get(f"{'user' if is_user else 'assistant'}_{number}"))
                versions = [each.get("content") for each in as_mappings(about.get("versions"))]
                speaker = "User" if is_user else name
                rows.append(_row(speaker, is_user, text, about.get("timestamp"), versions))
    yield [_head("", name), *rows]


def _pair(raw: Any) -> list[str]:
    """Both texts of an exchange, or an empty list."""
    if not isinstance(raw, list) or len(raw) != 2:
        return []
    return [html.unescape(as_text(each)) for each in raw]


def _kobold(raw: Mapping[str, Any], name: str) -> Iterator[list[Row]]:
    """A save: a chat whose lines begin with names, or an adventure, in which ``>`` marks the
    user's part."""
    if "gamestarted" not in raw or not isinstance(raw.get("actions"), list):
        return
    user, names = kobold_names(raw)
    character = names[0] if names else name
    rows = _labelled(kobold_text(raw), user, names) or [
        _action(text, user, character) for text in as_texts([raw.get("prompt"), *raw["actions"]])
    ]
    note = raw.get("authorsnote")
    yield [_head(user, character, note_prompt=note, note_depth=3), *rows]


def _labelled(text: str, user: str, names: Sequence[str]) -> list[Row]:
    """The messages of a text in which each begins with its speaker's name; empty if none does."""
    speakers = "|".join(re.escape(each) for each in (user, *names))
    start, *parts = re.split(rf"^[ \t]*({speakers}):[ \t]*", text, flags=re.MULTILINE)
    if not names or user not in parts[::2]:
        return []
    said = [(names[0], start), *zip(parts[::2], parts[1::2], strict=True)]
    return [_row(who, who == user, text.strip()) for who, text in said if text.strip()]


def _action(text: str, user: str, character: str) -> Row:
    plain = text.replace(_INPUT, "").replace(_OUTPUT, "").strip()
    is_user = _INPUT in text or plain.startswith(_ACTION)
    return _row(user if is_user else character, is_user, plain.removeprefix(_ACTION))
