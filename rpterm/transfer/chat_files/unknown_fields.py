"""Counts the fields of a chat log that an import cannot store, and reports them in one note."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from rpterm.foreign_json import as_mapping, as_mappings
from rpterm.transfer.chat_files.ratings import RATING_KEYS
from rpterm.transfer.chat_files.reasoning import REASONING_KEYS

_MAX_LISTED = 12
_BOOKKEEPING = frozenset(
    {
        "is_name", "force_avatar", "original_avatar", "gen_started", "gen_finished", "avatar",
        "extra.api", "extra.model", "extra.token_count", "extra.gen_id", "extra.type",
        "extra.bookmark_link", "extra.branches", "extra.isSmallSys", "extra.reasoning_duration",
        "extra.reasoning_type", "extra.time_to_first_token", "swipe_info.gen_started",
        "swipe_info.gen_finished", "chat_metadata.integrity", "chat_metadata.tainted",
        "chat_metadata.chat_id_hash", "chat_metadata.lastInContextMessageId",
        "chat_metadata.main_chat", "chat_metadata.persona", "chat_metadata.timedWorldInfo",
        "chat_metadata.note_position", "chat_metadata.note_role",
    }
)  # fmt: skip
"""What the other program needs for itself; a list of it would hide what the user will miss."""
_HEAD_FIELDS = frozenset({"user_name", "character_name", "create_date", "chat_metadata"})
_METADATA_FIELDS = frozenset(
    {"note_prompt", "note_depth", "note_interval", "world_info", "variables"}
)
_MESSAGE_FIELDS = frozenset(
    {
        "name", "is_user", "is_system", "mes", "send_date", "swipes", "swipe_id", "swipe_info",
        "extra", "annotation",
    }
)  # fmt: skip
_SWIPE_INFO_FIELDS = frozenset({"send_date", "extra", "annotation"})
_EXTRA_FIELDS = RATING_KEYS | REASONING_KEYS


class UnknownFields:
    """The names of unknown fields, each with the number of messages that have it."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def add_header(self, raw: Mapping[str, Any]) -> None:
        """Collect the unknown fields of the first line."""
        self._counts.update(_unknown(raw, _HEAD_FIELDS, ""))
        self._counts.update(_unknown(raw.get("chat_metadata"), _METADATA_FIELDS, "chat_metadata."))

    def add_message(self, raw: Mapping[str, Any]) -> None:
        """Collect the unknown fields of an imported message."""
        names = {
            *_unknown(raw, _MESSAGE_FIELDS, ""),
            *_unknown(raw.get("extra"), _EXTRA_FIELDS, "extra."),
        }
        for info in as_mappings(raw.get("swipe_info")):
            names |= set(_unknown(info, _SWIPE_INFO_FIELDS, "swipe_info."))
            names |= set(_unknown(info.get("extra"), _EXTRA_FIELDS, "swipe_info.extra."))
        self._counts.update(names)

    def notes(self) -> tuple[str, ...]:
        """A tuple with one note, or an empty one if nothing was left out."""
        if not self._counts:
            return ()
        by_count = sorted(self._counts.items(), key=lambda each: (-each[1], each[0]))
        names = [_with_count(name, count) for name, count in by_count]
        more = f" and {len(names) - _MAX_LISTED} more" if len(names) > _MAX_LISTED else ""
        return (
            f"Left out because a chat cannot store it: {', '.join(names[:_MAX_LISTED])}{more}.",
        )


def _unknown(raw: Any, known: frozenset[str], prefix: str) -> Iterator[str]:
    """The names of non-empty unknown fields, with a prefix; long names are cut."""
    for key, value in as_mapping(raw).items():
        field = prefix.removeprefix("swipe_info.") if prefix.endswith("extra.") else prefix
        if key in known or field + key in _BOOKKEEPING:
            continue
        if value not in (None, "", False, [], {}):
            yield prefix + "".join(each for each in key[:40] if each.isprintable())


def _with_count(name: str, count: int) -> str:
    return name if count == 1 else f"{name} ({count:,} messages)"
