"""The scene of a chat: changes and stores the cast, and keeps an actor for each character.

A chat with one character is a scene with one actor. An actor's prompts contain its own card, lore
and memory, what everybody heard, and the names and taglines of the others; nothing else from
another card gets into them. Changes of the cast are stored at once, after changes by another
terminal have been read.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from rpterm.cards.card import CharacterCard
from rpterm.chat.cast.actors import Actor, Actors
from rpterm.chat.cast.card_lookup import (
    CardSource,
    card_of_member,
    current_card_name,
    find_with_worlds,
)
from rpterm.chat.cast.renaming import (
    require_unique_card_name,
    require_unique_speaker,
    speaker_renames,
)
from rpterm.chat.cast.turn_taking import GroupError, member_named
from rpterm.engine.protocol import EngineInfo
from rpterm.prompt.chat_view import ChatView
from rpterm.prompt.perspective import company_text, view_for
from rpterm.prompt.template import OPEN_USER
from rpterm.store import Store
from rpterm.store.cast import Casts
from rpterm.types import Cast, Member, Prompt, Turn, TurnTaking

_MEMORY_WAIT_S = 1.0
_TURN_ORDERS = {
    TurnTaking.MENTIONED: "turns go by name",
    TurnTaking.ROUND: "turns go round",
    TurnTaking.MODEL: "the model chooses who speaks",
    TurnTaking.HAND: "turns are given by hand",
}


class Scene(Actors):
    """The characters that take part in a chat, and the operations that change the cast."""

    def __init__(
        self,
        store: Store,
        chat_id: int,
        lead: Actor,
        casting: CardSource | None = None,
    ) -> None:
        """Args:
        lead: The chat's own character.

        Raises:
            GroupError: The chat's own card now has the name of another member.
        """
        super().__init__(lead)
        self._store, self._chat_id, self._casting = store, chat_id, casting
        self._casts = Casts(store)
        self._info: EngineInfo | None = None
        self._memories_started = False
        self._sync_lock = threading.Lock()
        self._news: list[str] | None = None
        self.cast = self._stored = self._load_cast()
        self._describe_company()

    @property
    def folders(self) -> tuple[Path, ...]:
        """The card folders; the worlds that cards name are looked up in them."""
        return self._casting.folders if self._casting is not None else ()

    @property
    def worlds(self) -> tuple[str, ...]:
        """The worlds that belong to the chat: every character knows them."""
        return self._store.chat(self._chat_id).worlds

    # All actors --------------------------------------------------------------------------------
    def ready(self, info: EngineInfo) -> bool:
        """Set up the model's chat template; returns whether that had not been done yet."""
        self._info = info
        was_new = [actor.prompter.ready(info) for actor in self._actors.values()]
        return any(was_new)

    def start(self) -> None:
        """Start loading the memories in the background."""
        self._memories_started = True
        for actor in self._actors.values():
            if actor.memory is not None:
                actor.memory.start()

    def wait_for_memories(self) -> None:
        """Wait until the memories are loaded and have taken in the last turns, but not for long."""
        for memory in self.memories():
            memory.settled(_MEMORY_WAIT_S)

    def remember(self, turn: Turn) -> None:
        """Let every character who is present remember a turn."""
        for memory in self.memories():
            memory.remember(turn.id)

    def close(self) -> None:
        """Close the memories."""
        for actor in self._actors.values():
            if actor.memory is not None:
                actor.memory.close()

    # Prompts -----------------------------------------------------------------------------------
    def view(self, actor: Actor, path: Sequence[Turn], now: float | None = None) -> ChatView:
        """The chat as this actor reads it; see ``ChatView`` for ``now``."""
        if self.cast is not None:
            path = view_for(self.cast, self._member(actor), path)
        return ChatView(actor.card, self._store.chat(self._chat_id), path, now)

    def build_prompt(self, actor: Actor, path: Sequence[Turn]) -> Prompt:
        """The complete prompt of an actor's reply to this branch; see ``Prompter.build_full``."""
        return actor.prompter.build_full(self.view(actor, path))

    def reusable_prefix(self, actor: Actor, path: Sequence[Turn]) -> tuple[int, ...]:
        """The tokens that an actor's next prompt is already known to begin with."""
        view = self.view(actor, path, self._store.now())  # The next message is expected soon.
        return actor.prompter.build_reusable(view, OPEN_USER).ids

    # Changes -----------------------------------------------------------------------------------
    def sync_cast(self) -> None:
        """Read changes of the cast by another terminal; ``take_news`` describes them.

        Raises:
            GroupError: As when the scene is created.
        """
        with self._sync_lock:
            stored = self._casts.get(self._chat_id)
            if stored == self._stored:
                return
            before, self._stored = self._full_cast(), stored
            self.cast = self._with_current_cards(stored) if stored is not None else None
            self._describe_company()
            self._news = [*(self._news or ()), *cast_changes(before, self._full_cast())]

    def take_news(self) -> list[str] | None:
        """Descriptions of what ``sync_cast`` read since the last call.

        ``None`` means that nothing changed; the list is empty if the change needs no mention.
        """
        news, self._news = self._news, None
        return news

    def set_card(self, actor: Actor, card: CharacterCard, digest: str = "") -> None:
        """Give an actor a changed card; a renamed character keeps its memories.

        Args:
            digest: The hash of the card, unless it is the chat's own character.

        Raises:
            GroupError: Another member has one of the new names.
        """
        self.sync_cast()
        member, before = self._member(actor), actor.card.name
        others = [m for m in self._full_cast().members if m != member]
        if card.name != before:
            require_unique_card_name(card.name, others)
        if card.char != actor.card.char:
            require_unique_speaker(card.char, others)
        if card.name != before and actor.memory is not None:
            lead = actor is self.lead
            path = self._store.chat(self._chat_id).card_path if lead else member.card_path
            actor.memory.rename(card.name, path)
        actor.card = card
        self._actors = {card.name if k == before else k: v for k, v in self._actors.items()}
        if self.cast is not None:
            now = replace(member, card_name=card.name, speaker=card.char, card_hash=digest)
            self._change(member, now)
        self._describe_company()

    def set_card_path(self, name: str, path: str) -> None:
        """Set the card file of a member."""
        member = member_named(self._full_cast(), name)
        self._change(member, replace(member, card_path=path))

    def add(self, target: str, *, narrator: bool | None = None, known: bool = False) -> Member:
        """Let a character join, or come back.

        Args:
            target: The name or path of a card.
            narrator: Whether it narrates; ``None`` leaves that to its card.
            known: Whether to accept a character that is present already.

        Raises:
            GroupError: It is present already, or somebody who is present has its name.
            RptermError: There is no such card, or it cannot be read.
        """
        if self._casting is None:
            raise GroupError("Nobody can join here: this chat has no access to other cards.")
        self.sync_cast()
        card, text, path = find_with_worlds(self._casting, target, self.worlds)
        former = self._find_member(card)
        is_present = former is not None and former.present
        if is_present and not known:
            raise GroupError(f"{card.name} is already in this chat.")
        if not is_present:
            require_unique_speaker(card.char, self.present)
        digest = self._store.put_card(card.name, text)
        if former is not None:
            former = self._rename_to_card(former, card, digest)
            if former.present:
                return former
        member = Member(
            card.name, card.char, digest, path,
            card.is_narrator if narrator is None else narrator,
        )  # fmt: skip
        self._ensure_actor(member, card)
        if former is not None:
            self._change(former, member)
        else:
            cast = self._full_cast()
            self._put(replace(cast, members=(*cast.members, member)))
        return member

    def remove(self, name: str) -> None:
        """Let a member leave; its turns stay.

        Raises:
            GroupError: It is the chat's own character, or nobody has this name.
        """
        self.sync_cast()
        member = member_named(self._full_cast(), name)
        if member.card_name == self.lead.card.name:
            raise GroupError(
                f"This is {member.speaker}'s own chat, so {member.speaker} cannot leave: mute "
                f"{member.speaker} instead."
            )
        self._change(member, replace(member, present=False))

    def mute(self, name: str, muted: bool) -> None:
        """Mute a member, so that it only listens, or unmute it."""
        self.sync_cast()
        member = member_named(self._full_cast(), name)
        self._change(member, replace(member, muted=muted))

    def set_taking(self, taking: TurnTaking) -> None:
        """Change how turns are taken."""
        self.sync_cast()
        self._put(replace(self._full_cast(), taking=taking))

    def set_speaker(self, name: str) -> None:
        """Make a member the speaker, if turns are given by hand."""
        self.sync_cast()
        member = member_named(self._full_cast(), name)
        self._put(replace(self._full_cast(), held=member.card_name))

    # Helpers -----------------------------------------------------------------------------------
    def _find_member(self, card: CharacterCard) -> Member | None:
        """The member that has this card, even if it is stored under the card's former name."""
        members = self._full_cast().members
        by_name = next((m for m in members if m.card_name == card.name), None)
        return by_name or next((m for m in members if current_card_name(m) == card.name), None)

    def _rename_to_card(self, member: Member, card: CharacterCard, digest: str) -> Member:
        """Store a member under the name that its card has now; returns the renamed member."""
        if member.card_name == card.name:
            return member
        # A member that had left needs an actor with a memory, so that the memory is renamed, too.
        self._ensure_actor(replace(member, present=True), self._of(member).card)
        actor = self._of(member)
        self.set_card(actor, card, digest)
        return self._member(actor)

    def _change(self, old: Member, new: Member) -> None:
        cast = self._full_cast()
        self._put(replace(cast, members=tuple(new if m == old else m for m in cast.members)))

    def _put(self, cast: Cast) -> None:
        self._casts.put(self._chat_id, cast, speaker_renames(self._full_cast(), cast))
        self.cast = self._stored = cast
        self._describe_company()

    def _ensure_actor(self, member: Member, card: CharacterCard) -> None:
        """Give a member an actor: a prompter and, unless it narrates, a memory of its own."""
        remembers = self._casting is not None and member.present and not member.narrator
        actor = self._actors.get(member.card_name)
        if actor is not None and (actor.memory is not None or not remembers):
            actor.card = card
            return
        memory = self._casting.memory(card) if remembers and self._casting else None
        actor = Actor(card, self.lead.prompter.for_another(memory), memory)
        if self._info is not None:
            actor.prompter.ready(self._info)
        if memory is not None and self._memories_started:
            memory.start()
        # A new dictionary: other threads may be iterating over the old one.
        self._actors = {**self._actors, member.card_name: actor}

    def _describe_company(self) -> None:
        """Tell every actor's prompter who else is present."""
        for actor in self._actors.values():
            text = ""
            if self.group:
                me = self._member(actor)
                others = [(m, self.tagline(m)) for m in self.present if m != me]
                text = company_text(me, others, "{{user}}")
            actor.prompter.company = text

    def _load_cast(self) -> Cast | None:
        """The stored cast, brought up to date with the card files."""
        cast = self._casts.get(self._chat_id)
        if cast is None:
            return None
        now = self._with_current_cards(cast)
        if now != cast:
            self._casts.put(self._chat_id, now, speaker_renames(cast, now))
        return now

    def _with_current_cards(self, cast: Cast) -> Cast:
        """The cast with the names and hashes that its cards have now; creates missing actors."""
        require_unique_card_name(self.lead.card.name, cast.members[1:])
        lead = replace(cast.members[0], card_name=self.lead.card.name, speaker=self.lead.card.char)
        members = [lead]
        for member in cast.members[1:]:
            card, digest = card_of_member(member, self._store, self.folders, self.worlds)
            self._ensure_actor(member, card)
            members.append(replace(member, speaker=card.char, card_hash=digest))
        return replace(cast, members=tuple(members))


def cast_changes(before: Cast, now: Cast) -> list[str]:
    """Describe who joined, left, was muted or unmuted, and a new way of taking turns.

    Args:
        now: The same members in the same order, followed by new ones.
    """
    changes: list[str] = []
    for place, member in enumerate(now.members):
        old = before.members[place] if place < len(before.members) else None
        if old is None or old.present != member.present:
            if old is not None or member.present:
                changes.append(f"{member.speaker} {'joined' if member.present else 'left'}")
        elif member.present and old.muted != member.muted:
            does = "only listens" if member.muted else "may speak again"
            changes.append(f"{member.speaker} {does}")
    return changes + ([_TURN_ORDERS[now.taking]] if now.taking is not before.taking else [])
