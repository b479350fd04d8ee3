"""Who is there and whose turn it is, by the cast and the branch shown. Changes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rpterm import group
from rpterm.cards.card import CharacterCard
from rpterm.cards.macros import expand
from rpterm.chat.cast.choosing import choose
from rpterm.chat.prompting import Prompter
from rpterm.group import GroupError
from rpterm.prompt.window import read_turns
from rpterm.types import Cast, Member, Taking, Turn

if TYPE_CHECKING:
    from rpterm.engine.protocol import Engine
    from rpterm.memory.facade import Memory


@dataclass(slots=True)
class Seat:
    """One character of the chat."""

    card: CharacterCard
    prompter: Prompter
    memory: Memory | None = None


class Seats:
    """The characters of one chat, each in its seat.

    Attributes:
        lead: The chat's own character.
        cast: Who takes part; ``None`` where nobody ever joined.
    """

    cast: Cast | None = None

    def __init__(self, lead: Seat) -> None:
        self.lead = lead
        self._seats: dict[str, Seat] = {lead.card.name: lead}

    # Who is there ------------------------------------------------------------------------------
    @property
    def group(self) -> bool:
        """Whether there is more than one character."""
        return self.cast is not None and sum(member.present for member in self.cast.members) > 1

    @property
    def present(self) -> list[Member]:
        """Those who are there, the chat's own character first."""
        if self.cast is None:
            return [Member(self.lead.card.name, self.lead.card.char)]
        return [member for member in self.cast.members if member.present]

    def seats(self) -> Iterator[Seat]:
        """Every seat that was taken in this session."""
        yield from self._seats.values()

    def seat(self, name: str) -> Seat:
        """The seat of a name; see ``group.by_name``."""
        return self._of(group.by_name(self._company(), name))

    def seat_of(self, turn: Turn) -> Seat:
        """Who said a reply."""
        member = group.owner(self.cast, turn) if self.cast is not None else None
        return self._of(member) if member is not None else self.lead

    def tagline(self, member: Member) -> str:
        """One line about a member."""
        seat = self._of(member)
        return expand(seat.card.tagline, char=seat.card.char, user="{{user}}")

    # Who speaks --------------------------------------------------------------------------------
    def expected(self, path: Sequence[Turn]) -> Seat:
        """Who most likely speaks next: the one whose prompt to keep ready."""
        if self.cast is None or not self.group:
            return self.lead
        try:
            return self._of(group.expected(self.cast, read_turns(path)))
        except GroupError:
            return self.lead

    def listening(self, speaker: Seat) -> list[Seat]:
        """All others who may speak, in the order of the cast after this one."""
        if self.cast is None:
            return []
        members = self.cast.members
        place = members.index(self._member(speaker)) + 1
        free = group.able(self.cast)
        return [self._of(m) for m in (*members[place:], *members[: place - 1]) if m in free]

    def by_likelihood(self, path: Sequence[Turn]) -> list[Seat]:
        """All who may speak next, the likeliest last."""
        likeliest = self.expected(path)
        return [*self.listening(likeliest), likeliest]

    def next(self, path: Sequence[Turn], engine: Engine | None = None) -> Seat:
        """Whose turn it is after this branch; what is hidden from the model calls nobody.

        Args:
            engine: Asked where the cast says that a model chooses; ``None`` asks nobody.

        Raises:
            GroupError: Everybody is muted.
        """
        cast = self.cast
        if cast is None or not self.group:
            return self.lead
        path = read_turns(path)
        member = group.next_speaker(cast, path)
        if cast.taking is not Taking.MODEL or engine is None:
            return self._of(member)
        free = group.able(cast)
        silent = [each for each in free if not path or each != group.owner(cast, path[-1])] or free
        name = choose(engine, [(each.speaker, self.tagline(each)) for each in silent], path)
        return self._of(next((each for each in silent if each.speaker == name), member))

    def view(self, seat: Seat, path: Sequence[Turn]) -> list[Turn]:
        """The branch as this one lives it."""
        if self.cast is None:
            return list(path)
        return group.view(self.cast, self._member(seat), path)

    def plays(self, seat: Seat) -> bool:
        """Whether it is a character, which a reply can be true to, and no narrator."""
        member = self._member(seat) if self.cast is not None else None
        return not (member.narrator if member is not None else group.is_narrator(seat.card))

    def others(self, seat: Seat) -> tuple[str, ...]:
        """Names that would head somebody else's line."""
        if self.cast is None:
            return ()
        me = self._member(seat)
        return tuple(
            name
            for member in self.cast.members if member != me
            for name in dict.fromkeys((member.speaker, member.card_name))
        )  # fmt: skip

    def heads(self, seat: Seat, user: str) -> tuple[str, ...]:
        """Names that a model may put before its line; among several it takes anybody's."""
        own = (seat.card.char, seat.card.name)
        return (*own, *self.others(seat), user) if self.group else own

    def memories(self) -> list[Memory]:
        """The memories of those who are there, the chat's own character's first."""
        here = [self._seats.get(member.card_name) for member in self.present]
        return [seat.memory for seat in here if seat is not None and seat.memory is not None]

    # -------------------------------------------------------------------------------------------
    def _company(self) -> Cast:
        """The cast, or the one of a chat that has only its own character so far."""
        return self.cast or Cast((Member(self.lead.card.name, self.lead.card.char),))

    def _of(self, member: Member) -> Seat:
        return self._seats.get(member.card_name, self.lead)

    def _member(self, seat: Seat) -> Member:
        members = self._company().members
        return next((m for m in members if m.card_name == seat.card.name), members[0])
