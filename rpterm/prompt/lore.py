"""What a card's lorebook adds to a prompt: the engine's hits as inserts, the rest with its reason.

Keeps the prepared book between turns. It knows no store and no model; tokens are counted by the
function handed in.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rpterm.cards.card import CharacterCard, Lorebook
from rpterm.cards.lorebook import LoreContext, LoreHit, LoreResult, Matcher
from rpterm.prompt.compose import Extras, expander
from rpterm.prompt.static import Insert
from rpterm.types import Chat, LeftOut, Origin, Turn

TELL_ALL_BELOW = 200
"""Books with more entries only tell of those that came near; thousands of reasons help nobody."""


class LoreFinder:
    """Fires one card's lorebook at a time; see ``chat.prompting.Finder``."""

    def __init__(self, count: Callable[[str], int]) -> None:
        self._count = count
        self._matcher: Matcher | None = None
        self._named: tuple[object, ...] = ()

    def __call__(
        self, card: CharacterCard, chat: Chat, history: Sequence[Turn], context: int
    ) -> Extras:
        if not card.lorebook.entries:
            return Extras()
        fill = expander(card, chat)
        names = (card.char, chat.persona.name, chat.id)
        found = self._ready(card.lorebook, names, fill).fire(
            LoreContext(
                turns=[(turn.role, turn.text) for turn in history],
                characters=tuple(dict.fromkeys((card.name, card.char))),
                greeting=_greeting(history),
                tokens=context,
                seed=chat.id,
                count=self._count,
                expand=fill,
            )
        )
        return Extras(
            fixed=tuple(_insert(hit) for hit in found.hits if hit.static),
            # The last in the book's order is the most telling one, and stands nearest to the end.
            inserts=tuple(_insert(hit) for hit in reversed(found.hits) if not hit.static),
            left_out=tuple(_missed(found, len(card.lorebook.entries))),
        )

    def _ready(
        self, book: Lorebook, names: tuple[object, ...], fill: Callable[[str], str]
    ) -> Matcher:
        """The prepared book; made again when the book changed, or what its keys' macros mean."""
        old = self._matcher
        if old is not None and old.book is book and names == self._named:
            return old
        if old is None or old.book != book or (names != self._named and _macros_in_keys(book)):
            old = Matcher(book, fill)
        # A card that was read again holds an equal book: the next call finds it by identity.
        old.book = book
        self._matcher, self._named = old, names
        return old


def _macros_in_keys(book: Lorebook) -> bool:
    return any(
        "{{" in text
        for entry in book.entries
        for text in (*entry.keys, *entry.secondary_keys, *_decorated(entry.content))
    )


def _decorated(content: str) -> list[str]:
    """Lines that may bring keys of their own (``@@additional_keys``)."""
    return content.splitlines() if content.lstrip().startswith("@@") else []


def _insert(hit: LoreHit) -> Insert:
    text = hit.text if hit.static else f"[{hit.text}]"
    # An entry counts its depth from the end of the chat, an insert from the last user text.
    depth = max(hit.depth - 1, 0) if hit.position == "depth" else 0
    before = hit.position == "before_card"
    return Insert(hit.source, text, hit.why, depth=depth, before_card=before)


def _missed(found: LoreResult, size: int) -> list[LeftOut]:
    verdicts = found.verdicts() if size <= TELL_ALL_BELOW else found.missed()
    return [LeftOut(f"lore:{v.name}", v.text, v.tokens, v.why) for v in verdicts if not v.fired]


def _greeting(history: Sequence[Turn]) -> int | None:
    """Which greeting the branch began with, from 0; -1 for none, ``None`` for an edited one."""
    if not history or history[0].role != "assistant":
        return -1
    return history[0].swipe - 1 if history[0].origin is Origin.GREETING else None
