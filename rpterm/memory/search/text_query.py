"""Builds the search for a draft: its own words first, the last turns as context.

The two turns before the draft contribute their terms at a lower weight. A draft that says little by
itself ("and what did she say about it?") borrows more: the distinctive terms of those turns count
more than half as much as its own, and the embedding is of all three texts together. If the draft
says enough, the borrowed terms only order what is found and are no evidence for recalling it
(``TextQuery.own``): otherwise a question about a slipper recalled seven turns of a tea party
because of "old", "man" and "smiles" in the reply before it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rpterm.memory.fact_history import about_the_past
from rpterm.memory.indexing.bm25 import query_terms
from rpterm.memory.indexing.words import content_words, terms
from rpterm.memory.search import dates
from rpterm.memory.search.about_user import slots_asked
from rpterm.memory.search.dates import TimeSpan
from rpterm.memory.search.relevance import distinctive
from rpterm.memory.search.said_when import LAST_TIME, Said, what_was_said, whose_words
from rpterm.types import Origin, Turn

CONTEXT_WEIGHTS = (0.3, 0.2)
"""Weights of the terms of the last turn and of the one before it; a term of the draft has 1."""
SHORT_CONTEXT_WEIGHTS = (0.6, 0.55)
"""The same for a draft with fewer than ``_MIN_DISTINCTIVE`` distinctive terms."""
_MIN_DISTINCTIVE = 2
_NAMED_BY = 12
"""The last turns whose speakers' names are not borrowed."""
_MAX_CHARS = 600
_CONTEXT_CHARS = 300


@dataclass(frozen=True, slots=True)
class TextQuery:
    """A search in words, before anything is embedded.

    Attributes:
        terms: Terms and their weights.
        own: Those of them that may be evidence for recalling something.
        words: The draft's words as typed, for a search that does its own stemming.
        text: What to embed.
        spans: Time spans the draft names.
        slots: What the draft asks about the user, as slots of facts; see ``about_user``.
        of_user: Whether it asks about the user, so that what the character said is no answer.
        said: Set if the draft asks what was said at some time, on no topic.
        is_bare: Whether the draft asks for nothing, like "ok" or "go on".
        about_past: Whether it asks how things used to be, so that facts that no longer hold count.
    """

    terms: dict[str, float]
    own: dict[str, float]
    words: tuple[str, ...]
    text: str
    spans: tuple[TimeSpan, ...]
    is_bare: bool
    about_past: bool
    slots: tuple[str, ...] = ()
    said: Said | None = None
    of_user: bool = False

    @property
    def times(self) -> tuple[str, ...]:
        """The words of the times that the draft names."""
        words = tuple(span.words for span in self.spans)
        return (*words, LAST_TIME) if self.said is not None and self.said.last_time else words


@dataclass(frozen=True, slots=True)
class RecallRequest:
    """What is to be recalled.

    Attributes:
        chat_id: The current chat.
        path: Its shown turns.
        search: What the draft calls for.
        in_prompt: The ids of the turns that the prompt contains anyway.
        phrases: What is never to be mentioned.
    """

    chat_id: int
    path: Sequence[Turn]
    search: TextQuery
    in_prompt: frozenset[int]
    phrases: Sequence[str]


def build_text_query(draft: str, path: Sequence[Turn], now: float) -> TextQuery:
    """Build the search for a draft that follows these turns, oldest first."""
    # A greeting is the card's; nobody has said anything yet that a bare "hi" could refer to.
    context = [
        turn.text[-_MAX_CHARS:]
        for turn in reversed(path[-len(CONTEXT_WEIGHTS) :])
        if turn.origin is not Origin.GREETING
    ]
    # The character's own name heads each of its memories: "hi Juno" asks for none of them.
    heads = [(turn.role, terms(turn.speaker)) for turn in path[-_NAMED_BY:]]
    own_name = frozenset(dict(heads).get("assistant", ()))
    draft_terms = tuple(term for term in terms(draft) if term not in own_name)
    words = content_words(draft)
    own_distinctive = len(distinctive(draft_terms))
    short = own_distinctive < _MIN_DISTINCTIVE
    weights = SHORT_CONTEXT_WEIGHTS if short else CONTEXT_WEIGHTS
    # Each term once, and no everyday words: the reply's "a moment later, a moment later" would
    # drown the one name that "Who is Grindle?" asks for. Nor the speakers' names: every memory of
    # the character is headed by one.
    speakers = frozenset(term for _, head in heads for term in head)
    borrowed = [
        sorted(distinctive(turn_terms) - speakers) if short else turn_terms
        for turn_terms in map(terms, context)
    ]
    weighted = [(draft_terms, 1.0), *zip(borrowed, weights, strict=False)]
    context_tails = [text[-_CONTEXT_CHARS:] for text in reversed(context)] if short else []
    text = "\n".join([*context_tails, draft[-2 * _MAX_CHARS :]]).strip()
    query = query_terms(weighted)
    slots = slots_asked(draft)
    evidence = query if short and not slots else query_terms(weighted[:1])
    spans = tuple(dates.spans(draft, now))
    said = what_was_said(draft, [span.words for span in spans])
    whose = whose_words(draft)
    return TextQuery(
        query, evidence, words, text, spans,
        is_bare=not own_distinctive and len(words) < 2 and "?" not in draft,
        about_past=about_the_past(draft),
        slots=slots,
        of_user=whose == "user" or (bool(slots) and whose != "character"),
        said=said,
    )  # fmt: skip
