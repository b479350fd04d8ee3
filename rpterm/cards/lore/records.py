"""What goes into the lorebook engine and what comes out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from rpterm.cards.card import Position

Code = Literal[
    "key", "constant", "sticky", "activated",
    "disabled", "empty", "no_keys", "key_missed", "secondary", "excluded", "probability",
    "cooldown", "delay", "group", "budget", "recursion", "greeting", "character", "switched_off",
]  # fmt: skip
"""Why an entry fired (the first four) or not."""


def _same(text: str) -> str:
    return text


def rough_count(text: str) -> int:
    """Tokens of a text when no tokenizer is at hand: four characters each."""
    return -(-len(text) // 4)


@dataclass(frozen=True, slots=True)
class LoreContext:
    """What the engine looks at.

    Attributes:
        turns: ``(role, text)`` of the branch that is shown, oldest first, up to and with what
            the reply answers.
        characters: The names of the character, for the filters of entries.
        greeting: Index of the greeting the chat began with; -1 when with none; ``None`` when
            nobody knows, and then filters by greeting are not looked at.
        tokens: The window of the model: a book without a budget of its own gets a quarter of it;
            0 is no limit.
        seed: One number a chat: with the same seed and turns the same entries fire.
        count: Tokens of a text.
        expand: Fills macros in; used for what is counted and given back.
    """

    turns: Sequence[tuple[str, str]]
    characters: tuple[str, ...] = ()
    greeting: int | None = None
    tokens: int = 0
    seed: int = 0
    count: Callable[[str], int] = rough_count
    expand: Callable[[str], str] = _same


@dataclass(frozen=True, slots=True)
class LoreHit:
    """An entry that fired.

    Attributes:
        index: Its place in the book.
        text: What the model reads: no decorators, macros filled in.
        position, depth, role: Where it goes; decorators are already applied.
        static: It fires on every turn of this chat whatever is said: it can stand in the static
            block.
        why: One short reason.
    """

    index: int
    name: str
    text: str
    position: Position
    depth: int
    role: Literal["system", "user", "assistant"]
    order: int
    tokens: int
    static: bool
    why: str

    @property
    def source(self) -> str:
        """The name of its span in the ledger."""
        return f"lore:{self.name}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Why one entry fired or did not."""

    index: int
    name: str
    fired: bool
    code: Code
    why: str
    text: str = ""
    tokens: int = 0


class LoreResult:
    """What fired, in the order of the prompt, and a verdict for every entry on demand.

    Attributes:
        hits: Sorted by ``order``; constants that stay in the static block are ``static``.
        tokens: Of all hits.
        budget: Tokens there were; 0 is no limit.
    """

    def __init__(
        self,
        hits: tuple[LoreHit, ...],
        budget: int,
        size: int,
        verdict: Callable[[int], Verdict],
        near: tuple[int, ...],
    ) -> None:
        self.hits = hits
        self.tokens = sum(hit.tokens for hit in hits)
        self.budget = budget
        self._size = size
        self._near = near
        self._verdict = verdict

    def verdict(self, index: int) -> Verdict:
        """Why the entry at this place of the book fired or not."""
        return self._verdict(index)

    def verdicts(self) -> Iterator[Verdict]:
        """A verdict for every entry of the book."""
        return (self._verdict(index) for index in range(self._size))

    def missed(self) -> list[Verdict]:
        """Entries that came near (a key was there, or they need none) and yet did not fire."""
        return [self._verdict(index) for index in self._near]
