"""Converts between database rows and the records of ``rpterm.types``.

Pure: no connection, and no SQL except column lists and parts of statements.
"""

from __future__ import annotations

import hashlib
import json
import sys
import zlib
from array import array
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, fields
from typing import Any, TypeVar

from rpterm.store.errors import StoreError
from rpterm.types import (
    AuthorNote,
    Chat,
    Generation,
    Origin,
    Persona,
    Sampling,
    Status,
    Turn,
    Usage,
)

T = TypeVar("T")

MAX_TEXT = 64 * 1024 * 1024
"""Maximum length of the text of a turn or card, in characters."""

_PREVIEW_CHARS = 200
_HEADING_CHARS = 50

BATCH_SIZE = 500
"""Values per statement: SQLite limits their number."""

TURN_COLUMNS = (
    "t.id, t.chat_id, t.parent_id, t.role, t.speaker, t.text, t.origin, t.status, t.created_at, "
    "t.edited_from, t.hidden, t.lifted, t.thought, t.variables"
)
"""The fields of a ``Turn`` in their order, up to the count of its siblings."""

_SIBLINGS = (
    "SELECT count(*) FROM turns s WHERE s.parent_id IS t.parent_id AND s.chat_id = t.chat_id"
)

COUNTED_TURN = f"{TURN_COLUMNS}, ({_SIBLINGS} AND s.id <= t.id), ({_SIBLINGS})"
"""Columns of a ``Turn`` from ``turns t``; subqueries on an index count the siblings."""

WINDOW_TURN = (
    f"{TURN_COLUMNS}, row_number() OVER (PARTITION BY t.parent_id ORDER BY t.id), "
    "count(*) OVER (PARTITION BY t.parent_id)"
)
"""The same with window functions, for queries that cover all siblings anyway."""

FIRST_USER_TEXT = (
    f"(SELECT substr(ltrim(t.text), 1, {_PREVIEW_CHARS}) FROM turns t "
    "WHERE t.chat_id = c.id AND t.role = 'user' ORDER BY t.id LIMIT 1)"
)
"""The start of the user's first message in a chat ``c``, for ``first_words``; uses an index."""

CHAT_COLUMNS = (
    "c.id, c.title, c.card_name, c.card_hash, c.card_path, c.leaf_id, c.persona_name, "
    "c.persona_description, c.note_text, c.note_depth, c.created_at, c.updated_at, "
    "(SELECT count(*) FROM turns t WHERE t.chat_id = c.id), "
    "(SELECT count(DISTINCT coalesce(t.parent_id, 0)) FROM turns t WHERE t.chat_id = c.id), "
    f"(SELECT substr(ltrim(t.text), 1, {_PREVIEW_CHARS}) FROM turns t WHERE t.id = c.leaf_id), "
    f"{FIRST_USER_TEXT}, c.worlds_json"
)


def storable(text: str, what: str = "text") -> str:
    """The text as SQLite can store it: lone surrogates, which are not characters, become U+FFFD.

    Raises:
        StoreError: It is longer than ``MAX_TEXT``.
    """
    if len(text) > MAX_TEXT:
        raise StoreError(
            f"This {what} has {len(text):,} characters; the database takes at most {MAX_TEXT:,}. "
            "Split it into parts."
        )
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def to_turn(row: Sequence[Any]) -> Turn:
    """The ``Turn`` in a row of ``COUNTED_TURN`` or ``WINDOW_TURN``."""
    values = list(row[:16])
    values[6:8] = Origin(row[6]), Status(row[7])
    values[10:12] = bool(row[10]), bool(row[11])
    return Turn(*values)


def to_chat(row: Sequence[Any]) -> Chat:
    """The ``Chat`` in a row of ``CHAT_COLUMNS``."""
    lines = (row[14] or "").strip().splitlines()
    return Chat(
        id=row[0],
        title=row[1],
        card_name=row[2],
        card_hash=row[3],
        card_path=row[4],
        leaf_id=row[5],
        persona=Persona(row[6], row[7]),
        note=AuthorNote(row[8], row[9]),
        created_at=row[10],
        updated_at=row[11],
        turn_count=row[12],
        length=row[13],
        preview=lines[0].strip() if lines else "",
        first_words=first_words(row[15]),
        worlds=_parse_names(row[16]),
    )


def _parse_names(text: str) -> tuple[str, ...]:
    """The names in a JSON list; none if it is damaged, because a chat can open without them."""
    try:
        names = json.loads(text)
    except ValueError:
        return ()
    return tuple(map(str, names)) if isinstance(names, list) else ()


def first_words(said: str | None) -> str:
    """The start of a message on one line, cut after a word, without the asterisks of actions."""
    words = " ".join((said or "").replace("*", "").split())
    if len(words) <= _HEADING_CHARS:
        return words
    head, _, _ = words[: _HEADING_CHARS + 1].rpartition(" ")
    return (head or words[:_HEADING_CHARS]).rstrip(" ,;:–—-") + "…"


