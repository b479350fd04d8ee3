"""Composition root: creates a ``Session`` from settings, a card, the store and an engine.

``Launch`` is one run of the program. Its engine outlives a chat, so that switching chats does not
load the model again. It knows no user interface, and importing it is cheap: the store, the session
and the models are imported when a chat is opened.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from rpterm import paths as folders
from rpterm.cards.card import CharacterCard
from rpterm.config import Settings
from rpterm.errors import RptermError
from rpterm.paths import Paths
from rpterm.startup.chat_finder import NEW_CHAT, ChatFinder, ChatRequest, find_card

if TYPE_CHECKING:
    from rpterm.chat.cast.card_lookup import CardSource
    from rpterm.chat.live_scores import LiveScores
    from rpterm.chat.session import Session
    from rpterm.engine.engine_lease import EngineLease
    from rpterm.engine.protocol import Engine
    from rpterm.examples.provider import ExampleProvider
    from rpterm.memory.character_memory import CharacterMemory
    from rpterm.memory.distil.distiller import Distiller
    from rpterm.memory.distil.work import DistillingWork
    from rpterm.memory.embedding.embed import Embedder
    from rpterm.scoring.scorer import Scorer
    from rpterm.store import Store
    from rpterm.types import Cast

__all__ = ["NEW_CHAT", "ChatRequest", "Launch", "find_card"]

_SETTLE_SECONDS = 2.0


@dataclass
class Launch:
    """One run: call ``open`` for each chat and ``close`` at the end.

    Attributes:
        polite: Whether the scorer's model yields to everything else, as it does during a chat.
    """

    settings: Settings
    paths: Paths
    request: ChatRequest = field(default_factory=ChatRequest)
    polite: bool = True
    _engine: Engine | None = None
    _engine_settings: Settings | None = None
    _chosen: frozenset[str] = frozenset()
    _embedders: dict[str, Embedder] = field(default_factory=dict)
    _scorer: Scorer | None = None
    _rivals: dict[tuple[str, str], Engine] = field(default_factory=dict)
    _lent: EngineLease | None = None
    _session: Session | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _finder: ChatFinder = field(init=False)

    def __post_init__(self) -> None:
        self._finder = ChatFinder(self.settings, self.paths, self.request)

    def card(self) -> CharacterCard | None:
        """The requested card, for the first frame; ``None`` if the user has yet to choose."""
        found = self._finder.card()
        return found.card if found is not None else None

    def greeting(self) -> str:
        """The greeting for the first frame; "" if an older chat may be continued."""
        return self._finder.greeting()

    def engine(self) -> Engine:
        """The engine of this run, created on the first call but not loaded.

        Raises:
            RptermError: The model or the settings cannot be used.
        """
        with self._lock:
            if self._engine is None:
                self._engine = self._open_engine(self.settings)
                self._engine_settings = self.settings
            return self._engine

    def _open_engine(self, settings: Settings) -> Engine:
        from rpterm.models.engine_factory import open_engine

        return open_engine(settings, self.paths, sequences=settings.parallel_replies)

    def open(self, target: str | None = None, chat_id: int | None = None) -> Session:
        """Open a chat, after leaving the previous one with its KV cache saved.

        Args:
            target: A card; ``None`` without a ``chat_id`` means the request of the command line.
            chat_id: A chat to continue; ``NEW_CHAT`` begins a new one.

        Raises:
            RptermError: There is no such card or chat, or the database or model cannot be used.
        """
        before = self._session.scene.cast if self._session is not None else None
        self._leave()
        self._close_outdated_engine()
        engine = self.engine()
        if (start := getattr(engine, "start", None)) is not None:
            start()  # The worker process starts up while the store is opened here.
        from rpterm.chat.session import Session
        from rpterm.engine.engine_lease import EngineLease
        from rpterm.store import Store
        from rpterm.store.database.process_locks import Presence

        folders.make_folder(self.paths.database.parent)
        store = Store(self.paths.database)
        try:
            found, chat = self._finder.chat(store, target, chat_id)
            self._lent = EngineLease(engine)
            self._session = Session(
                store, self._lent, found.card, chat, self.settings,
                states=self.paths.states, flagged=self._flagged(),
                memory=self._memory(store, found.card), examples=self._examples(store),
                scores=self._scores(store), casting=self._casting(store),
            )  # fmt: skip
        except BaseException:
            store.close()
            raise
        self._session.distiller = self._distiller(self._session)
        self._session.open_other_engine = self._rival
        try:
            self._session.renew_greetings()
            self._gather(self._session, target is None and chat_id is None, chat_id, before)
        except RptermError:
            self._session.close()
            raise
        self._session.presence = Presence(store.file, chat.id)
        return self._session

    def retune(self, settings: Settings, samplers: frozenset[str]) -> None:
        """Use other settings: in the open chat from its next reply, in the next chat entirely.

        Args:
            samplers: The samplers that the settings decide, whatever a card says.
        """
        self._chosen = samplers
        self.settings = self._finder.settings = settings
        if self._session is not None:
            self._session.apply_settings(settings, self._flagged())

    def _rival(self, settings: Settings) -> Engine:
        """The engine of a duel's other side, which stays loaded for the next duel of this run."""
        key = (settings.model, settings.adapter)
        with self._lock:
            if key not in self._rivals:
                self._rivals[key] = self._open_engine(settings)
            return self._rivals[key]

    def _casting(self, store: Store) -> CardSource:
        """How the cards and memories of members who join are found."""
        from rpterm.cards import library
        from rpterm.chat.cast.card_lookup import CardSource

        known = (self.paths.characters, *library.card_folders(None))
        return CardSource(partial(find_card, paths=self.paths), partial(self._memory, store), known)

    def _gather(
        self, session: Session, first: bool, chat_id: int | None, before: Cast | None
    ) -> None:
        """Add the members the command line requests, or for a new chat those of the last one."""
        request, scene = self.request, session.scene
        if first and (request.company or request.turns):
            from rpterm.chat.cast.setup import add_characters

            add_characters(scene, request.company, request.turns)
        elif chat_id == NEW_CHAT and before and before.members[0].card_name == session.card.name:
            from rpterm.chat.cast.setup import copy_cast

            copy_cast(scene, before)

    def _memory(self, store: Store, card: CharacterCard) -> CharacterMemory | None:
        """The character's memory, which searches by words only if there is no embedder."""
        if not self.settings.memory:
            return None
        from rpterm.memory.character_memory import CharacterMemory

        return CharacterMemory(store, card.name, self._embedding(self.settings.embedder))

    def _distiller(self, session: Session) -> Distiller | None:
        """Extracts facts into the memories of all members of the chat."""
        mode = self.settings.distil.mode
        if session.memory is None or mode == "off":
            return None
        from rpterm.memory.distil.distiller import Distiller

        def works() -> list[DistillingWork]:
            from rpterm.memory.distil.work import DistillingWork

            memories = session.scene.memories()
            for memory in memories:
                memory.settled(_SETTLE_SECONDS)  # A member reads only what it has heard by then.
            return [DistillingWork(memory, share=self.settings.distil.share) for memory in memories]

        def wake(kept: object) -> None:
            for memory in session.scene.memories():
                memory.wake()

        distiller = Distiller(
            works, session.chat_id, lambda: session.chat.persona.name, model=mode == "model"
        )
        distiller.listeners.append(wake)
        return distiller

    def _examples(self, store: Store) -> ExampleProvider:
        """Example dialogues, compared by meaning if memory uses an embedder anyway."""
        from rpterm.examples.provider import ExampleProvider

        sizes = self.settings.examples

        def per_turn() -> int:
            if sizes.per_turn >= 0:
                return sizes.per_turn
            info = self._engine.info if self._engine is not None else None
            return 0 if info and info.starter else 2

        vectors = self._embedding(self.settings.embedder) if self.settings.memory else None
        return ExampleProvider(
            store, per_turn=per_turn, per_turn_is_chosen=sizes.per_turn >= 0,
            budget=sizes.budget, vectors=vectors,
        )  # fmt: skip

    def _scores(self, store: Store) -> LiveScores | None:
        """Live scores, by one scorer for all chats of this run, created on first use."""
        if not self.settings.scoring.live and self.settings.scoring.best_of < 2:
            return None
        from rpterm.chat.live_scores import LiveScores, shipped_cards

        others = partial(shipped_cards, self.paths.characters)
        return LiveScores(store, self.scorer, slow=self.settings.scoring.slow, others=others)

    def scorer(self) -> Scorer:
        """The scorer of this run, created on the first call and closed by ``close``."""
        with self._lock:
            if self._scorer is None:
                from rpterm.startup.scorer import open_scorer

                self._scorer = open_scorer(
                    self.settings, self.paths, slow=self.settings.scoring.slow,
                    embed=self._embedding() if self.settings.memory else None, polite=self.polite,
                )  # fmt: skip
            return self._scorer

    def _embedding(self, named: str = "") -> Embedder | None:
        """The embedder of a model, shared by all chats of this run and not started yet.

        Args:
            named: As in the settings; "" is the shipped one, with which scores are calibrated.
        """
        if self.settings.engine == "scripted":
            return None
        if named not in self._embedders:
            from rpterm.startup.embedder import open_embedder

            self._embedders[named] = open_embedder(named, self.settings, self.paths)
        return self._embedders[named]

    def close(self) -> None:
        """Close the engines, embedders and the scorer; each session closes its own store."""
        self._lent = self._session = None
        with self._lock:
            engine, self._engine = self._engine, None
            rivals, self._rivals = list(self._rivals.values()), {}
            embedders, self._embedders = list(self._embedders.values()), {}
            scorer, self._scorer = self._scorer, None
        if scorer is not None:
            scorer.close()
        for embedder in embedders:
            embedder.close()
        for each in (engine, *rivals):
            if each is not None:
                each.close()

    def _leave(self) -> None:
        """Save the open chat's KV cache before another chat uses the engine."""
        session, lent = self._session, self._lent
        self._session = self._lent = None
        if session is not None and lent is not None and not lent.returned:
            with suppress(RptermError, OSError):
                session.leave()
            lent.returned = True

    def _close_outdated_engine(self) -> None:
        """Close the engine if the settings have changed to require another one."""
        with self._lock:
            old = self._engine_settings
            if old is None or not self.settings.needs_other_engine(old):
                return
            engine, self._engine, self._engine_settings = self._engine, None, None
        if engine is not None:
            engine.close()

    def _flagged(self) -> frozenset[str]:
        """Samplers given as flags or changed in this run, which override the card's own."""
        table = "sampling."
        flags = (n.removeprefix(table) for n in self.request.flags if n.startswith(table))
        return self._chosen.union(flags)
