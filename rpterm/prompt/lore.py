"""Adds a card's lorebook to the prompt: entries that fire become inserts, the others get a reason.

Keeps the compiled lorebook between turns. It knows no store and no model; tokens are counted by the
function passed in.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rpterm.cards.card import Lorebook
from rpterm.cards.lore.lorebook import Matcher
from rpterm.cards.lore.records import LoreContext, LoreHit, LoreResult
from rpterm.cards.variables import sets_variables
from rpterm.prompt.chat_view import ChatView
from rpterm.prompt.extras import PromptExtras
from rpterm.prompt.static_block import Insert, bracketed
from rpterm.types import LeftOut, Origin, Turn

EXPLAIN_ALL_UP_TO = 200
"""For larger books only near misses are explained; nobody reads thousands of reasons."""


class LoreFinder:
    """Finds the lore of one card at a time."""

    def __init__(self, count: Callable[[str], int]) -> None:
        self._count = count
        self._matcher: Matcher | None = None
        self._names: tuple[object, ...] = ()

    def find(self, view: ChatView, context: int) -> PromptExtras:
        """The lore for a reply to the last turn of the history.

        Args:
            context: The model's context window in tokens.
        """
        card, chat = view.card, view.chat
        if not card.lorebook.entries:
            return PromptExtras()
        names = (card.char, chat.persona.name, chat.id)
        result = self._compiled(card.lorebook, names, ChatView(card, chat).expand_static).fire(
            LoreContext(
                turns=[(turn.role, turn.text) for turn in view.history],
                characters=tuple(dict.fromkeys((card.name, card.char))),
                greeting=_greeting_index(view.history),
                tokens=context,
                seed=chat.id,
                count=self._count,
                expand=view.expand_without_effect,
                expand_static=view.expand_static,
            )
        )
        for hit in result.hits:
            if not hit.static and sets_variables(text := card.lorebook.entries[hit.index].content):
                view.expand_for_turn(text)
        return PromptExtras(
            fixed=tuple(_insert(hit) for hit in result.hits if hit.static),
            # The book's order puts the most specific entry last; it belongs nearest to the end.
            inserts=tuple(_insert(hit) for hit in reversed(result.hits) if not hit.static),
            left_out=tuple(_left_out(result, len(card.lorebook.entries))),
        )

    def _compiled(
        self, book: Lorebook, names: tuple[object, ...], expand: Callable[[str], str]
    ) -> Matcher:
        """The compiled book; compiled again when it or the names in its keys' macros changed."""
        matcher = self._matcher
        if matcher is not None and matcher.book is book and names == self._names:
            return matcher
        names_changed = names != self._names and _has_macros_in_keys(book)
        if matcher is None or matcher.book != book or names_changed:
            matcher = Matcher(book, expand)
        # A reloaded card has an equal book: the next call then finds it by identity.
        matcher.book = book
        self._matcher, self._names = matcher, names
        return matcher


def _has_macros_in_keys(book: Lorebook) -> bool:
    return any(
        "{{" in text
        for entry in book.entries
        for text in (*entry.keys, *entry.secondary_keys, *_decorator_lines(entry.content))
    )


def _decorator_lines(content: str) -> list[str]:
    """Lines that may contain more keys (``@@additional_keys``)."""
    return content.splitlines() if content.lstrip().startswith("@@") else []


def _insert(hit: LoreHit) -> Insert:
    text = hit.text if hit.static else bracketed(hit.text.strip())
    # An entry's depth counts from the end of the chat, an insert's from the last user text.
    depth = max(hit.depth - 1, 0) if hit.position == "depth" else 0
    before = hit.position == "before_card"
    return Insert(hit.source, text, hit.why, depth=depth, before_card=before)


def _left_out(result: LoreResult, size: int) -> list[LeftOut]:
    verdicts = result.verdicts() if size <= EXPLAIN_ALL_UP_TO else result.missed()
    return [LeftOut(f"lore:{v.name}", v.text, v.tokens, v.why) for v in verdicts if not v.fired]


def _greeting_index(history: Sequence[Turn]) -> int | None:
    """Index of the greeting the branch begins with; -1 for none, ``None`` for an edited one."""
    if not history or history[0].role != "assistant":
        return -1
    return history[0].swipe - 1 if history[0].origin is Origin.GREETING else None
