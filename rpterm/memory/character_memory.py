"""A character's memory as the rest of rpterm sees it: recall, remember, and edits by the user.

Nothing here waits for a model. Without an embedder, or before it is ready, words alone are
compared; before the index is loaded, the database's own word search is used. A turn is recalled
only while it lies on the given path (in its own chat) or on the branch its chat shows (in other
chats); so is whatever was drawn from a turn. Import this module late: it loads numpy.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from rpterm.errors import RptermError
from rpterm.memory import transfer
from rpterm.memory.blocked_phrases import BlockedPhrases
from rpterm.memory.embedding.embed import Embedder
from rpterm.memory.fact_history import FactHistory
from rpterm.memory.indexing.live_index import LiveIndex
from rpterm.memory.recalled import Recalled, fill, format_hit, under_present_name, without_repeats
from rpterm.memory.search.searcher import Searcher
from rpterm.memory.search.text_query import RecallRequest, build_text_query
from rpterm.memory.writer import MemoryWriter
from rpterm.store import Store
from rpterm.store.memory.distilled import Distilled
from rpterm.store.memory.files import BlockedPhrase, MemoryFile, MemoryFiles, Piece
from rpterm.store.memory.memories import Memories
from rpterm.store.memory.records import Kind, Mark, Memory
from rpterm.store.memory.sources import MemorySources
from rpterm.store.memory.vectors import MemoryVectors
from rpterm.types import Turn

_MOST = 8
"""Largest number of memories in a prompt."""
_MOST_FOR_BARE = 2
"""The same, besides pinned ones, after a draft like "ok": what the turns before it bring to mind is
not worth the wait for eight memories to be evaluated."""
_ANSWERED_BY_FACT = frozenset(("name", "age", "birthday", "home", "origin", "partner", "work"))
"""Slots whose facts are a complete answer, so that little else is recalled."""
_MAX_RECENT = 64


__all__ = ["CharacterMemory", "Recalled", "Stats"]


@dataclass(frozen=True, slots=True)
class Stats:
    """The state of a memory, for the pane and the command.

    Attributes:
        kinds: How many memories there are of each kind.
        vectors: How many texts are embedded, out of ``wordings``.
        embedder: The embedding model's name, or "".
        state: The embedder's state.
        error: Why memory does not work fully, or "".
    """

    kinds: dict[str, int]
    vectors: int
    wordings: int
    embedder: str
    state: str
    error: str


class CharacterMemory:
    """The memory of one character.

    Args:
        store: The database.
        character: The card's name.
        embedder: Makes vectors; the caller closes it. ``None`` makes do with words alone.
    """

    def __init__(
        self,
        store: Store,
        character: str,
        embedder: Embedder | None = None,
    ) -> None:
        self.store = store
        self.character = character
        self._embedder = embedder
        self._memories = Memories(store)
        self._files = MemoryFiles(self._memories)
        self._vectors = MemoryVectors(store)
        self.distilled = Distilled(self._memories)
        """Facts, reflections and summaries: their sources, and what they supersede."""
        model = embedder.model if embedder is not None else ""
        self._live = LiveIndex(
            self._memories, self._vectors, character, model, self.distilled.newer
        )
        self._searcher = Searcher(self._memories, self._live, character, embedder, self.distilled)
        self.recent: Mapping[int, Recalled] = {}
        """Memories recalled recently, by id, for the pane that shows why."""
        self.listeners: list[Callable[[int, int], object]] = []
        """Called with (vectors done, vectors wanted) during embedding, in a background thread."""
        self._writer = MemoryWriter(
            self._memories, self._vectors, self._live, embedder, self.listeners
        )

    def start(self) -> None:
        """Load, catch up and embed in the background; returns at once."""
        self._writer.start()

    def close(self) -> None:
        """Stop the background work; nothing is lost."""
        self._writer.close()

    def settled(self, timeout: float | None = None) -> bool:
        """Wait until everything requested so far is remembered and embedded; False on timeout."""
        return self._writer.settled(timeout)

    # For a reply -------------------------------------------------------------------------------
    def recall(
        self,
        chat_id: int,
        path: Sequence[Turn],
        draft: str,
        budget_tokens: int,
        count: Callable[[str], int],
        *,
        user: str = "",
        in_prompt: Collection[int] | None = None,
    ) -> list[Recalled]:
        """The memories relevant to a draft, best first, within the budget.

        Args:
            chat_id: The current chat.
            path: Its shown turns from the root, without the draft.
            draft: What the user is about to say.
            budget_tokens: Tokens all memories together may take.
            count: Counts the tokens of a text.
            user: The user's name now; "" keeps the one under which everything was said.
            in_prompt: Turns that the prompt contains anyway; ``None`` means all of ``path``.
        """
        now = self.store.now()
        search = build_text_query(draft, path, now)
        turns = (turn.id for turn in path) if in_prompt is None else in_prompt
        phrases = [block.phrase for block in self.blocks()]
        request = RecallRequest(chat_id, path, search, frozenset(turns), phrases)
        blocks, found = BlockedPhrases(phrases), self._searcher.search(request)
        # A summary of several turns may mention one that is hidden.
        from_hidden = self.distilled.with_hidden_source([row.id for row, _ in found])
        said_as = {turn.id: turn.speaker for turn in path if user and turn.role == "user"}
        present = partial(under_present_name, said_as=said_as, user=user)
        found = [(present(row), hit) for row, hit in found if row.id not in from_hidden]
        notes: dict[int, str] = {}
        if self._live.loaded:
            history = FactHistory(
                self.distilled,
                self._live.shown_of,
                lambda ids: {i: present(row) for i, row in self.get_many(ids).items()},
                now,
            )
            found = history.current(found) if search.about_past else found
            notes = history.notes([row for row, _ in found], search.about_past)
        prompt_texts = {turn.text.strip() for turn in path if turn.id in request.in_prompt}
        candidates = (  # lazily: most are never needed
            format_hit(row, hit, search, notes.get(row.id, ""), now)
            for row, hit in found
            if (row.kind != "turn" or row.text.strip() not in prompt_texts)
            and not (blocks and blocks.occur_in(row.text))
        )
        most = _MOST
        if search.is_bare or any(hit.settles in _ANSWERED_BY_FACT for _, hit in found):
            sure = sum(hit.pinned or bool(hit.settles) for _, hit in found)
            most = min(_MOST, sure + _MOST_FOR_BARE)
        chosen = fill(without_repeats(candidates), count, budget_tokens, most)
        recent = [*self.recent.items(), *((item.id, item) for item in chosen)]
        self.recent = dict(recent[-_MAX_RECENT:])
        return chosen

    def remember(self, turn_id: int) -> None:
        """Remember a finished turn; returns at once, the work is done in the background."""
        self._writer.remember(turn_id)

    def wake(self) -> None:
        """Index and embed memories that were added without this object, such as facts."""
        self._writer.wake()

    # Edits by the user -------------------------------------------------------------------------
    def add(self, text: str, *, kind: Kind = "note", **fields: Any) -> Memory:
        """Add a memory by hand, with these fields of a ``Memory``."""
        if not text.strip():
            raise RptermError("A memory needs some text; nothing was added.")
        row = self._memories.add(
            Memory(kind, self.character, text.strip(), **{"created_at": self.store.now(), **fields})
        )
        self._writer.wake()
        return row

    def edit(self, memory_id: int, text: str) -> Memory:
        """Change the text of a memory."""
        if not text.strip():
            raise RptermError("A memory needs some text; to delete it, forget it instead.")
        row = self._memories.edit(memory_id, text.strip())
        self.distilled.mark_edited(memory_id)
        self._writer.wake()
        return row

    def mark(self, memory_id: int, mark: Mark, on: bool = True) -> Memory:
        """Recall a memory with every reply (``pinned``), never (``hidden``), or let other
        characters know it, too (``shared``); or stop doing so."""
        return self._memories.update(memory_id, **{mark: on})

    def forget(self, *memory_ids: int) -> int:
        """Delete memories for good, with their vectors; returns how many there were."""
        return self._memories.forget(memory_ids)

    def unlink(self, old_id: int, new_id: int) -> Memory:
        """Declare that a superseded memory still holds next to the one that superseded it."""
        if new_id not in self.distilled.newer([old_id]).get(old_id, ()):
            raise RptermError(f"Memory {new_id} does not take the place of memory {old_id}.")
        self.distilled.unlink(old_id, new_id)
        return self._memories.get(old_id)

    # Files and phrases ---------------------------------------------------------------------------
    def add_file(self, name: str, path: str, digest: str, pieces: Sequence[Piece]) -> MemoryFile:
        """Remember a file in pieces, replacing what the same path gave before."""
        if not pieces:
            raise RptermError(f"{name} contains no text; nothing was added.")
        file = self._files.put(self.character, name, path, digest, pieces)
        self._writer.wake()
        return file

    def files(self) -> list[MemoryFile]:
        """The files given to the character, newest first."""
        return self._files.all(self.character)

    def remove_file(self, file_id: int) -> MemoryFile:
        """Forget a file with all its pieces, for good."""
        return self._files.remove(file_id)

    def block(self, phrase: str) -> BlockedPhrase:
        """Never mention what contains this phrase or, with an embedder, is about it."""
        phrase = " ".join(phrase.split())
        if not BlockedPhrases([phrase]):
            raise RptermError(
                f"{phrase!r} contains no word that can be searched for; use more telling words."
            )
        return self._files.block(self.character, phrase)

    def unblock(self, block_id: int) -> None:
        """Allow a phrase again."""
        self._files.unblock(block_id)

    def blocks(self) -> list[BlockedPhrase]:
        """The phrases never mentioned."""
        return self._files.blocks(self.character)

    def rename(self, new: str, card_path: str | None = None) -> tuple[int, int]:
        """Move a renamed card's chats and memories to its new name; returns how many of each."""
        moved = MemorySources(self._memories).rename_character(self.character, new, card_path)
        self.character = new
        self._live.rename(new)
        self._searcher.character = new
        return moved

    # Browsing ------------------------------------------------------------------------------------
    def page(
        self, *, kinds: Sequence[Kind] = (), limit: int = 200, before: int | None = None
    ) -> list[Memory]:
        """Memories of all branches, newest first."""
        return self._memories.page(self.character, kinds=kinds, limit=limit, before=before)

    def search(self, query: str, limit: int = 50) -> list[Memory]:
        """Memories of all branches that contain all these words."""
        return self._memories.search(query, self.character, limit)

    def characters(self) -> list[str]:
        """All characters that have a memory or a chat."""
        return MemorySources(self._memories).characters()

    def get_many(self, memory_ids: Iterable[int]) -> dict[int, Memory]:
        """These memories by id; ids that do not exist are left out."""
        return self._memories.get_many(memory_ids)

    def shown_paths(self, chats: Collection[int] = ()) -> dict[int, list[int]]:
        """The shown turns, root first, of the chats that memories come from."""
        return self._memories.shown_paths(self.character, chats)

    def hidden(self) -> list[Memory]:
        """Memories never to be mentioned, newest first."""
        return self._memories.hidden(self.character)

    def replaced_by(self, memory_ids: Sequence[int]) -> dict[int, list[Memory]]:
        """The memories that each of these supersedes."""
        return self._memories.replaced_by(memory_ids)

    def on_other_branch(self, rows: Iterable[Memory]) -> set[int]:
        """Those of these memories that come from a branch that is not shown."""
        sources = [(row.id, row.chat_id, row.turn_id) for row in rows if row.turn_id is not None]
        chats = {chat for _, chat, _ in sources if chat is not None}
        paths = self.shown_paths(chats) if chats else {}
        shown = {turn for path in paths.values() for turn in path}
        return {memory_id for memory_id, _, turn in sources if turn not in shown}

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
        return transfer.export_lines(self._memories, self.character)

    def import_(self, lines: Iterable[str], origin: str = "import") -> int:
        """Add exported memories; one that exists already only gets the marks it lacks.

        Raises:
            RptermError: A line is not a memory; the lines before it stay imported.
        """
        new = transfer.import_lines(self._memories, self.character, lines, origin)
        if new:
            self._writer.wake()
        return new
