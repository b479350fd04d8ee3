"""Prompts out of a tree of turns: the branch above a reply, trimmed at turns to a budget.

The system prompt is never trimmed. All replies to one turn share one prompt, because the budget is
that of the longest of them. Texts are cleaned once a turn, all of them at once, because their
tokens are counted together and ahead of time. What the user hid from the model stands in no prompt.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence

from rpterm.preference.records import Messages
from rpterm.types import Role, Turn

PER_MESSAGE = 8
"""Tokens reckoned for the scaffold around a message, where no template says otherwise."""

Count = Callable[[Sequence[str]], Callable[[], list[int]]]
"""Begins to count the tokens of texts; what it gives waits for the numbers."""

Clean = Callable[[Sequence[str]], list[str]]

GO_ON = "(Go on.)"
"""What the user 'says' where one reply follows another."""

TOO_LONG = "longer than the limit of tokens"
"""Why a judgement is left out whose reply has no prompt."""

_NO_PARENT = 0
_SEED_ROOM = 8
"""Tokens of the one line that may be put in the user's mouth, here or by a reader's shape."""

_STEP = 256


def roomy(tokens: int) -> int:
    """A limit to propose that so many tokens fit into: a round number."""
    return -(-tokens // _STEP) * _STEP


class History:
    """The prompts of one chat."""

    def __init__(
        self,
        turns: Sequence[Turn],
        system: str,
        *,
        max_tokens: int,
        count: Count,
        clean: Clean = list,
        per_message: int = PER_MESSAGE,
    ) -> None:
        """Begin to count, so that the numbers are there when they are needed.

        Args:
            max_tokens: Of prompt and longest reply together; 0 is no limit.
            count: Of the model's tokens.
            clean: What happens to all texts before they leave, such as the scrub.
            per_message: Tokens of the scaffold around each message.
        """
        self.turns = {turn.id: turn for turn in turns}
        self._max_tokens = max_tokens
        self._per_message = per_message
        self._clean = clean
        *texts, self.system = map(str.strip, clean([*(turn.text for turn in turns), system]))
        self._texts = dict(zip(self.turns, texts, strict=True))
        self._sizes: dict[int, int] = {}
        self._system_size = 0
        self._prompts: dict[int, Messages | None] = {}
        self._replies: dict[int, set[int]] = defaultdict(set)
        self.cut = 0
        """Prompts so far whose oldest turns had no room."""
        self.longest = 0
        """Of the prompts so far that had no room at all: tokens that the largest takes, with one
        turn before its reply."""
        self._asked = count([*texts, self.system]) if max_tokens else None

    def clean(self, text: str) -> str:
        """One more text, cleaned as those of the turns are."""
        return self._clean([text])[0]

    def expect(self, turn_id: int) -> None:
        """Say that a turn is judged, so that prompts leave room for it."""
        self._replies[self.turns[turn_id].parent_id or _NO_PARENT].add(turn_id)

    def text(self, turn_id: int) -> str:
        """The cleaned, stripped text of a turn."""
        return self._texts[turn_id]

    def prompt(self, turn_id: int) -> Messages | None:
        """What stands before a reply; ``None`` when not even one turn has room."""
        parent = self.turns[turn_id].parent_id or _NO_PARENT
        if parent not in self._prompts:
            self._prompts[parent] = self._built(parent)
        return self._prompts[parent]

    def _built(self, parent: int) -> Messages | None:
        room = self._room(parent)
        kept: list[tuple[Role, str]] = []
        turns, texts, sizes = self.turns, self._texts, self._sizes
        at: int | None = parent or None
        while at is not None:
            text, turn = texts[at], turns[at]
            if text and not turn.hidden:
                if room is not None:
                    room -= sizes[at] + self._per_message
                    if room < 0:
                        break
                kept.append((turn.role, text))
            at = turn.parent_id
        if room is not None and room < 0 and not kept:
            self.longest = max(self.longest, self._max_tokens - room)
            return None
        kept.reverse()
        if at is not None:
            # What is left of a longer chat begins with the user, as every template likes it.
            first = next((i for i, (role, _) in enumerate(kept) if role == "user"), 0)
            kept = kept[first:]
            self.cut += 1
        messages = merged(kept)
        if messages and messages[-1][0] == "assistant" and parent:
            messages = (*messages, ("user", GO_ON))
        head: Messages = (("system", self.system),) if self.system else ()
        return head + messages

    def _room(self, parent: int) -> int | None:
        if not self._max_tokens:
            return None
        if self._asked is not None:
            *sizes, self._system_size = self._asked()
            self._sizes = dict(zip(self.turns, sizes, strict=True))
            self._asked = None
        own = self._per_message
        longest = max((self._sizes[turn] + own for turn in self._replies[parent]), default=0)
        system = self._system_size + own if self.system else 0
        return self._max_tokens - longest - system - _SEED_ROOM - own


def merged(messages: Sequence[tuple[Role, str]]) -> Messages:
    """Neighbours of the same role as one message, joined by a blank line."""
    done: list[tuple[Role, str]] = []
    for role, text in messages:
        if done and done[-1][0] == role:
            done[-1] = (role, f"{done[-1][1]}\n\n{text}")
        else:
            done.append((role, text))
    return tuple(done)
