"""The tree of one chat: swipes, branches, edits, and the chat's own settings.

Nothing here needs a model. ``Session`` builds on it and overrides ``moved`` to let the engine's
cache follow the branch that is shown.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from rpterm.cards.card import CharacterCard
from rpterm.cards.macros import expand
from rpterm.store import Store
from rpterm.store.lifting import Following, following
from rpterm.types import AuthorNote, Chat, Origin, Persona, RptermError, Turn

if TYPE_CHECKING:
    from rpterm.preference.rating import Rater


class Tree:
    """The turns of one chat and which branch of them is shown."""

    card: CharacterCard

    def __init__(self, store: Store, chat_id: int) -> None:
        self.store = store
        self.chat_id = chat_id

    def moved(self) -> None:
        """Called after the branch shown, or what stands before it, has changed."""

    @cached_property
    def rater(self) -> Rater:
        """The user as a judge of this chat's replies."""
        from rpterm.preference.rating import Rater

        return Rater(self.store)

    @property
    def chat(self) -> Chat:
        """The chat as it stands in the store."""
        return self.store.chat(self.chat_id)

    def path(self, limit: int | None = None) -> list[Turn]:
        """The turns shown, oldest first; with ``limit`` only the last ones."""
        leaf = self.chat.leaf_id
        return self.store.path(leaf, limit) if leaf is not None else []

    def swipe(self, turn_id: int, step: int) -> Turn | None:
        """Show the next (+1) or previous (-1) sibling of any turn and what follows it.

        Returns:
            The sibling, or ``None`` at either end.
        """
        siblings = self.store.siblings(turn_id)
        at = next(i for i, turn in enumerate(siblings) if turn.id == turn_id) + step
        if not 0 <= at < len(siblings):
            return None
        self.select(siblings[at].id)
        return siblings[at]

    def select(self, turn_id: int) -> Turn:
        """Show the branch through this turn, as the user wants it; returns its leaf."""
        leaf = self.show(turn_id)
        self.rater.chosen(turn_id)
        return leaf

    def keep_best(self, turn_id: int) -> None:
        """Show the branch through the reply that the score kept out of several."""
        self.show(turn_id)
        self.rater.kept_by_score(turn_id)

    def show(self, turn_id: int) -> Turn:
        """Show the branch through this turn, which says nothing of what the user likes."""
        leaf = self.store.select(self.chat_id, turn_id)
        self.moved()
        return leaf

    def branch(self, turn_id: int) -> Turn:
        """Make this turn the end of what is shown; the next message starts a branch there."""
        self.store.set_leaf(self.chat_id, turn_id)
        self.moved()
        return self.store.turn(turn_id)

    def edit(self, turn_id: int, text: str) -> Turn:
        """Put an edited sibling beside a turn and show it; the original stays."""
        old = self.store.turn(turn_id)
        if not text.strip():
            raise RptermError("The edited text is empty; delete the turn instead.")
        if text.strip() == old.text:
            return old
        turn = self.store.add_turn(
            self.chat_id, old.parent_id, old.role, old.speaker, text.strip(),
            origin=Origin.EDITED, edited_from=old.id,
        )  # fmt: skip
        if old.hidden:
            turn = self.store.hide(turn.id)
        self.rater.kept_edit(old, turn)
        self.moved()
        return turn

    def hide(self, turn_id: int) -> Turn:
        """Hide a turn from the model, or let the model read it again; returns it as it is now."""
        turn = self.store.hide(turn_id, not self.store.turn(turn_id).hidden)
        self.moved()
        return turn

    def following(self, turn_id: int) -> Following:
        """What would go with a turn, or stay without it, if it were deleted."""
        return following(self.store, turn_id)

    def delete(self, turn_id: int, *, alone: bool = False) -> None:
        """Delete a turn and everything that follows it, or the turn ``alone``, for good."""
        self.store.delete_turn(turn_id, alone=alone)
        self.moved()

    def greetings(self) -> list[str]:
        """The card's greetings with names filled in. They are swipes of the first turn."""
        return greetings(self.card, self.chat.persona, self.chat_id)

    def rename(self, title: str) -> None:
        """Give the chat a title."""
        self.store.update_chat(self.chat_id, title=title)

    def set_note(self, note: AuthorNote) -> None:
        """Change the author's note from the next reply on."""
        self.store.update_chat(self.chat_id, note=note)
        self.moved()

    def set_persona(self, persona: Persona) -> None:
        """Change who the user is in this chat."""
        self.store.update_chat(self.chat_id, persona=persona)
        self.moved()


def greetings(card: CharacterCard, persona: Persona, seed: int) -> list[str]:
    """The greetings of a card as a chat with this persona shows them."""
    return [
        expand(text, char=card.char, user=persona.name, seed=seed, chat_seed=seed).strip()
        for text in card.greetings
    ]


def begin_chat(
    store: Store,
    card: CharacterCard,
    toml: str,
    persona: Persona,
    *,
    card_path: str | None = None,
    greeting: int = 0,
) -> Chat:
    """Create a chat whose first turn is the card's greeting, the other greetings as its swipes.

    Args:
        toml: The card's source, kept with the chat.
        greeting: Which one to show, from 0.
    """
    digest = store.put_card(card.name, toml)
    chat = store.create_chat(
        card_name=card.name, card_hash=digest, card_path=card_path, persona=persona
    )
    for number, text in enumerate(greetings(card, persona, chat.id)):
        store.add_turn(
            chat.id, None, "assistant", card.char, text,
            origin=Origin.GREETING, select=number == min(greeting, len(card.greetings) - 1),
        )  # fmt: skip
    return store.chat(chat.id)
