"""The optional table groups of a database, each with its own set of migrations.

A group's tables are created when the feature is first used. This list serves code that has to
handle all groups at once. The tables of chats, which all groups refer to, are in ``chat_tables``.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rpterm.store.schema import (
    cast_tables,
    distilled_tables,
    duel_tables,
    judgement_tables,
    memory_tables,
    score_tables,
)

if TYPE_CHECKING:
    from sqlite_utils import Database


@dataclass(frozen=True, slots=True)
class TableGroup:
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


TABLE_GROUPS = (
    TableGroup("memories", memory_tables.SET, memory_tables.MIGRATIONS, memory_tables.prepare),
    TableGroup("cast_members", cast_tables.SET, cast_tables.MIGRATIONS, cast_tables.prepare),
    TableGroup(
        "ratings", judgement_tables.SET, judgement_tables.MIGRATIONS, judgement_tables.prepare
    ),
    TableGroup("duels", duel_tables.SET, duel_tables.MIGRATIONS, duel_tables.prepare),
    TableGroup("scores", score_tables.SET, score_tables.MIGRATIONS, score_tables.prepare),
    TableGroup(
        "distilled", distilled_tables.SET, distilled_tables.MIGRATIONS, distilled_tables.prepare
    ),
)
