"""Records which keys occur in the last turns and in the text of entries that fired."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from rpterm.cards.lore.keys import KeySpec
from rpterm.cards.lore.rules import LoreRule
from rpterm.humanize import counted

Hits = Callable[[str], frozenset[int]]


class ScanWindow:
    """The keys found at one point of a chat.

    Attributes:
        turns_back: Key → how many turns back it last occurred; 1 is the last turn.
        entry_keys: Key in the text of a fired entry → that entry's name.
    """

    def __init__(
        self, turns: Sequence[tuple[str, str]], depth: int, hits: Hits, keys: Sequence[KeySpec]
    ) -> None:
        self._keys = keys
        self.turns_back: dict[int, int] = {}
        self.entry_keys: dict[int, str] = {}
        for distance in range(1, min(depth, len(turns)) + 1):
            for key in hits(turns[-distance][1]):
                self.turns_back.setdefault(key, distance)

    def add_entry_keys(self, keys: Iterable[int], name: str) -> set[int]:
        """Add the keys in the text of a fired entry and return those that are new."""
        fresh = {key for key in keys if key not in self.entry_keys}
        self.entry_keys.update(dict.fromkeys(fresh, name))
        return fresh

    def can_see(self, rule: LoreRule, key: int) -> bool:
        """Whether a rule can see a key: within its scan depth, or in the text of an entry."""
        entry = rule.entry
        if (
            not entry.delay_until_recursion
            and self.turns_back.get(key, rule.depth + 1) <= rule.depth
        ):
            return True
        return key in self.entry_keys and not entry.exclude_recursion

    def first(self, rule: LoreRule, keys: Iterable[int]) -> int | None:
        """The first of several keys that a rule can see."""
        return next((key for key in keys if self.can_see(rule, key)), None)

    def where_found(self, rule: LoreRule, key: int) -> str:
        """A key and where a rule sees it, in words for people."""
        distance = self.turns_back.get(key, rule.depth + 1)
        if rule.entry.delay_until_recursion or distance > rule.depth:
            where = f"in the text of {self.entry_keys.get(key, 'another entry')}"
        elif distance == 1:
            where = "in the last turn"
        else:
            where = f"{counted(distance - 1, 'turn')} before the last one"
        return f"“{self._keys[key].text}” {where}"
