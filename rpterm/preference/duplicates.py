"""Detects duplicate and contradicting records across chats, and prompts shared by two splits.

Two splits share a prompt if the same words are said to the same character in both: an edited card,
or another comma, does not make another prompt. Prompts that differ in a word are not compared.
Only digests are kept, so a large export takes little memory.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from functools import lru_cache

from rpterm.preference.records import Record

_DIGEST_BYTES = 16


class DuplicateFilter:
    """Remembers the records of an export so far."""

    def __init__(self) -> None:
        self._rows: set[bytes] = set()
        self._verdicts: dict[bytes, bytes] = {}
        self._splits: dict[bytes, str] = {}
        self._prompt_digests: dict[int, tuple[bytes, bytes]] = {}

    def start_chat(self) -> None:
        """Forget the digests of the previous chat's prompts, which are cached by object id."""
        self._prompt_digests = {}

    def rejection(self, record: Record, split: str) -> str | None:
        """Why a record must not be exported to a split, or ``None`` if it may be."""
        prompt, conversation = self._digests(record)
        if self._splits.setdefault(conversation, split) != split:
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

    def _digests(self, record: Record) -> tuple[bytes, bytes]:
        key = id(record.prompt)
        if key not in self._prompt_digests:
            parts = [part for message in record.prompt for part in message]
            prompt = _digest(*map(_text_digest, parts))
            conversation = conversation_digest(record.prompt, record.meta.card)
            self._prompt_digests[key] = prompt, conversation
        return self._prompt_digests[key]


def conversation_digest(messages: Sequence[tuple[str, str]], character: str) -> bytes:
    """A digest of the words said to a character, without the system prompt if more is said."""
    said = [text for role, text in messages if role != "system"]
    said = said or [text for _, text in messages]
    return _digest(_text_digest(character), *map(words_digest, said))


def _digest(*digests: bytes) -> bytes:
    return hashlib.blake2b(b"".join(digests), digest_size=_DIGEST_BYTES).digest()


@lru_cache(maxsize=2048)  # A chat's texts recur in every prompt.
def _text_digest(text: str) -> bytes:
    content = text.encode("utf-8", "surrogatepass")
    return hashlib.blake2b(content, digest_size=_DIGEST_BYTES).digest()


@lru_cache(maxsize=2048)
def words_digest(text: str) -> bytes:
    """A digest of the words of a text, whatever their case and punctuation."""
    return _text_digest(" ".join(re.findall(r"\w+", text.casefold())) or text)
