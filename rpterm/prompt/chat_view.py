"""A chat as one character reads it, and what macros mean there: names, draws, the time, last words.

A text of the static block must not change from turn to turn, or the whole prompt would be evaluated
again each time. So draws in it hold for the whole chat, and time stands still at the first message
of the day. A text for a single turn (the author's note, post-history instructions, lore that keys
trigger) and the user's own message get the time and draws of that turn.

All values follow from the stored branch, not from a clock: a swipe made a week later reads the time
at which the message that it answers was sent. So do the variables: those after a turn are stored
with it, and what is expanded here changes a copy, which belongs to the turn that is written next.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from functools import cached_property

from rpterm.cards import variables
from rpterm.cards.card import CharacterCard
from rpterm.cards.macros import MacroScope, expand_with
from rpterm.prompt.static_block import card_segments
from rpterm.prompt.window import visible_turns
from rpterm.types import Chat, Turn

_CHAT_ID_SHIFT = 32
"""Row ids of turns stay below this many bits, so that no two chats share a seed."""


class ChatView:
    """One character's card, the chat, and the branch at one moment.

    Attributes:
        history: The turns that the model reads, oldest first.
        hidden: Those that the user hid from it.
    """

    def __init__(
        self, card: CharacterCard, chat: Chat, path: Sequence[Turn] = (), now: float | None = None
    ) -> None:
        """Args:
        path: The branch up to the turn that is answered, in a group as this character reads it;
            empty if only the chat itself is known, which then gives the time of its beginning.
        now: The time in Unix seconds of a message that does not exist yet and will follow the
            path; ``None`` takes that of the last turn.
        """
        self.card, self.chat = card, chat
        self.history = visible_turns(path)
        self.hidden = [turn for turn in path if turn.hidden]
        self._times = [chat.created_at, *(turn.created_at for turn in self.history)]
        if now is not None:
            self._times.append(now)
        self.variables = variables.after(path)
        """The chat's variables, as the texts that were expanded so far have left them."""
        self._variables_before = dict(self.variables)
        self._carried_out: dict[str, str] = {}

    @property
    def user_text(self) -> str:
        """What the user said last."""
        return next((turn.text for turn in reversed(self.history) if turn.role == "user"), "")

    @property
    def answers_user(self) -> bool:
        """Whether the last turn is the user's."""
        return bool(self.history) and self.history[-1].role == "user"

    def expand_static(self, text: str) -> str:
        """Expand a text of the static block, or a greeting."""
        return self._expand(text, self._static_scope)

    def expand_for_turn(self, text: str) -> str:
        """Expand a text that belongs to this turn only."""
        return self._expand(text, self._turn_scope)

    def expand_without_effect(self, text: str) -> str:
        """Like ``expand_for_turn``, for a text that may not be used: no variable changes."""
        unchanged = replace(self._turn_scope, variables=dict(self.variables))
        return expand_with(text, unchanged)

    def greeting(self, index: int) -> str:
        """One of the card's greetings, to begin a chat."""
        self.set_card_variables()
        return self.expand_static(self.card.greetings[index]).strip()

    def set_card_variables(self, own_system: str = "") -> None:
        """Set the variables that the card's own texts set, in reading order.

        To be called before lore and notes are expanded, although these are found first.
        """

        def expand_setter(text: str) -> str:
            return self.expand_static(text) if variables.sets_variables(text) else ""

        card_segments(self.card, self.chat.persona, own_system, (), expand_setter)

    @property
    def changed_variables(self) -> str:
        """The variables for the next turn, or "" if they are still those of the turn before."""
        changed = self.variables != self._variables_before
        return variables.write(self.variables) if changed else ""

    def _expand(self, text: str, scope: MacroScope) -> str:
        """Expand a text; one that changes variables does so once, however often it is expanded."""
        if not variables.sets_variables(text):
            return expand_with(text, scope)
        if text not in self._carried_out:
            self._carried_out[text] = expand_with(text, scope)
        return self._carried_out[text]

    @cached_property
    def _static_scope(self) -> MacroScope:
        first = _first_of_last_day(self._times)
        return self._scope(self.chat.id, first, {})

    @cached_property
    def _turn_scope(self) -> MacroScope:
        answered = self.history[-1].parent_id if self.history else None
        seed = (self.chat.id << _CHAT_ID_SHIFT) + (answered or 0)
        return self._scope(seed, len(self._times) - 1, _last_messages(self.history))

    def _scope(self, seed: int, at: int, said: dict[str, str]) -> MacroScope:
        """The scope at the time with index ``at``."""
        moment, before = self._times[at], self._times[max(at - 1, 0)]
        return MacroScope(
            self.card.char,
            self.chat.persona.name,
            seed=seed,
            chat_seed=self.chat.id,
            now=datetime.fromtimestamp(moment),
            idle=max(moment - before, 0.0),
            values=self._card_values | said,
            variables=self.variables,
        )

    @cached_property
    def _card_values(self) -> dict[str, str]:
        """The parts of card and persona that a card can insert into another part."""
        card, persona = self.card, self.chat.persona
        names = MacroScope(
            card.char, persona.name, self.chat.id, self.chat.id, variables=dict(self.variables)
        )
        parts = {
            "description": card.description,
            "personality": "\n".join(card.attributes),
            "scenario": card.scenario,
            "persona": persona.description,
        }
        return {name: expand_with(text.strip(), names) for name, text in parts.items()}


def _first_of_last_day(times: Sequence[float]) -> int:
    """Index of the first of the times at the end that are all on the same local date."""
    day = date.fromtimestamp(times[-1])
    at = len(times) - 1
    while at > 0 and date.fromtimestamp(times[at - 1]) == day:
        at -= 1
    return at


def _last_messages(history: Sequence[Turn]) -> dict[str, str]:
    def last(*roles: str) -> str:
        return next((turn.text for turn in reversed(history) if turn.role in roles), "")

    return {
        "lastmessage": last("user", "assistant"),
        "lastusermessage": last("user"),
        "lastcharmessage": last("assistant"),
    }
