"""Builds the prompts of a chat's replies: the branch above a reply, trimmed to a token budget.

The system prompt is never trimmed. All replies to a turn share the same prompt, whose budget leaves
room for the longest of them. Texts are cleaned once, all together, because their tokens are counted
in one batch and ahead of time. Turns that the user hid from the model are in no prompt.

What the model read for one turn only is in no prompt either: recalled memories, triggered lore,
retrieved examples, the author's note. Memories quote other chats, which the user may not have
released, and replies of one pair may have been made with different ones. So a reply that uses a
memory looks invented to a trainer; ``--format raw --no-scrub`` has the exact prompt of each reply.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence

from rpterm.preference.records import Messages
from rpterm.preference.trainer_model import TrainerModel
from rpterm.types import Role, Turn

Clean = Callable[[Sequence[str]], list[str]]

GO_ON = "(Go on.)"
"""The user message to insert where one reply follows another."""

TOO_LONG = "longer than the limit of tokens"
"""The reason for dropping a judgement whose reply has no prompt within the limit."""

_ROOT = 0
_INSERTED_LINE_TOKENS = 8
"""Tokens reserved for the one user line that may be inserted, ``GO_ON`` or a seed turn."""

_ROUNDING = 256


def rounded_up(tokens: int) -> int:
    """A round limit, to suggest to the user, that this many tokens fit into."""
    return -(-tokens // _ROUNDING) * _ROUNDING


class PromptBuilder:
    """The prompts of one chat."""

    def __init__(
        self,
        turns: Sequence[Turn],
        system: str,
        model: TrainerModel,
        *,
        max_tokens: int,
        clean: Clean = list,
    ) -> None:
        """Start counting tokens, so that the numbers are ready when they are needed.

        Args:
            max_tokens: Maximum for prompt and longest reply together; 0 means no limit.
            clean: Applied to all texts before they are exported, such as the scrubber.
        """
        self.turns = {turn.id: turn for turn in turns}
        self._max_tokens = max_tokens
        self._per_message = model.per_message
        self._clean = clean
        *texts, self.system = map(str.strip, clean([*(turn.text for turn in turns), system]))
        self._texts = dict(zip(self.turns, texts, strict=True))
        self._sizes: dict[int, int] = {}
        self._system_size = 0
        self._prompts: dict[int, Messages | None] = {}
        self._replies: dict[int, set[int]] = defaultdict(set)
        self.cut = 0
        """Number of prompts built so far whose oldest turns were cut."""
        self.bare = 0
        """Number of those that have only one turn left."""
        self.longest = 0
        """Token count of the largest prompt so far that exceeded the limit even with only one turn
        before its reply."""
        self._pending_counts = model.count([*texts, self.system]) if max_tokens else None

    def clean(self, text: str) -> str:
        """Clean a further text in the same way as the turns."""
        return self._clean([text])[0]

    def reserve_for(self, turn_id: int) -> None:
        """Announce that a turn is judged, so that its prompt leaves room for it."""
        self._replies[self.turns[turn_id].parent_id or _ROOT].add(turn_id)

    def text(self, turn_id: int) -> str:
        """The cleaned, stripped text of a turn."""
        return self._texts[turn_id]

    def prompt(self, turn_id: int) -> Messages | None:
        """The prompt of a reply; ``None`` if not even one turn fits."""
        parent = self.turns[turn_id].parent_id or _ROOT
        if parent not in self._prompts:
            self._prompts[parent] = self._build_prompt(parent)
        return self._prompts[parent]

    def _build_prompt(self, parent: int) -> Messages | None:
        budget = self._token_budget(parent)
        kept: list[tuple[Role, str]] = []
        turns, texts, sizes = self.turns, self._texts, self._sizes
        at: int | None = parent or None
        while at is not None:
            text, turn = texts[at], turns[at]
            if text and not turn.hidden:
                if budget is not None:
                    budget -= sizes[at] + self._per_message
                    if budget < 0:
                        break
                kept.append((turn.role, text))
            at = turn.parent_id
        if budget is not None and budget < 0 and not kept:
            self.longest = max(self.longest, self._max_tokens - budget)
            return None
        kept.reverse()
        if at is not None:
            # A trimmed chat starts with the user, which every template accepts.
            first = next((i for i, (role, _) in enumerate(kept) if role == "user"), 0)
            kept = kept[first:]
            self.cut += 1
            self.bare += len(kept) == 1
        messages = merge_adjacent(kept)
        if messages and messages[-1][0] == "assistant" and parent:
            messages = (*messages, ("user", GO_ON))
        head: Messages = (("system", self.system),) if self.system else ()
        return head + messages

    def _token_budget(self, parent: int) -> int | None:
        if not self._max_tokens:
            return None
        if self._pending_counts is not None:
            *sizes, self._system_size = self._pending_counts()
            self._sizes = dict(zip(self.turns, sizes, strict=True))
            self._pending_counts = None
        overhead = self._per_message
        longest = max((self._sizes[turn] + overhead for turn in self._replies[parent]), default=0)
        system = self._system_size + overhead if self.system else 0
        return self._max_tokens - longest - system - _INSERTED_LINE_TOKENS - overhead


def merge_adjacent(messages: Sequence[tuple[Role, str]]) -> Messages:
    """Merge adjacent messages of the same role, separated by a blank line."""
    combined: list[tuple[Role, str]] = []
    for role, text in messages:
        if combined and combined[-1][0] == role:
            combined[-1] = (role, f"{combined[-1][1]}\n\n{text}")
        else:
            combined.append((role, text))
    return tuple(combined)