@contextmanager
def readable_provenance() -> Iterator[None]:
    """Turn what goes wrong when a damaged provenance is unpacked into a ``StoreError``."""
    try:
        yield
    except (zlib.error, ValueError, TypeError) as error:
        raise StoreError(
            f"The provenance of this reply is damaged: {error}. Run `rpterm doctor --repair`, or "
            "restore your last backup."
        ) from error


def sampling_dict(sampling: Sampling) -> dict[str, Any]:
    """A ``Sampling`` as plain JSON values by field name."""
    values = {field.name: getattr(sampling, field.name) for field in fields(sampling)}
    return values | {"logit_bias": dict(sampling.logit_bias), "banned": list(sampling.banned)}


def _to_sampling(text: str) -> Sampling:
    values = json.loads(text)
    known = {field.name for field in fields(Sampling)}
    kept = {name: value for name, value in values.items() if name in known}
    return Sampling(**kept | {"banned": tuple(kept.get("banned", ()))})


def pack_ids(ids: Sequence[int]) -> bytes:
    """Token ids as zlib-compressed little-endian int32."""
    numbers = array("i", ids)
    if sys.byteorder == "big":
        numbers.byteswap()
    return zlib.compress(numbers.tobytes())


def unpack_ids(blob: bytes) -> tuple[int, ...]:
    """The token ids packed by ``pack_ids``."""
    numbers = array("i", zlib.decompress(blob))
    if sys.byteorder == "big":
        numbers.byteswap()
    return tuple(numbers)


def pack_text(text: str) -> bytes:
    """A prompt as zlib-compressed UTF-8."""
    return zlib.compress(text.encode("utf-8", "surrogatepass"))


@readable_provenance()
def unpack_text(blob: bytes) -> str:
    """The text of a packed prompt.

    Raises:
        StoreError: It is damaged.
    """
    return zlib.decompress(blob).decode("utf-8", "surrogatepass")


_IDS = (pack_ids, unpack_ids)
_JSON = (json.dumps, lambda text: tuple(json.loads(text)))
_PACKED: dict[str, tuple[str, Callable[[Any], Any], Callable[[Any], Any]]] = {
    "sampling": ("sampling_json", lambda value: json.dumps(sampling_dict(value)), _to_sampling),
    "prompt_ids": ("prompt_ids", *_IDS),
    "prompt_text": ("prompt_text", pack_text, unpack_text),
    "reply_ids": ("reply_ids", *_IDS),
    "batch_seeds": ("batch_seeds_json", *_JSON),
    "stop": ("stop_json", *_JSON),
}
"""Fields of a ``Generation`` that are stored in another form: the column, how they are packed and
unpacked."""
_FIELDS = [each.name for each in fields(Generation) if each.name != "usage"]
_USAGE = [each.name for each in fields(Usage)]

GENERATION_COLUMNS = ", ".join([*(_PACKED.get(name, (name,))[0] for name in _FIELDS), *_USAGE])


@readable_provenance()
def to_generation(row: Sequence[Any]) -> Generation:
    """The ``Generation`` in a row of ``GENERATION_COLUMNS``.

    Raises:
        StoreError: The row is damaged.
    """
    values = dict(zip(_FIELDS, row, strict=False))
    unpacked = {name: unpack(values[name]) for name, (_, _, unpack) in _PACKED.items()}
    return Generation(**values | unpacked, usage=Usage(*row[len(_FIELDS) :]))


def from_generation(generation: Generation) -> tuple[Any, ...]:
    """The values of ``GENERATION_COLUMNS``."""
    values = {name: getattr(generation, name) for name in _FIELDS}
    packed = {name: pack(values[name]) for name, (_, pack, _) in _PACKED.items()}
    return (*(values | packed).values(), *(getattr(generation.usage, name) for name in _USAGE))


def prompt_digest(ids: bytes, text: bytes) -> str:
    """A digest of a packed prompt: of its token ids, if the engine reports them, and its text."""
    return hashlib.blake2b(ids + b"\0" + text, digest_size=12).hexdigest()


def generation_dict(generation: Generation) -> dict[str, Any]:
    """A ``Generation`` as plain JSON values, for exports."""
    values = {field.name: getattr(generation, field.name) for field in fields(generation)}
    return values | {
        "sampling": sampling_dict(generation.sampling),
        "usage": asdict(generation.usage),
    }


def qmarks(values: Collection[object]) -> str:
    """The ``?`` placeholders for the values of a statement."""
    return ", ".join("?" * len(values))


def batches(values: Sequence[T]) -> Iterator[Sequence[T]]:
    """The values in batches small enough for one statement."""
    for start in range(0, len(values), BATCH_SIZE):
        yield values[start : start + BATCH_SIZE]
