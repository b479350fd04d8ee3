"""Chats with several characters, as training data sees them: the life of the chat's own character.

What others said was heard by it, headed by their names, as in its prompts. Their own replies came
of other cards and make no records. Knows no format.
"""

from __future__ import annotations

from rpterm.group import heard, owner, view
from rpterm.store import Store
from rpterm.store.cast import Casts
from rpterm.types import Turn


def as_lived(store: Store, chat_id: int) -> tuple[list[Turn], frozenset[int]]:
    """All turns of a chat, and the ids of those that another character said."""
    turns, cast = store.tree(chat_id), Casts(store).get(chat_id)
    if cast is None or len(cast.members) < 2:
        return turns, frozenset()
    lead = cast.members[0]
    others = frozenset(turn.id for turn in turns if owner(cast, turn) not in (None, lead))
    return [heard(turn) for turn in view(cast, lead, turns)], others
