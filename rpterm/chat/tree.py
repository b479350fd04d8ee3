"""The tree of turns of one chat: swipes, branches, edits, and the chat's own settings.

Nothing here needs a model. ``Session`` extends it and overrides ``settle_cache`` to keep the
engine's cache in step with the shown branch.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import zip_longest
from typing import TYPE_CHECKING

from rpterm.cards.card import CharacterCard
from rpterm.cards.macros import may_have_macros
from rpterm.chat import slash
from rpterm.chat.request import SessionError
from rpterm.errors import RptermError
from rpterm.prompt.chat_view import ChatView
from rpterm.store import Store
from rpterm.store.greetings import reword_greeting
from rpterm.store.turn_removal import FollowingTurns
from rpterm.types import AuthorNote, Chat, Origin, Persona, Turn

if TYPE_CHECKING:
    from rpterm.preference.rating import Rater


class Tree:
    """The turns of one chat and which branch of them is shown."""

    card: CharacterCard

    def __init__(self, store: Store, chat_id: int) -> None:
        self.store = store
        self.chat_id = chat_id

    def settle_cache(self) -> None:
        """Called after the shown branch, or anything the prompt has before it, has changed."""

    @cached_property
    def rater(self) -> Rater:
        """Stores the user's judgements of this chat's replies."""
        from rpterm.preference.rating import Rater

        return Rater(self.store)

    @property
    def chat(self) -> Chat:
        """The chat's present record in the store."""
        return self.store.chat(self.chat_id)

    def path(self, limit: int | None = None) -> list[Turn]:
        """The turns of the shown branch, oldest first; with ``limit``, only the last ones."""
        leaf = self.chat.leaf_id
        return self.store.path(leaf, limit) if leaf is not None else []

    def message(self, text: str, path: Sequence[Turn]) -> Turn:
        """What the user would say after these turns, with its macros expanded; it is not stored."""
        chat, now = self.chat, self.store.now()
        view = ChatView(self.card, chat, path, now)
        said = view.expand_for_turn(text)
        parent_id = path[-1].id if path else None
        return Turn(
            0, chat.id, parent_id, "user", chat.persona.name, said, created_at=now,
            variables=view.changed_variables,
        )  # fmt: skip

    def add_message(self, text: str, parent_id: int | None) -> Turn:
        """Store a message of the user, which also shows that the reply before it was preferred.

        Raises:
            SessionError: The message is empty.
        """
        if not text.strip():
            raise SessionError("There is nothing to send: the message is empty.")
        before: list[Turn] = []
        if parent_id is not None and may_have_macros(text):
            before = self.store.path(parent_id)
        message = self.message(text.strip(), before)
        if not message.text.strip():
            raise SessionError(
                "There is nothing to send: the message has only macros without text."
            )
        turn = self.store.add_turn(
            self.chat_id, parent_id, "user", message.speaker, message.text, origin=Origin.TYPED,
            variables=message.variables,
        )  # fmt: skip
        if parent_id is not None:
            self.rater.record_kept_swipes(self.store.turn(parent_id))
        return turn

    def swipe(self, turn_id: int, step: int) -> Turn | None:
        """Show the next (+1) or previous (-1) sibling of a turn, and what follows it.

        Returns:
            The sibling, or ``None`` if there is none in that direction.
        """
        siblings = self.store.siblings(turn_id)
        index = next(i for i, turn in enumerate(siblings) if turn.id == turn_id) + step
        if not 0 <= index < len(siblings):
            return None
        self.select(siblings[index].id)
        return siblings[index]

    def select(self, turn_id: int) -> None:
        """Show the branch through a turn and record it as the user's choice."""
        self.show(turn_id)
        self.rater.record_choice(turn_id)

    def keep_best(self, turn_id: int) -> None:
        """Show the branch through the candidate with the best score, and record that."""
        self.show(turn_id)
        self.rater.judgements.kept_by_score(turn_id)

    def show(self, turn_id: int) -> None:
        """Show the branch through a turn without recording a preference."""
        self.store.select(self.chat_id, turn_id)
        self.settle_cache()

    def branch(self, turn_id: int) -> None:
        """End the shown branch at this turn; the next message starts a new branch there."""
        self.store.set_leaf(self.chat_id, turn_id)
        self.settle_cache()

    def take_back(self) -> Turn:
        """Set the user's last message and what follows it aside; returns the message.

        Raises:
            RptermError: The user has not written anything, or the chat begins with it.
        """
        path = self.path()
        own = [at for at, turn in enumerate(path) if turn.role == "user"]
        if not own:
            raise RptermError("You have not written anything yet.")
        if own[-1] == 0:
            raise RptermError("The chat begins with your message; delete it instead.")
        self.branch(path[own[-1] - 1].id)
        return path[own[-1]]

    def edit(self, turn_id: int, text: str) -> Turn:
        """Add an edited version of a turn as its sibling and show it; the original stays."""
        original = self.store.turn(turn_id)
        if not text.strip():
            raise RptermError("The edited text is empty; delete the turn instead.")
        if text.strip() == original.text:
            return original
        edited = self.store.add_turn(
            self.chat_id, original.parent_id, original.role, original.speaker, text.strip(),
            origin=Origin.EDITED, edited_from=original.id, variables=original.variables,
        )  # fmt: skip
        if original.hidden:
            edited = self.store.hide(edited.id)
        self.rater.kept_edit(original, edited)
        self.settle_cache()
        return edited

    def hide(self, turn_id: int) -> Turn:
        """Hide a turn from the model, or unhide it; returns the changed turn."""
        turn = self.store.hide(turn_id, not self.store.turn(turn_id).hidden)
        self.settle_cache()
        return turn

    def following(self, turn_id: int) -> FollowingTurns:
        """What follows a turn, and would be deleted with it or stay without it."""
        return self.store.following_turns(turn_id)

    def delete(self, turn_id: int, *, alone: bool = False) -> None:
        """Delete a turn for good, with everything that follows it or ``alone``."""
        self.store.delete_turn(turn_id, alone=alone)
        self.settle_cache()

    def rename(self, title: str) -> None:
        """Give the chat a title."""
        self.store.update_chat(self.chat_id, title=title)

    def set_note(self, note: AuthorNote) -> None:
        """Set the author's note, from the next reply on."""
        self.store.update_chat(self.chat_id, note=note)
        self.settle_cache()

    def set_persona(self, persona: Persona) -> None:
        """Set who the user is in this chat."""
        self.store.update_chat(self.chat_id, persona=persona)
        self.renew_greetings()
        self.settle_cache()

    def renew_greetings(self) -> None:
        """Write the greetings anew for a changed persona or card, unless anything followed them."""
        if not self.only_greeted:
            return
        card, chat, old = self.card, self.chat, self.store.tree(self.chat_id)
        if len(old) > len(card.greetings):  # The chat began with several characters.
            card = replace(card, greetings=card.group_greetings + card.greetings)
        for turn, text in zip_longest(old, list(_greetings(card, chat))):
            if turn is None:
                _add_greeting(self.store, card, chat, *text, shown=self.chat.leaf_id is None)
            elif text is None:
                self.store.delete_turn(turn.id)
            elif turn.text != text[0]:
                reword_greeting(self.store, turn.id, text[0])

    @property
    def only_greeted(self) -> bool:
        """Whether the chat has nothing but the card's greetings yet."""
        return self.chat.length <= 1 and all(
            turn.origin is Origin.GREETING for turn in self.store.tree(self.chat_id)
        )

    def write_persona(self, line: str) -> Persona:
        """Set who the user is, as ``/persona`` has it; a description is stored for other chats.

        Raises:
            RptermError: The line has no name.
        """
        persona = slash.parse_persona(line, self.store.personas())
        if persona.description:
            self.store.put_persona(persona)
        self.set_persona(persona)
        return persona


