"""Expands macros in the texts of a chat: names, random draws, the time, and what was said last.

A text of the static block must not change from turn to turn, or the whole prompt would be evaluated
again each time. So draws in it hold for the whole chat, and time stands still at the first message
of the day. A text for a single turn (the author's note, post-history instructions, lore that keys
trigger) and the user's own message get the time and draws of that turn.

All values follow from the stored branch, not from a clock: a swipe made a week later reads the time
at which the message that it answers was sent.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from functools import cached_property

from rpterm.cards.card import CharacterCard
from rpterm.cards.macros import MacroScope, expand_with
from rpterm.types import Chat, Turn

_CHAT_ID_SHIFT = 32
"""Row ids of turns stay below this many bits, so that no two chats share a seed."""


class ChatMacros:
    """Expands the macros of one prompt.

    Args:
        history: The branch up to the turn that is answered, without hidden turns; empty if only
            the chat itself is known, which then gives the time of its beginning.
        now: The time in Unix seconds of a message that does not exist yet and will follow the
            history; ``None`` takes that of the last turn.
    """

    def __init__(
        self,
        card: CharacterCard,
        chat: Chat,
        history: Sequence[Turn] = (),
        now: float | None = None,
    ) -> None:
        self._card, self._chat, self._history = card, chat, history
        times = [chat.created_at, *(turn.created_at for turn in history)]
        if now is not None:
            times.append(now)
        self._times = times

    def expand_static(self, text: str) -> str:
        """Expand a text of the static block, or a greeting."""
        return expand_with(text, self._static_scope)

    def expand_for_turn(self, text: str) -> str:
        """Expand a text that belongs to this turn only."""
        return expand_with(text, self._turn_scope)

    @cached_property
    def _static_scope(self) -> MacroScope:
        first = _first_of_last_day(self._times)
        return self._scope(self._chat.id, first, {})

    @cached_property
    def _turn_scope(self) -> MacroScope:
        answered = self._history[-1].parent_id if self._history else None
        seed = (self._chat.id << _CHAT_ID_SHIFT) + (answered or 0)
        return self._scope(seed, len(self._times) - 1, _last_messages(self._history))

    def _scope(self, seed: int, at: int, said: dict[str, str]) -> MacroScope:
        """The scope at the time with index ``at``."""
        moment, before = self._times[at], self._times[max(at - 1, 0)]
        return MacroScope(
            self._card.char,
            self._chat.persona.name,
            seed=seed,
            chat_seed=self._chat.id,
            now=datetime.fromtimestamp(moment),
            idle=max(moment - before, 0.0),
            values=self._card_values | said,
        )

    @cached_property
    def _card_values(self) -> dict[str, str]:
        """The parts of card and persona that a card can insert into another part."""
        card, persona = self._card, self._chat.persona
        names = MacroScope(card.char, persona.name, self._chat.id, self._chat.id)
        parts = {
            "description": card.description,
            "personality": "\n".join(card.attributes),
            "scenario": card.scenario,
            "persona": persona.description,
        }
        return {name: expand_with(text.strip(), names) for name, text in parts.items()}


def _first_of_last_day(times: Sequence[float]) -> int:
    """Index of the first of the times at the end that are all on the same local date."""
    day = _local_date(times[-1])
    at = len(times) - 1
    while at > 0 and _local_date(times[at - 1]) == day:
        at -= 1
    return at


def _local_date(time: float) -> date:
    return date.fromtimestamp(time)


def _last_messages(history: Sequence[Turn]) -> dict[str, str]:
    def last(*roles: str) -> str:
        return next((turn.text for turn in reversed(history) if turn.role in roles), "")

    return {
        "lastmessage": last("user", "assistant"),
        "lastusermessage": last("user"),
        "lastcharmessage": last("assistant"),
    }
