"""The characters of one chat at work: each with its own card, prompts and memory.

A chat with one character is a scene with one seat. What a seat's prompts are made of is its own
card, lore and memory, what everybody heard, and the names and taglines of the others; nothing else
of another card comes near them. Changes of the cast are stored at once, and what another terminal
changed is taken in before.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from rpterm import group
from rpterm.cards.card import CharacterCard
from rpterm.chat.cast.company import Casting, card_of, find_for, name_now
from rpterm.chat.cast.naming import heard_apart, known_apart, renamed
from rpterm.chat.cast.news import told
from rpterm.chat.cast.seats import Seat, Seats
from rpterm.chat.prompting import Prompter
from rpterm.engine.protocol import EngineInfo
from rpterm.group import GroupError
from rpterm.store import Store
from rpterm.store.cast import Casts
from rpterm.types import Cast, Member, Taking, Turn

if TYPE_CHECKING:
    from rpterm.memory.facade import Memory


class Scene(Seats):
    """Who takes part in a chat, and what changes that."""

    def __init__(
        self,
        store: Store,
        chat_id: int,
        lead: Seat,
        make: Callable[[CharacterCard, Memory | None], Prompter],
        casting: Casting | None = None,
    ) -> None:
        """Args:
        lead: The chat's own character.
        make: Makes the prompts of another one.

        Raises:
            GroupError: The own card was given the name of another one who takes part.
        """
        super().__init__(lead)
        self._store, self._chat_id, self._make = store, chat_id, make
        self._casting = casting
        self._casts = Casts(store)
        self._info: EngineInfo | None = None
        self._remembering = False
        self._following = threading.Lock()
        self._news: list[str] | None = None
        self.cast = self._stored = self._opened()
        self._dress()

    @property
    def folders(self) -> tuple[Path, ...]:
        """Of cards: worlds that cards name are looked for in theirs."""
        return self._casting.folders if self._casting is not None else ()

    @property
    def worlds(self) -> tuple[str, ...]:
        """Those that this chat has for itself: everybody knows them."""
        return self._store.chat(self._chat_id).worlds

    # All seats ---------------------------------------------------------------------------------
    def ready(self, info: EngineInfo) -> bool:
        """Take the model's template; whether that was still to be done."""
        self._info = info
        fresh = [seat.prompter.ready(info) for seat in self._seats.values()]
        return any(fresh)

    def start(self) -> None:
        """Let the memories load in the background."""
        self._remembering = True
        for seat in self._seats.values():
            if seat.memory is not None:
                seat.memory.start()

    def remember(self, turn: Turn) -> None:
        """Everybody who is there remembers what was said."""
        for memory in self.memories():
            memory.remember(turn.id)

    def close(self) -> None:
        """End the memories."""
        for seat in self._seats.values():
            if seat.memory is not None:
                seat.memory.close()

    # Changes -----------------------------------------------------------------------------------
    def follow(self) -> None:
        """Take in what another terminal did to the cast; ``news`` tells it.

        Raises:
            GroupError: As when the scene is made.
        """
        with self._following:
            stored = self._casts.get(self._chat_id)
            if stored == self._stored:
                return
            before, self._stored = self._company(), stored
            self.cast = self._seated(stored) if stored is not None else None
            self._dress()
            self._news = [*(self._news or ()), *told(before, self._company())]

    def news(self) -> list[str] | None:
        """What ``follow`` took in since the last call, in words; ``None`` where that is nothing."""
        news, self._news = self._news, None
        return news

    def recast(self, seat: Seat, card: CharacterCard, digest: str = "") -> None:
        """Go on with a changed card; under a new name a character keeps its memories.

        Args:
            digest: The version, of any but the chat's own character.

        Raises:
            GroupError: Another one in this chat has one of its new names.
        """
        self.follow()
        member, before = self._member(seat), seat.card.name
        others = [m for m in self._company().members if m != member]
        if card.name != before:
            known_apart(card.name, others)
        if card.char != seat.card.char:
            heard_apart(card.char, others)
        if card.name != before and seat.memory is not None:
            lead = seat is self.lead
            path = self._store.chat(self._chat_id).card_path if lead else member.card_path
            seat.memory.rename(card.name, path)
        seat.card = card
        self._seats = {card.name if k == before else k: v for k, v in self._seats.items()}
        if self.cast is not None:
            now = replace(member, card_name=card.name, speaker=card.char, card_hash=digest)
            self._change(member, now)
        self._dress()

    def refile(self, name: str, path: str) -> None:
        """Go on with another file of a member's card."""
        member = group.by_name(self._company(), name)
        self._change(member, replace(member, card_path=path))

    def add(self, target: str, *, narrator: bool | None = None, known: bool = False) -> Member:
        """Let a character join, or come back.

        Args:
            narrator: Whether it tells the scene; ``None`` leaves that to its card.
            known: Whether it is all right when it is there already.

        Raises:
            GroupError: It is here already, or shares its name with somebody who is.
            RptermError: There is no such card, or it cannot be read.
        """
        if self._casting is None:
            raise GroupError("Nobody can join here: this chat knows no other cards.")
        self.follow()
        card, text, path = find_for(self._casting, target, self.worlds)
        before = self._before(card)
        here = before is not None and before.present
        if here and not known:
            raise GroupError(f"{card.name} is here already.")
        if not here:
            heard_apart(card.char, self.present)
        digest = self._store.put_card(card.name, text)
        if before is not None:
            before = self._followed(before, card, digest)
            if before.present:
                return before
        member = Member(
            card.name, card.char, digest, path,
            group.is_narrator(card) if narrator is None else narrator,
        )  # fmt: skip
        self._sit(member, card)
        if before is not None:
            self._change(before, member)
        else:
            cast = self._company()
            self._put(replace(cast, members=(*cast.members, member)))
        return member

    def remove(self, name: str) -> Member:
        """Let a member leave; its turns stay.

        Raises:
            GroupError: It is the chat's own character, or nobody.
        """
        self.follow()
        member = group.by_name(self._company(), name)
        if member.card_name == self.lead.card.name:
            raise GroupError(f"This is {member.speaker}'s chat: mute {member.speaker} instead.")
        self._change(member, replace(member, present=False))
        return member

    def mute(self, name: str, muted: bool) -> Member:
        """Let a member only listen, or speak again."""
        self.follow()
        member = group.by_name(self._company(), name)
        self._change(member, replace(member, muted=muted))
        return member

    def take(self, taking: Taking) -> None:
        """Change how turns are taken."""
        self.follow()
        self._put(replace(self._company(), taking=taking))

    def hold(self, name: str) -> Member:
        """Give the word, where turns are given by hand."""
        self.follow()
        member = group.by_name(self._company(), name)
        self._put(replace(self._company(), held=member.card_name))
        return member

    # -------------------------------------------------------------------------------------------
    def _before(self, card: CharacterCard) -> Member | None:
        """Who plays by this card already, also under the name it had before."""
        members = self._company().members
        named = (m for m in members if m.card_name == card.name)
        return next(named, None) or next((m for m in members if name_now(m) == card.name), None)

    def _followed(self, member: Member, card: CharacterCard, digest: str) -> Member:
        """A member under the name that its card has by now."""
        if member.card_name == card.name:
            return member
        # Who had left has a memory again, which follows the name.
        self._sit(replace(member, present=True), self._of(member).card)
        seat = self._of(member)
        self.recast(seat, card, digest)
        return self._member(seat)

    def _change(self, old: Member, new: Member) -> None:
        cast = self._company()
        self._put(replace(cast, members=tuple(new if m == old else m for m in cast.members)))

    def _put(self, cast: Cast) -> None:
        self._casts.put(self._chat_id, cast, renamed(self._company(), cast))
        self.cast = self._stored = cast
        self._dress()

    def _sit(self, member: Member, card: CharacterCard) -> None:
        """Give a member its seat: prompts and, unless it only tells, a memory of its own."""
        remembers = self._casting is not None and member.present and not member.narrator
        seat = self._seats.get(member.card_name)
        if seat is not None and (seat.memory is not None or not remembers):
            seat.card = card
            return
        memory = self._casting.memory(card) if remembers and self._casting else None
        seat = Seat(card, self._make(card, memory), memory)
        if self._info is not None:
            seat.prompter.ready(self._info)
        if memory is not None and self._remembering:
            memory.start()
        # Another one: other threads may be going through the seats.
        self._seats = {**self._seats, member.card_name: seat}

    def _dress(self) -> None:
        """Tell every seat's prompts who else is there."""
        for seat in self._seats.values():
            text = ""
            if self.group:
                me = self._member(seat)
                others = [(m, self.tagline(m)) for m in self.present if m != me]
                text = group.company(me, others, "{{user}}")
            seat.prompter.company = text

    def _opened(self) -> Cast | None:
        """The cast as it was left, with every card as its file is now, or else as it was kept."""
        cast = self._casts.get(self._chat_id)
        if cast is None:
            return None
        now = self._seated(cast)
        if now != cast:
            self._casts.put(self._chat_id, now, renamed(cast, now))
        return now

    def _seated(self, cast: Cast) -> Cast:
        """A cast as it is with the cards of here and now; everybody in it has a seat."""
        known_apart(self.lead.card.name, cast.members[1:])
        lead = replace(cast.members[0], card_name=self.lead.card.name, speaker=self.lead.card.char)
        members = [lead]
        for member in cast.members[1:]:
            card, digest = card_of(member, self._store, self.folders, self.worlds)
            self._sit(member, card)
            members.append(replace(member, speaker=card.char, card_hash=digest))
        return replace(cast, members=tuple(members))
