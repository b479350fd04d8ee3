"""All optional table groups, for code that has to handle all of them at once.

The tables of chats, which all groups refer to, are in ``chat_tables``.
"""

from __future__ import annotations

from rpterm.store.schema.cast_tables import CAST
from rpterm.store.schema.distilled_tables import DISTILLED
from rpterm.store.schema.duel_tables import DUELS
from rpterm.store.schema.judgement_tables import JUDGEMENTS
from rpterm.store.schema.memory_tables import MEMORY
from rpterm.store.schema.score_tables import SCORES

TABLE_GROUPS = (MEMORY, CAST, JUDGEMENTS, DUELS, SCORES, DISTILLED)
