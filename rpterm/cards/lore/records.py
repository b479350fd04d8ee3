"""Input and output of the lorebook engine."""

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
"""Why an entry fired (the first four) or did not."""


def _same(text: str) -> str:
    return text


def rough_count(text: str) -> int:
    """An estimate of a text's tokens without a tokenizer: one per four characters."""
    return -(-len(text) // 4)


@dataclass(frozen=True, slots=True)
class LoreContext:
    """The state of the chat that the engine decides on.

    Attributes:
        turns: ``(role, text)`` of the current branch, oldest first, up to and including the turn
            that the reply answers.
        characters: The names of the characters, for the entries' filters.
        greeting: Index of the greeting the chat began with; -1 for none; ``None`` if unknown, in
            which case filters by greeting are ignored.
        tokens: The model's context window, of which a book without its own budget gets a quarter;
            0 for no limit.
        seed: Constant within a chat: the same seed and turns always fire the same entries.
        count: Counts the tokens of a text.
        expand: Expands macros in the texts that are counted and returned.
        expand_static: The same for entries of the static block; see ``LoreHit.static``.
    """

    turns: Sequence[tuple[str, str]]
    characters: tuple[str, ...] = ()
    greeting: int | None = None
    tokens: int = 0
    seed: int = 0
    count: Callable[[str], int] = rough_count
    expand: Callable[[str], str] = _same
    expand_static: Callable[[str], str] = _same


@dataclass(frozen=True, slots=True)
class LoreHit:
    """An entry that fired.

    Attributes:
        index: Its index in the book.
        text: The text for the model, without decorators and with macros expanded.
        position, depth, role: Where it is inserted, with decorators applied.
        static: Whether it fires on every turn of this chat whatever is said, and so can be part
            of the static block.
        why: A short reason.
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
        """The name of its span in the prompt ledger."""
        return f"lore:{self.name}"


@dataclass(frozen=True, slots=True)
class LoreVerdict:
    """Why one entry fired or did not."""

    index: int
    name: str
    fired: bool
    code: Code
    why: str
    text: str = ""
    tokens: int = 0


class LoreResult:
    """The entries that fired, in prompt order, and a verdict for every entry on demand.

    Attributes:
        hits: Sorted by ``order``; those for the static block are ``static``.
        tokens: The total of all hits.
        budget: The available tokens; 0 for no limit.
        verdict: Why the entry at an index of the book fired or did not.
    """

    def __init__(
        self,
        hits: tuple[LoreHit, ...],
        budget: int,
        size: int,
        verdict: Callable[[int], LoreVerdict],
        near: tuple[int, ...],
    ) -> None:
        self.hits = hits
        self.tokens = sum(hit.tokens for hit in hits)
        self.budget = budget
        self._size = size
        self._near = near
        self.verdict = verdict

    def verdicts(self) -> Iterator[LoreVerdict]:
        """A verdict for every entry of the book."""
        return (self.verdict(index) for index in range(self._size))

    def missed(self) -> list[LoreVerdict]:
        """Entries that did not fire although a key was found or they need none."""
        return [self.verdict(index) for index in self._near]
