"""Shows a group chat from the perspective of the chat's own character, for training data.

Replies of other characters become messages that it hears, headed by their names, as in its
prompts. Those replies were generated from other cards, so they make no records of their own.
"""

from __future__ import annotations

from rpterm.prompt.perspective import as_heard, speaker_of, view_for
from rpterm.store import Store
from rpterm.store.cast import Casts
from rpterm.types import Turn


def turns_as_heard(store: Store, chat_id: int) -> tuple[list[Turn], frozenset[int]]:
    """All turns as the chat's own character hears them, and the ids of other characters' turns."""
    turns, cast = store.tree(chat_id), Casts(store).get(chat_id)
    if cast is None or len(cast.members) < 2:
        return turns, frozenset()
    lead = cast.members[0]
    others = frozenset(turn.id for turn in turns if speaker_of(cast, turn) not in (None, lead))
    return [as_heard(turn) for turn in view_for(cast, lead, turns)], others
