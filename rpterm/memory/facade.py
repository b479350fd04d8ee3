"""Memory as the rest of rpterm sees it: recall for a reply, remember a turn, and the user's hand.

Nothing here waits for a model: without an embedder, or before it is ready, words serve alone, and
before the index is loaded the database's own word search does. A turn is recalled only while it
lies on the path given (its own chat) or on the branch its chat shows (other chats); so is whatever
was drawn from a turn. Import this module late: it loads numpy.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rpterm.memory import transfer
from rpterm.memory.blocks import Blocks
from rpterm.memory.budget import fill
from rpterm.memory.embed import Embedder
from rpterm.memory.floor import stands, telling
from rpterm.memory.outdated import Times, about_the_past
from rpterm.memory.question import Question, question
from rpterm.memory.recall import Hit, Query, Weights, recall
from rpterm.memory.recalled import Recalled, once, recalled
from rpterm.memory.remember import Rememberer
from rpterm.memory.shelf import Shelf
from rpterm.memory.topics import Topics, spoken_of
from rpterm.memory.unloaded import by_words
from rpterm.memory.wording import spoken
from rpterm.store import Store
from rpterm.store.distilled import Distilled
from rpterm.store.memories import Kind, Memories
from rpterm.store.memories import Memory as Row
from rpterm.store.memory_files import Block, MemoryFile, MemoryFiles, Piece
from rpterm.store.memory_sources import MemorySources
from rpterm.store.memory_vectors import MemoryVectors
from rpterm.types import RptermError, Turn

_CANDIDATES = 40
_EMBED_WAIT = 0.3
_FOLLOW_WAIT = 0.02
_RERANKED = 30
_RANK_WAIT = 1.0
_RECENT = 64


__all__ = ["Memory", "RecallError", "Recalled", "Stats"]


class RecallError(RptermError):
    """A request to memory makes no sense; the text says why."""


@dataclass(frozen=True, slots=True)
class Stats:
    """What there is, for the pane and the command."""

    kinds: dict[str, int]
    vectors: int
    wordings: int
    embedder: str
    state: str
    error: str


class Memory:
    """The memory of one character.

    Args:
        store: The database.
        character: The card's name.
        embedder: What makes vectors; the caller closes it. ``None`` serves with words alone.
        clock: Gives Unix seconds.
    """

    def __init__(
        self,
        store: Store,
        character: str,
        embedder: Embedder | None = None,
        *,
        clock: Callable[[], float] = time.time,
        weights: Weights = Weights(),  # noqa: B008 - frozen
    ) -> None:
        self.store = store
        self.character = character
        self._clock = clock
        self._embedder = embedder
        self._weights = weights
        self._memories = Memories(store, clock)
        self._files = MemoryFiles(self._memories)
        self._vectors = MemoryVectors(store)
        model = embedder.model if embedder is not None else ""
        self._topics = Topics(embedder)
        self.distilled = Distilled(self._memories)
        """What facts, reflections and summaries rest on and take the place of."""
        self._shelf = Shelf(
            self._memories, self._vectors, character, model, self.distilled.newer
        )  # fmt: skip
        self.recent: Mapping[int, Recalled] = {}
        """What was recalled of late, by id: for the pane that tells why."""
        self.listeners: list[Callable[[int, int], object]] = []
        """Each is told (vectors done, vectors wanted) while memories are embedded, in a thread."""
        self._writer = Rememberer(
            self._memories, self._vectors, self._shelf, embedder, self.listeners
        )

    def start(self) -> None:
        """Load, catch up and embed in the background; returns at once."""
        self._writer.start()

    def close(self) -> None:
        """Stop the background; nothing is lost."""
        self._writer.close()

    def settled(self, timeout: float | None = None) -> bool:
        """Wait until everything asked so far is remembered and embedded; False on timeout."""
        return self._writer.settled(timeout)

    # The reply's path --------------------------------------------------------------------------
    def recall(
        self,
        chat_id: int,
        path: Sequence[Turn],
        draft: str,
        budget_tokens: int,
        count: Callable[[str], int],
        *,
        in_prompt: Collection[int] | None = None,
        most: int = 8,
    ) -> list[Recalled]:
        """What a draft calls up, best first, within the budget.

        Args:
            chat_id: The chat at hand.
            path: Its turns shown, from the root; without the draft.
            draft: What the user is about to say.
            budget_tokens: Tokens all of it may take.
            count: Counts the tokens of a text.
            in_prompt: Turns the prompt holds anyway; ``None`` means all of ``path``.
            most: At most so many memories.
        """
        asked = question(draft, path, self._clock())
        inside = {turn.id for turn in path} if in_prompt is None else set(in_prompt)
        phrases = [block.phrase for block in self.blocks()]
        blocks, past = Blocks(phrases), about_the_past(draft)
        found = self._found(chat_id, path, asked, inside, past, phrases)
        # An account of several turns may tell of one that is hidden.
        veiled = self.distilled.of_hidden([row.id for row, _ in found])
        found = [item for item in found if item[0].id not in veiled]
        times = Times(self.distilled, self._shelf.shown_of, self.many)
        if past and self._shelf.loaded:
            found = times.current(found)
        notes = times.notes([row for row, _ in found], past) if self._shelf.loaded else {}
        said = {turn.text.strip() for turn in path if turn.id in inside}
        shown = (  # one by one: most are never reached
            recalled(row, hit, asked).noted(notes.get(row.id, ""))
            for row, hit in found
            if (row.kind != "turn" or row.text.strip() not in said)
            and not (blocks and blocks.holds(row.text))
        )
        filled = fill(once(shown), lambda item: count(item.text), budget_tokens, most)
        chosen = [item.counted(tokens) for item, tokens in filled]
        self.recent = dict([*self.recent.items(), *((item.id, item) for item in chosen)][-_RECENT:])
        return chosen

    def remember(self, turn_id: int) -> None:
        """Remember a turn that stands; returns at once, the work is done in the background."""
        self._writer.remember(turn_id)

    def wake(self) -> None:
        """Take in what was added beside this object, such as facts: index and vectors follow."""
        self._writer.wake()

    # The user's hand ---------------------------------------------------------------------------
    def add(self, text: str, *, kind: Kind = "note", pinned: bool = False, **more: Any) -> Row:
        """Add a memory by hand; ``more`` as in ``Memories.add``."""
        if not text.strip():
            raise RecallError("A memory needs words; nothing was added.")
        row = self._memories.add(kind, self.character, text.strip(), pinned=pinned, **more)
        self._writer.wake()
        return row

    def edit(self, memory_id: int, text: str) -> Row:
        """Change the words of a memory."""
        if not text.strip():
            raise RecallError("A memory needs words; forget it instead.")
        row = self._memories.edit(memory_id, text.strip())
        self.distilled.was_edited(memory_id)
        self._writer.wake()
        return row

    def pin(self, memory_id: int, pinned: bool = True) -> Row:
        """Recall a memory with every reply, or no longer."""
        return self._memories.mark(memory_id, pinned=pinned)

    def never_mention(self, memory_id: int, hidden: bool = True) -> Row:
        """Keep a memory but never recall it; or allow it again."""
        return self._memories.mark(memory_id, hidden=hidden)

    def share(self, memory_id: int, shared: bool = True) -> Row:
        """Let other characters know it too, or no longer."""
        return self._memories.mark(memory_id, shared=shared)

    def forget(self, *memory_ids: int) -> int:
        """Delete memories for good, with vectors and words; returns how many there were."""
        return self._memories.forget(memory_ids)

    def unlink(self, old_id: int, new_id: int) -> Row:
        """Say that a replaced memory holds beside the one that replaced it."""
        if new_id not in self.distilled.newer([old_id]).get(old_id, ()):
            raise RecallError(f"Memory {new_id} does not take the place of {old_id}.")
        self.distilled.unlink(old_id, new_id)
        return self._memories.get(old_id)

    # Files and phrases ---------------------------------------------------------------------------
    def add_file(self, name: str, path: str, digest: str, pieces: Sequence[Piece]) -> MemoryFile:
        """Remember a file in pieces, in place of what the same path gave before."""
        if not pieces:
            raise RecallError(f"{name} holds no text; nothing was added.")
        file = self._files.put(self.character, name, path, digest, pieces)
        self._writer.wake()
        return file

    def files(self) -> list[MemoryFile]:
        """The files given to the character, newest first."""
        return self._files.all(self.character)

    def remove_file(self, file_id: int) -> MemoryFile:
        """Forget a file with all its pieces, for good."""
        return self._files.remove(file_id)

    def block(self, phrase: str) -> Block:
        """Never mention what holds this phrase or, where there is an embedder, speaks of it."""
        phrase = " ".join(phrase.split())
        if not Blocks([phrase]):
            raise RecallError(f"{phrase!r} has no word that could be looked for: say more.")
        return self._files.block(self.character, phrase)

    def unblock(self, block_id: int) -> None:
        """Allow a phrase again."""
        self._files.unblock(block_id)

    def blocks(self) -> list[Block]:
        """The phrases never mentioned."""
        return self._files.blocks(self.character)

    def rename(self, new: str, card_path: str | None = None) -> tuple[int, int]:
        """The card has another name: its chats and memories follow; returns how many of each."""
        moved = MemorySources(self._memories).move(self.character, new, card_path)
        self.character = new
        self._shelf.rename(new)
        return moved

    # Looking -------------------------------------------------------------------------------------
    def page(
        self, *, kinds: Sequence[Kind] = (), limit: int = 200, before: int | None = None
    ) -> list[Row]:
        """Memories, newest first, of all branches."""
        return self._memories.page(self.character, kinds=kinds, limit=limit, before=before)

    def search(self, query: str, limit: int = 50) -> list[Row]:
        """Memories with all these words, of all branches."""
        return self._memories.search(query, self.character, limit)

    def characters(self) -> list[str]:
        """All who remember something or have a chat."""
        return MemorySources(self._memories).characters()

    def many(self, memory_ids: Iterable[int]) -> dict[int, Row]:
        """Those of these memories that there are."""
        return self._memories.many(memory_ids)

    def shown_paths(self, chats: Collection[int] = ()) -> dict[int, list[int]]:
        """The turns shown, root first, of the chats that memories come from."""
        return self._memories.shown_paths(self.character, chats)

    def hidden(self) -> list[Row]:
        """Memories never to be mentioned, newest first."""
        return self._memories.hidden(self.character)

    def replaced_by(self, memory_ids: Sequence[int]) -> dict[int, list[Row]]:
        """What each of these memories holds instead of."""
        return self._memories.replaced_by(memory_ids)

    def aside(self, rows: Iterable[Row]) -> set[int]:
        """Those of these memories that come from a branch that is not shown."""
        drawn = [(row.id, row.chat_id, row.turn_id) for row in rows if row.turn_id is not None]
        chats = {chat for _, chat, _ in drawn if chat is not None}
        paths = self.shown_paths(chats) if chats else {}
        shown = {turn for path in paths.values() for turn in path}
        return {memory_id for memory_id, _, turn in drawn if turn not in shown}

    def counts(self) -> dict[str, int]:
        """How many memories there are of each kind."""
        return self._memories.counts(self.character)

    def stats(self) -> Stats:
        """Counts and the embedder's state."""
        embedder = self._embedder
        done, wanted = self._vectors.progress(embedder.model) if embedder else (0, 0)
        return Stats(
            kinds=self._memories.counts(self.character),
            vectors=done,
            wordings=wanted,
            embedder=embedder.model if embedder else "",
            state=embedder.state if embedder else "off",
            error=self._writer.error or getattr(embedder, "rank_error", ""),
        )

    def export(self) -> Iterator[str]:
        """Everything as lines of JSON, oldest first; see ``transfer``."""
        return transfer.lines(self._memories, self.character)

    def import_(self, lines: Iterable[str], origin: str = "import") -> int:
        """Add memories as exported; what is there already gets only the marks it lacks.

        Raises:
            TransferError: A line is no memory; nothing before it is taken back.
        """
        new = transfer.take(self._memories, self.character, lines, origin)
        if new:
            self._writer.wake()
        return new

    # -------------------------------------------------------------------------------------------
    def _found(
        self, chat_id: int, path: Sequence[Turn], asked: Question, inside: set[int], past: bool,
        phrases: Sequence[str],
    ) -> list[tuple[Row, Hit]]:  # fmt: skip
        if not self._shelf.loaded:
            return by_words(self._memories, self.character, chat_id, path, asked, inside)[
                :_CANDIDATES
            ]
        self._shelf.follow(_FOLLOW_WAIT)
        vector = None
        if self._embedder is not None and asked.text:
            vector = self._embedder.now(asked.text, _EMBED_WAIT)
        topics = self._topics.of(phrases, 0 if vector is None else len(vector))
        with self._shelf.lock:
            index = self._shelf.index
            self._shelf.show(chat_id, [turn.id for turn in path])
            if vector is not None and len(vector) != index.vectors.dim:
                vector = None
            query = Query(
                asked.terms,
                vector,
                asked.spans,
                self._clock(),
                index.of_turns(chat_id, inside) if past
                else np.concatenate([index.of_turns(chat_id, inside), index.outdated()]),
                asked.own,
            )  # fmt: skip
            hits = recall(index, query, _CANDIDATES, self._weights)
            ids = index.ids[[hit.row for hit in hits]].tolist()
            vectors = index.vectors.gather(np.array([hit.row for hit in hits], np.int64))
        rows = self._memories.many(ids)
        speakers = [rows[i].speaker if i in rows else "" for i in ids]
        apart = spoken_of(topics if vector is not None else (), vectors, speakers)
        found = [
            (rows[i], hit)
            for i, hit, hushed in zip(ids, hits, apart, strict=True)
            if i in rows and (hit.pinned or not hushed)
        ]
        return self._reranked(self._worth(found, asked, meaning=vector is not None), asked)

    def _reranked(self, found: list[tuple[Row, Hit]], asked: Question) -> list[tuple[Row, Hit]]:
        """The first ones in the order of the cross-encoder, where the user named one."""
        rank = getattr(self._embedder, "rank", None)
        if rank is None:
            return found
        pinned = [item for item in found if item[1].pinned]
        others = [item for item in found if not item[1].pinned]
        first, rest = others[:_RERANKED], others[_RERANKED:]
        scores = rank(asked.text, [spoken(row.speaker, row.text) for row, _ in first], _RANK_WAIT)
        if scores is not None:
            first = [first[at] for at in np.argsort(-scores, kind="stable")]
        return pinned + first + rest

    def _worth(
        self, found: list[tuple[Row, Hit]], asked: Question, *, meaning: bool
    ) -> list[tuple[Row, Hit]]:
        wanted = telling(asked.own)
        return [
            (row, hit)
            for row, hit in found
            if stands(hit, spoken(row.speaker, row.text), wanted, meaning=meaning)
        ]
