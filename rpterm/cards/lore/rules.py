"""Prepares a book for matching: applies the entries' decorators and numbers their keys."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import PurePath

from rpterm.cards.card import Lorebook, LoreEntry
from rpterm.cards.lore.decorators import Decorated, decorate
from rpterm.cards.lore.keys import KeyIndex, KeySpec
from rpterm.cards.lore.records import Code

FOREVER = 1 << 60


@dataclass(frozen=True, slots=True)
class LoreRule:
    """One entry, prepared for matching.

    Attributes:
        primary, secondary, additional, excluded: Key numbers.
        identity: Determines its random draws, besides the seed; does not change when entries are
            moved in the file.
        never_reason: Code and reason if it can never fire whatever is said.
    """

    index: int
    name: str
    decorated: Decorated
    primary: tuple[int, ...]
    secondary: tuple[int, ...]
    additional: tuple[int, ...]
    excluded: tuple[int, ...]
    depth: int
    sticky: int
    cooldown: int
    groups: tuple[str, ...]
    identity: bytes
    never_reason: tuple[Code, str] | None = None

    @property
    def entry(self) -> LoreEntry:
        return self.decorated.entry

    @property
    def timed(self) -> bool:
        """Whether firing has an effect on later turns."""
        return bool(self.sticky or self.cooldown)

    @property
    def span(self) -> int:
        """For how many turns firing has an effect."""
        return self.sticky + self.cooldown

    @property
    def unconditional(self) -> bool:
        """Whether it fires without any key."""
        return self.entry.constant or self.decorated.forced is True

    @property
    def static(self) -> bool:
        """Whether it fires on every turn of a chat or on none, always in the same place."""
        entry, decorated = self.entry, self.decorated
        varies = (
            entry.probability < 100, entry.delay, entry.cooldown, self.groups, decorated.after,
            decorated.every, decorated.once, decorated.yielding, entry.delay_until_recursion,
            self.additional, self.excluded, entry.position in ("depth", "note_top", "note_bottom"),
        )  # fmt: skip
        return self.unconditional and not any(varies)


class LoreRules:
    """The rules of a book and the index of their keys."""

    def __init__(self, book: Lorebook, expand: Callable[[str], str]) -> None:
        self._numbers: dict[KeySpec, int] = {}
        self._expand = expand
        self.all = tuple(self._rule(book, at, entry) for at, entry in enumerate(book.entries))
        self.keys = tuple(self._numbers)
        self.index = KeyIndex(self.keys)
        self.always = tuple(rule.index for rule in self.all if rule.unconditional)
        self.owners = self._owners()
        self.depth = max((rule.depth for rule in self.all if not rule.never_reason), default=0)
        self.timed = any(rule.timed for rule in self.all if not rule.never_reason)

    def _owners(self) -> dict[int, list[int]]:
        """Key number → the rules that the key can fire."""
        owners: dict[int, list[int]] = {}
        for rule in self.all:
            if not rule.never_reason:
                for number in (*rule.primary, *rule.secondary, *rule.additional):
                    owners.setdefault(number, []).append(rule.index)
        return owners

    def _rule(self, book: Lorebook, at: int, raw: LoreEntry) -> LoreRule:
        decorated = decorate(raw)
        entry = decorated.entry
        identity = "\0".join((*entry.keys, entry.name, raw.content)).encode("utf-8", "replace")
        return LoreRule(
            index=at,
            name=entry_label(entry, at),
            decorated=decorated,
            primary=self._number(entry, entry.keys),
            secondary=self._number(entry, entry.secondary_keys),
            additional=self._number(entry, decorated.additional),
            excluded=self._number(entry, decorated.excluded),
            depth=book.scan_depth if entry.scan_depth is None else entry.scan_depth,
            sticky=FOREVER if decorated.forever else entry.sticky,
            cooldown=FOREVER if decorated.once else entry.cooldown,
            groups=tuple(part.strip() for part in entry.group.split(",") if part.strip()),
            identity=blake2b(identity, digest_size=8).digest(),
            never_reason=_never_reason(decorated, book.recursive),
        )

    def _number(self, entry: LoreEntry, keys: Sequence[str]) -> tuple[int, ...]:
        numbers = []
        for key in keys:
            text = self._expand(key) if "{{" in key else key
            if text.strip():
                spec = KeySpec(text, entry.case_sensitive, entry.whole_words)
                numbers.append(self._numbers.setdefault(spec, len(self._numbers)))
        return tuple(numbers)


def entry_label(entry: LoreEntry, at: int) -> str:
    """The name of an entry in lists, with the world it comes from."""
    name = entry.name or entry.comment or next((key for key in entry.keys if key.strip()), "")
    name = " ".join(name.split())[:60] or f"#{at + 1}"
    return f"{name} ({world_name(entry.world)})" if entry.world else name


def world_name(world: str) -> str:
    """The name of a world's file, without folder and extension."""
    return PurePath(world).name.removesuffix(".toml") or world


def _never_reason(decorated: Decorated, recursive: bool) -> tuple[Code, str] | None:
    entry = decorated.entry
    if not entry.enabled:
        return "disabled", "it is switched off"
    if not entry.content.strip():
        return "empty", "its text is empty"
    if decorated.forced is False:
        return "switched_off", "its text begins with @@dont_activate"
    if decorated.forced or entry.constant:
        return None
    if not any(key.strip() for key in entry.keys):
        return "no_keys", "it has no keys and is not constant"
    if entry.delay_until_recursion and not recursive:
        return "recursion", "only other entries can fire it, and the book is not recursive"
    if entry.probability == 0:
        return "probability", "its probability is 0 %"
    return None