def begin_chat(
    store: Store,
    card: CharacterCard,
    toml: str,
    persona: Persona,
    *,
    card_path: str | None = None,
    greeting: int = 0,
) -> Chat:
    """Create a chat that begins with the card's greeting; the other greetings are its swipes.

    Args:
        toml: The card's source text, stored with the chat.
        greeting: The index of the greeting to show, from 0.
    """
    digest = store.put_card(card.name, toml)
    chat = store.create_chat(
        card_name=card.name, card_hash=digest, card_path=card_path, persona=persona
    )
    for number, (text, changed_variables) in enumerate(_greetings(card, chat)):
        shown = number == min(greeting, len(card.greetings) - 1)
        _add_greeting(store, card, chat, text, changed_variables, shown=shown)
    return store.chat(chat.id)


def _add_greeting(
    store: Store, card: CharacterCard, chat: Chat, text: str, variables: str, *, shown: bool
) -> None:
    store.add_turn(
        chat.id, None, "assistant", card.char, text, origin=Origin.GREETING, select=shown,
        variables=variables,
    )  # fmt: skip


def _greetings(card: CharacterCard, chat: Chat) -> Iterator[tuple[str, str]]:
    """The text of each greeting, and the variables it sets."""
    for number in range(len(card.greetings)):
        view = ChatView(card, chat)
        yield view.greeting(number), view.changed_variables
