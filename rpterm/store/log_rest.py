"""What a chat log says that a chat has no place for: counted by its name, and told in one note."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from rpterm.store.log_marks import MARKS
from rpterm.store.log_thoughts import KEYS

_MOST = 12
_HEAD = frozenset({"user_name", "character_name", "create_date", "chat_metadata"})
_METADATA = frozenset({"note_prompt", "note_depth", "note_interval", "world_info"})
_MESSAGE = frozenset(
    {
        "name", "is_user", "is_system", "mes", "send_date", "swipes", "swipe_id", "swipe_info",
        "extra", "annotation",
    }
)  # fmt: skip
_INFO = frozenset({"send_date", "extra", "annotation"})
_EXTRA = MARKS | KEYS


class Rest:
    """Names of what is left out, each with the number of messages that had it."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def head(self, raw: Mapping[str, Any]) -> None:
        """Look through the first line."""
        self._counts.update(_beyond(raw, _HEAD, ""))
        self._counts.update(_beyond(raw.get("chat_metadata"), _METADATA, "chat_metadata."))

    def message(self, raw: Mapping[str, Any]) -> None:
        """Look through a message that is kept."""
        names = {*_beyond(raw, _MESSAGE, ""), *_beyond(raw.get("extra"), _EXTRA, "extra.")}
        infos = raw.get("swipe_info")
        for info in infos if isinstance(infos, list) else []:
            names |= set(_beyond(info, _INFO, "swipe_info."))
            if isinstance(info, Mapping):
                names |= set(_beyond(info.get("extra"), _EXTRA, "swipe_info.extra."))
        self._counts.update(names)

    def told(self) -> tuple[str, ...]:
        """One note, or none."""
        if not self._counts:
            return ()
        often = sorted(self._counts.items(), key=lambda each: (-each[1], each[0]))
        names = [_with_count(name, count) for name, count in often]
        more = f" and {len(names) - _MOST} more" if len(names) > _MOST else ""
        return (f"Left out, as a chat has no place for it: {', '.join(names[:_MOST])}{more}.",)


def _beyond(raw: Any, known: frozenset[str], before: str) -> Iterator[str]:
    """The fields that say something and are not known; names of strangers are cut."""
    for key, value in raw.items() if isinstance(raw, Mapping) else ():
        if key not in known and value not in (None, "", False, [], {}):
            yield before + "".join(each for each in key[:40] if each.isprintable())


def _with_count(name: str, count: int) -> str:
    return name if count == 1 else f"{name} ({count:,} messages)"
