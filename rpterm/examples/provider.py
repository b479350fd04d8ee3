"""Provides the examples of a store's chats to the prompt and the Examples pane.

Pinned examples and the card's own stand in the static part of the prompt, as turns of a chat
between two remarks, because small models learn the format from that. Up to ``k`` others may join
each turn, as short notes in its last message. Marks belong to a chat. It knows no engine and no
user interface.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from rpterm.cards import macros
from rpterm.cards.card import CharacterCard
from rpterm.errors import RptermError
from rpterm.examples import pool
from rpterm.examples.choose import Choice, Situation, choose, rank
from rpterm.examples.records import Exemplar, Place, Row
from rpterm.prompt.chat_view import ChatView
from rpterm.prompt.static_block import ExampleTurns, Insert, example_turns
from rpterm.scoring.scene import voice_lines
from rpterm.store import Store
from rpterm.store.example_settings import ExampleMarks, Mark
from rpterm.types import Chat, LeftOut, Prompt

if TYPE_CHECKING:
    from rpterm.memory.embedding.embed import Embedder, Floats

TURN_SHARE = 12
"""Examples for one turn may take 1/12 of the context window, half of the volatile block's share."""
MAX_PASSED_LISTED = 4
"""At most this many of the examples not taken are listed in the ledger."""
_EMBED_WAIT_S = 0.3


