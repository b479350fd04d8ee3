"""The actors of a chat: who is present and whose turn it is. Read-only; ``Scene`` changes the cast.

An actor is a character at work in one chat: a card with its prompter and its memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rpterm.cards.card import CharacterCard
from rpterm.cards.macros import expand
from rpterm.chat.cast import turn_taking
from rpterm.chat.cast.choice_by_model import choose_speaker
from rpterm.chat.cast.turn_taking import GroupError
from rpterm.chat.prompting import Prompter
from rpterm.prompt.perspective import speaker_of
from rpterm.prompt.window import visible_turns
from rpterm.types import Cast, Member, Turn, TurnTaking

if TYPE_CHECKING:
    from rpterm.engine.protocol import Engine
    from rpterm.memory.character_memory import CharacterMemory


@dataclass(slots=True)
class Actor:
    """A character in a chat: its card, the prompter of its prompts, and its memory."""

    card: CharacterCard
    prompter: Prompter
    memory: CharacterMemory | None = None


class Actors:
    """The actors of one chat, by card name.

    Attributes:
        lead: The chat's own character.
        cast: The members; ``None`` if nobody ever joined the chat's own character.
    """

    cast: Cast | None = None

    def __init__(self, lead: Actor) -> None:
        self.lead = lead
        self._actors: dict[str, Actor] = {lead.card.name: lead}

    # Who is present ----------------------------------------------------------------------------
    @property
    def group(self) -> bool:
        """Whether more than one character is present."""
        return self.cast is not None and sum(member.present for member in self.cast.members) > 1

    @property
    def present(self) -> list[Member]:
        """The members who are present, the chat's own character first."""
        if self.cast is None:
            return [Member(self.lead.card.name, self.lead.card.char)]
        return [member for member in self.cast.members if member.present]

    def actors(self) -> Iterator[Actor]:
        """All actors of this session, including those of members who left."""
        yield from self._actors.values()

    def actor(self, name: str) -> Actor:
        """The actor of this name; see ``turn_taking.member_named``."""
        return self._of(turn_taking.member_named(self._full_cast(), name))

    def actor_of(self, turn: Turn) -> Actor:
        """The actor who said a reply."""
        member = speaker_of(self.cast, turn) if self.cast is not None else None
        return self._of(member) if member is not None else self.lead

    def tagline(self, member: Member) -> str:
        """The tagline of a member's card, with ``{{user}}`` left in place."""
        actor = self._of(member)
        return expand(actor.card.tagline, char=actor.card.char, user="{{user}}")

    # Who speaks --------------------------------------------------------------------------------
    def expected_speaker(self, path: Sequence[Turn]) -> Actor:
        """The most likely next speaker: the actor whose prompt is kept ready."""
        if self.cast is None or not self.group:
            return self.lead
        try:
            return self._of(turn_taking.expected_speaker(self.cast, visible_turns(path)))
        except GroupError:
            return self.lead

    def other_speakers(self, speaker: Actor) -> list[Actor]:
        """All other actors who may speak, in the order of the cast, starting after this one."""
        if self.cast is None:
            return []
        members = self.cast.members
        place = members.index(self._member(speaker)) + 1
        free = turn_taking.eligible(self.cast)
        return [self._of(m) for m in (*members[place:], *members[: place - 1]) if m in free]

    def by_likelihood(self, path: Sequence[Turn]) -> list[Actor]:
        """All actors who may speak next, the most likely last."""
        most_likely = self.expected_speaker(path)
        return [*self.other_speakers(most_likely), most_likely]

    def next_speaker(self, path: Sequence[Turn], engine: Engine | None = None) -> Actor:
        """The actor whose turn it is after this branch; hidden turns are ignored.

        Args:
            engine: Chooses if the cast leaves the choice to the model; ``None`` uses the fallback.

        Raises:
            GroupError: Everybody is muted.
        """
        cast = self.cast
        if cast is None or not self.group:
            return self.lead
        path = visible_turns(path)
        member = turn_taking.next_speaker(cast, path)
        if cast.taking is not TurnTaking.MODEL or engine is None:
            return self._of(member)
        able = turn_taking.eligible(cast)
        last_speaker = speaker_of(cast, path[-1]) if path else None
        candidates = [each for each in able if each != last_speaker] or able
        name = choose_speaker(
            engine, [(each.speaker, self.tagline(each)) for each in candidates], path
        )
        return self._of(next((each for each in candidates if each.speaker == name), member))

    def plays_character(self, actor: Actor) -> bool:
        """Whether the actor plays a character, so that replies can be scored; not a narrator."""
        member = self._member(actor) if self.cast is not None else None
        return not (member.narrator if member is not None else actor.card.is_narrator)

    def other_names(self, actor: Actor) -> tuple[str, ...]:
        """The names that would head a line of another member."""
        if self.cast is None:
            return ()
        me = self._member(actor)
        return tuple(
            name
            for member in self.cast.members if member != me
            for name in dict.fromkeys((member.speaker, member.card_name))
        )  # fmt: skip

    def name_prefixes(self, actor: Actor, user: str) -> tuple[str, ...]:
        """The names that a model may put before its line; in a group it may use anybody's."""
        own = (actor.card.char, actor.card.name)
        return (*own, *self.other_names(actor), user) if self.group else own

    def memories(self) -> list[CharacterMemory]:
        """The memories of the members who are present, the chat's own character's first."""
        present = [self._actors.get(member.card_name) for member in self.present]
        return [actor.memory for actor in present if actor is not None and actor.memory is not None]

    # Helpers -----------------------------------------------------------------------------------
    def _full_cast(self) -> Cast:
        """The cast; if nobody ever joined, a cast of the chat's own character alone."""
        return self.cast or Cast((Member(self.lead.card.name, self.lead.card.char),))

    def _of(self, member: Member) -> Actor:
        return self._actors.get(member.card_name, self.lead)

    def _member(self, actor: Actor) -> Member:
        members = self._full_cast().members
        return next((m for m in members if m.card_name == actor.card.name), members[0])
