"""Detects duplicate and contradicting records across chats, and prompts shared by two splits.

Only digests are kept, so a large export takes little memory.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache

from rpterm.preference.records import Record

_DIGEST_BYTES = 16


class DuplicateFilter:
    """Remembers the records of an export so far."""

    def __init__(self) -> None:
        self._rows: set[bytes] = set()
        self._verdicts: dict[bytes, bytes] = {}
        self._splits: dict[bytes, str] = {}
        self._prompt_digests: dict[int, bytes] = {}

    def start_chat(self) -> None:
        """Forget the digests of the previous chat's prompts, which are cached by object id."""
        self._prompt_digests = {}

    def rejection(self, record: Record, split: str) -> str | None:
        """Why a record must not be exported to a split, or ``None`` if it may be."""
        prompt = self._prompt_digest(record)
        if self._splits.setdefault(prompt, split) != split:
            return "the same prompt is in the other split"
        other = record.other.text if record.other else ""
        texts = _text_digest(record.reply.text), _text_digest(other)
        reason = record.meta.reason if record.kind == "flag" else ""
        row = _digest(prompt, *map(_text_digest, (record.kind, str(record.label), reason)), *texts)
        if row in self._rows:
            return "the same row is there already"
        if record.kind in ("pair", "label"):
            # Unlike that of the row, the same either way.
            judged = _digest(prompt, _text_digest(record.kind), *sorted(texts))
            if self._verdicts.setdefault(judged, row) != row:
                return "another judgement says the opposite"
        self._rows.add(row)
        return None

    def _prompt_digest(self, record: Record) -> bytes:
        key = id(record.prompt)
        if key not in self._prompt_digests:
            parts = [part for message in record.prompt for part in message]
            self._prompt_digests[key] = _digest(*map(_text_digest, parts))
        return self._prompt_digests[key]


def _digest(*digests: bytes) -> bytes:
    return hashlib.blake2b(b"".join(digests), digest_size=_DIGEST_BYTES).digest()


@lru_cache(maxsize=2048)  # A chat's texts recur in every prompt.
def _text_digest(text: str) -> bytes:
    content = text.encode("utf-8", "surrogatepass")
    return hashlib.blake2b(content, digest_size=_DIGEST_BYTES).digest()