class ExampleProvider:
    """Chooses examples, and stores what the user chose."""

    def __init__(
        self,
        store: Store,
        *,
        per_turn: Callable[[], int] = lambda: 0,
        per_turn_is_chosen: bool = False,
        budget: int = 0,
        vectors: Embedder | None = None,
    ) -> None:
        """Create the provider of a store.

        Args:
            per_turn: How many examples join a turn, unless a chat says otherwise.
            per_turn_is_chosen: Whether the user set that number.
            budget: Tokens for the static examples, unless a chat says otherwise; 0 is a quarter of
                the context window.
            vectors: Compares meanings; ``None`` compares words.
        """
        self.store = store
        self._per_turn, self._budget, self._vectors = per_turn, budget, vectors
        self._per_turn_is_chosen = per_turn_is_chosen
        self._lock = threading.Lock()
        self._marks = ExampleMarks(store)
        self._pool: tuple[object, dict[str, list[Exemplar]]] | None = None
        self._embeddings: dict[str, Floats] = {}
        self._is_embedding = False

    # Choices of the user -----------------------------------------------------------------------
    def marks(self, chat_id: int) -> dict[str, Mark]:
        """The marks of one chat by example key."""
        return self._marks.marks(chat_id)

    def mark(self, chat_id: int, key: str, mark: Mark | None) -> None:
        """Pin or exclude an example in one chat, or remove its mark."""
        self._marks.mark(chat_id, key, mark)

    def sizes(self, chat_id: int) -> tuple[int, int]:
        """How many examples join a turn, and tokens for the static ones (0 is the usual share)."""
        chosen = self._marks.sizes(chat_id)
        return chosen if chosen is not None else (self._per_turn(), self._budget)

    def number_is_chosen(self, chat_id: int) -> bool:
        """Whether the user set how many examples join a turn, for this chat or all of them."""
        return self._per_turn_is_chosen or self._marks.sizes(chat_id) is not None

    def set_sizes(self, chat_id: int, k: int, budget: int) -> None:
        """Set both for one chat."""
        self._marks.set_sizes(chat_id, k, budget)

    def refresh(self) -> None:
        """Read the exchanges again: another process may have starred, scored or deleted some."""
        with self._lock:
            self._pool = None

    # For the prompt ----------------------------------------------------------------------------
    def fixed(self, view: ChatView) -> tuple[tuple[ExampleTurns, ...] | None, int]:
        """The examples of the static block (``None``: the card's own) and their token budget."""
        marks, (_, budget) = self.marks(view.chat.id), self.sizes(view.chat.id)
        if not marks:
            return None, budget
        found = [
            example_turns(
                each.span, each.example,
                view.expand_static if each.source == "card" else _verbatim,
                _reason(each, each.key in marks),
            )
            for each in self._static_examples(view.card, view.chat, marks)
        ]  # fmt: skip
        return tuple(found), budget

    def for_turn(
        self, view: ChatView, prompt: Prompt, count: Callable[[str], int]
    ) -> tuple[tuple[Insert, ...], tuple[LeftOut, ...]]:
        """The examples for this turn only, best first, and the runners-up that are left out.

        Args:
            prompt: The prompt without these examples.
            count: Counts the tokens of a text.
        """
        if self.sizes(view.chat.id)[0] <= 0 or not view.answers_user:
            return (), ()
        choice, note = self._choice(view, prompt, count), _notes(view)
        inserts = tuple(
            Insert(each.exemplar.span, note(each.exemplar), each.why) for each in choice.taken
        )
        passed = tuple(
            LeftOut(
                each.exemplar.span, note(each.exemplar), 0,
                f"similarity to what was said {each.meaning:.2f}; {why}",
            )
            for each, why in choice.passed[:MAX_PASSED_LISTED]
            if each.exemplar.source != "card"
        )  # fmt: skip
        return inserts, passed

    # For the pane ------------------------------------------------------------------------------
    def rows(self, view: ChatView, prompt: Prompt, count: Callable[[str], int]) -> list[Row]:
        """Every example: those in the prompt in its order, then the others."""
        marks, note = self.marks(view.chat.id), _notes(view)
        choice = self._choice(view, prompt, count)
        taken = {each.exemplar.key: each.why for each in choice.taken}
        passed = {each.exemplar.key: reason for each, reason in choice.passed}
        left_out = {span.source: span.why for span in prompt.left_out}
        prompt_tokens: Counter[str] = Counter()
        for span in prompt.spans:
            prompt_tokens[span.source] += span.tokens
        similarities = self._similarities(view)
        rows: list[Row] = []
        for each in self._all(view.card, view.chat, marks):
            place: Place = "out"
            why = left_out.get(each.span) or passed.get(each.key, "")
            if marks.get(each.key) == "excluded":
                place, why = "excluded", "you excluded it"
            elif each.span in prompt_tokens and each.key in taken:
                place, why = "turn", taken[each.key]
            elif each.span in prompt_tokens and _is_pinned(each, marks):
                place, why = "pinned", "always there"
            elif each.span in prompt_tokens:
                place, why = "card", "the card's"
            tokens = prompt_tokens[each.span] or count(note(each))
            rows.append(Row(each, place, tokens, 0, similarities.get(each.key), why))
        return _ordered(rows, prompt)

    def nearest(
        self, card: CharacterCard, chat: Chat, words: str, reply: str = ""
    ) -> Exemplar | None:
        """The card's unpinned example that is most like these words.

        Args:
            reply: The reply it should improve on; an example made of that reply is skipped.
        """
        marks, user = self.marks(chat.id), chat.persona.name
        unpinned = [
            each for each in pool.card_exemplars(card)
            if each.key not in marks and not each.example.pinned
            and macros.expand(each.reply, char=card.char, user=user) != reply
        ]  # fmt: skip
        ranked = rank(unpinned, Situation(words), self._similarity(words, unpinned))
        return ranked[0].exemplar if ranked else None

    # -------------------------------------------------------------------------------------------
    def _choice(self, view: ChatView, prompt: Prompt, count: Callable[[str], int]) -> Choice:
        card, chat, asked = view.card, view.chat, view.user_text
        marks = self.marks(chat.id)
        static = {span.source for span in prompt.spans if span.zone == "static"}
        every = [*pool.card_exemplars(card), *self._exchanges(card)]
        candidates = [e for e in every if e.span not in static]
        if not candidates:
            return Choice()
        note = _notes(view)
        situation = Situation(
            asked,
            {turn.id: turn.text for turn in view.history},
            voice_lines(card, chat.persona.name),
            [e.reply for e in every if e.span in static],
        )
        k, _ = self.sizes(chat.id)
        return choose(
            candidates, situation, k=k, room=prompt.context // TURN_SHARE,
            cost=lambda each: count(note(each) + "\n\n"),
            similarity=self._similarity(asked, every),
            excluded={key for key, mark in marks.items() if mark == "excluded"},
        )  # fmt: skip

    def _similarities(self, view: ChatView) -> dict[str, float]:
        """How similar each example is to what was said last; empty before anything was said."""
        asked = view.user_text
        if not asked.strip():
            return {}
        every = self._all(view.card, view.chat, self.marks(view.chat.id))
        ranked = rank(every, Situation(asked), self._similarity(asked, every))
        return {each.exemplar.key: each.meaning for each in ranked}

    def _static_examples(
        self, card: CharacterCard, chat: Chat, marks: dict[str, Mark]
    ) -> list[Exemplar]:
        """The examples of the static part: pinned ones first, then the card's.

        An exchange of this very chat is never one: the model would copy what it said.
        """
        own = [e for e in pool.card_exemplars(card) if marks.get(e.key) != "excluded"]
        pinned = [e for e in own if _is_pinned(e, marks)]
        pinned_keys = [key for key, mark in marks.items() if mark == "pinned"]
        exchanges = [pool.exchange_of_key(self.store, key) for key in pinned_keys]
        pinned += [e for e in exchanges if e is not None and e.chat_id != chat.id]
        return [*pinned, *(e for e in own if e not in pinned)]

    def _all(self, card: CharacterCard, chat: Chat, marks: dict[str, Mark]) -> list[Exemplar]:
        """Those of the static part, then the others."""
        static = self._static_examples(card, chat, marks)
        others = [*pool.card_exemplars(card), *self._exchanges(card)]
        taken = {each.key for each in static}
        return [*static, *(each for each in others if each.key not in taken)]

    def _exchanges(self, card: CharacterCard) -> list[Exemplar]:
        with self._lock:
            # Read first, so that it is never newer than the pool.
            judged = self.store.connections.judgements_version
            if self._pool is None or self._pool[0] is not judged:
                self._pool = (judged, {})
            by_card = self._pool[1]
            if card.name not in by_card:
                by_card[card.name] = pool.exchanges(self.store, card.name)
            return by_card[card.name]

    def _similarity(
        self, asked: str, every: Sequence[Exemplar]
    ) -> Callable[[Exemplar], float | None] | None:
        """Similarity by embeddings, if all exist already: no reply waits for them."""
        vectors = self._vectors
        if vectors is None or vectors.state != "ready" or not asked.strip():
            return None
        if missing := [each for each in every if each.key not in self._embeddings]:
            self._embed_in_background(vectors, missing)
            return None
        query = vectors.encode_now(asked, _EMBED_WAIT_S)
        if query is None:
            return None
        known = self._embeddings
        return lambda exemplar: float(query @ known[exemplar.key])

    def _embed_in_background(self, vectors: Embedder, missing: Sequence[Exemplar]) -> None:
        """Embed in a thread of its own, for the next time."""

        def work() -> None:
            try:
                rows = vectors.encode([each.question or each.reply for each in missing])
                self._embeddings |= {each.key: row for each, row in zip(missing, rows, strict=True)}
            except RptermError:
                self._vectors = None  # from now on, compare words
            finally:
                self._is_embedding = False

        with self._lock:
            if self._is_embedding:
                return
            self._is_embedding = True
        threading.Thread(target=work, name="rpterm-examples", daemon=True).start()


