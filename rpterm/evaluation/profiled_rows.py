"""Reads rows that each bring a profile of their character, as role-play benchmarks have them.

Such a file needs no card: one field of a row describes the character, as text, as a list of claims
or as an object, and another one may name it. Rows of the same character are read together, like a
file of its own. Does not know what a score is.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from rpterm.cards.card import CharacterCard
from rpterm.errors import RptermError
from rpterm.evaluation.dialogues import (
    RecordedReply,
    open_rows,
    read_rows,
    report_problems,
)
from rpterm.evaluation.json_rows import Row, lookup
from rpterm.foreign_json import as_mapping

NAME_FIELDS = (
    "character", "character_name", "char_name", "char", "role_name", "bot_name", "bot",
)  # fmt: skip
"""Fields that may name the character, in this order; in a profile also ``name``."""
_NAMELESS = "Character"


@dataclass(frozen=True, slots=True)
class CharacterReplies:
    """A character and its replies in a file."""

    card: CharacterCard
    replies: list[RecordedReply]


def read_profiled(
    data: bytes,
    field: str,
    where: str = "the file",
    report: Callable[[str], object] = lambda problem: None,
) -> list[CharacterReplies]:
    """The replies of all characters in a file, in the order in which the characters appear.

    Args:
        data: The content of the file.
        field: The field of a row that describes its character; ``a.b`` looks into ``a``.
        where: The file's name, for messages.
        report: Called with a sentence for each line that cannot be read and is left out.

    Raises:
        RptermError: No row has both a profile and a reply, or the file is too large.
    """
    rows, problems = open_rows(data, where)
    rows_by_card: dict[str, tuple[CharacterCard, list[tuple[int, Row]]]] = {}
    for line, row in rows:
        profile = lookup(row, field)
        if (card := _card(_name(row, profile), profile)) is None:
            problems[line] = f"the field {field!r} has no profile"
        else:
            key = json.dumps([card.name, profile], sort_keys=True)
            rows_by_card.setdefault(key, (card, []))[1].append((line, row))
    found = []
    for card, own_rows in rows_by_card.values():
        replies, unreadable = read_rows(own_rows, [card.name])
        problems |= unreadable
        if replies:
            found.append(CharacterReplies(card, replies))
    report_problems(problems, where, report)
    if not found:
        raise RptermError(
            f"{where} has no reply next to a profile: expected were rows such as "
            f'{{"character": "Ines", "{field}": "Ines mends nets.", "history": ["Hello!"], '
            '"reply": "Mind the nets."}.'
        )
    return found


def _name(row: Row, profile: Any) -> str:
    own = as_mapping(profile)
    names = [*map(row.get, NAME_FIELDS), *map(own.get, ("name", *NAME_FIELDS))]
    return next((name.strip() for name in names if isinstance(name, str) and name.strip()), "")


def _card(name: str, profile: Any) -> CharacterCard | None:
    """The character that a profile describes, or ``None`` if it says nothing."""
    if isinstance(profile, str) and profile.strip():
        return CharacterCard(name or _NAMELESS, description=profile.strip())
    claims = tuple(_claims(profile))
    return CharacterCard(name or _NAMELESS, attributes=claims) if claims else None


def _claims(profile: Any) -> list[str]:
    """The claims in a list, or the fields of an object, each with its key."""
    if isinstance(profile, list):
        return [claim.strip() for claim in profile if isinstance(claim, str) and claim.strip()]
    if not isinstance(profile, Mapping):
        return []
    claims = []
    for key, value in profile.items():
        texts = _claims(value) if isinstance(value, list | Mapping) else [str(value).strip()]
        label = str(key).replace("_", " ")
        claims += [f"{label}: {text}" for text in texts if value is not None and text]
    return claims
