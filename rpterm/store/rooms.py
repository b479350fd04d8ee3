"""The rooms of a database: each has tables of its own and a list of migrations for them.

Every room brings its tables up by itself when it is first used; what concerns all of them at once
is here. The tables of chats, which every other room stands on, are those of ``schema``.
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
    """One room.

    Attributes:
        table: A table that is there when the room is.
        name: Of its set of migrations.
        prepare: Makes its tables, or brings them to the newest schema.
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