def _notes(view: ChatView) -> Callable[[Exemplar], str]:
    """What writes an example as a short note of the volatile block, at the time of this turn."""
    names = {"user": view.chat.persona.name, "char": view.card.char}

    def note(exemplar: Exemplar) -> str:
        fill = view.expand_for_turn if exemplar.source == "card" else _verbatim
        lines = [f"{names[who]}: {fill(text).strip()}" for who, text in exemplar.example.dialogue]
        return (
            f"[How {view.card.char} has answered before, as an example of the voice:\n"
            + "\n".join(lines)
            + "]"
        )

    return note


def _verbatim(text: str) -> str:
    """The fill function for texts of a chat, which contain no macros: a brace in it is a brace."""
    return text


def _is_pinned(exemplar: Exemplar, marks: Mapping[str, Mark]) -> bool:
    return marks.get(exemplar.key) == "pinned" or exemplar.example.pinned


def _reason(exemplar: Exemplar, marked: bool) -> str:
    if marked or exemplar.example.pinned:
        return "pinned example"
    return "example of the card"


def _ordered(rows: list[Row], prompt: Prompt) -> list[Row]:
    """The rows in prompt order with numbers, then those that are out, the most similar first."""
    places: dict[str, int] = {}
    for at, span in enumerate(prompt.spans):
        places.setdefault(span.source, at)
    in_prompt = [row for row in rows if row.place in ("pinned", "card", "turn")]
    in_prompt.sort(key=lambda row: places.get(row.exemplar.span, 0))
    left_out = [row for row in rows if row.place in ("out", "excluded")]
    left_out.sort(key=lambda row: (row.place == "excluded", -(row.meaning or 0.0)))
    return [replace(row, order=at) for at, row in enumerate(in_prompt, 1)] + left_out
