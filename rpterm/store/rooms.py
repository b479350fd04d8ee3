"""The optional table groups of a database, each with its own set of migrations.

A group's tables are created when the feature is first used. This list serves code that has to
handle all groups at once. The tables of chats, which all groups refer to, are in ``schema``.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rpterm.store import (
    cast_schema,
    distil_schema,
    duel_schema,
    judgement_schema,
    memory_schema,
    score_schema,
)

if TYPE_CHECKING:
    from sqlite_utils import Database


@dataclass(frozen=True, slots=True)
class Room:
    """A group of tables.

    Attributes:
        table: A table that exists if and only if the group does.
        name: The name of its migration set.
        prepare: Creates its tables or migrates them to the newest schema.
    """

    table: str
    name: str
    migrations: Sequence[Callable[[Database], None]]
    prepare: Callable[[sqlite3.Connection], None]


ROOMS = (
    Room("memories", memory_schema.SET, memory_schema.MIGRATIONS, memory_schema.prepare),
    Room("cast_members", cast_schema.SET, cast_schema.MIGRATIONS, cast_schema.prepare),
    Room("ratings", judgement_schema.SET, judgement_schema.MIGRATIONS, judgement_schema.prepare),
    Room("duels", duel_schema.SET, duel_schema.MIGRATIONS, duel_schema.prepare),
    Room("scores", score_schema.SET, score_schema.MIGRATIONS, score_schema.prepare),
    Room("distilled", distil_schema.SET, distil_schema.MIGRATIONS, distil_schema.prepare),
)
