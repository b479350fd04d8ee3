"""One chat at work: from the user's text to a stored reply. Knows no UI and no model.

A ``Session`` ties one chat of the store to one card and one engine. Everything that makes text
goes through ``reply``; everything else moves along the tree or edits the chat's settings. Reading
methods may be called from any thread; ``reply`` is iterated in one thread at a time.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, cast

from rpterm.cards.card import CharacterCard
from rpterm.chat.asked import stops_for, to_engine, with_choice
from rpterm.chat.bestof import best_of
from rpterm.chat.cast.company import Casting
from rpterm.chat.cast.scene import Scene
from rpterm.chat.cast.seats import Seat
from rpterm.chat.events import ReplyFailed, ReplyFinished, SessionEvent, UserTurnStored
from rpterm.chat.placing import Job, goes_on_from, place
from rpterm.chat.prompting import Exemplars, Finder, Prompter, turns_left_out
from rpterm.chat.reply import ReplyRun
from rpterm.chat.request import ReplyRequest, SessionError
from rpterm.chat.states import States
from rpterm.chat.tree import Tree
from rpterm.config import Settings
from rpterm.engine.protocol import Engine, EngineError, EngineInfo
from rpterm.prompt.build import PromptTooLarge
from rpterm.prompt.compose import expander
from rpterm.prompt.template import OPEN_USER, TemplateError
from rpterm.store import Store
from rpterm.store.shared import answering
from rpterm.types import Chat, Intent, Origin, Prompt, RptermError, Status, Turn

if TYPE_CHECKING:
    from collections.abc import Generator

    from rpterm.chat.live import LiveScores
    from rpterm.memory.distil.schedule import Distiller
    from rpterm.memory.facade import Memory
    from rpterm.store.liveness import Presence


__all__ = ["ReplyRequest", "Session", "SessionError"]


class Session(Tree):
    """One chat, one card, one engine."""

    def __init__(
        self,
        store: Store,
        engine: Engine,
        card: CharacterCard,
        chat: Chat,
        settings: Settings,
        *,
        states: Path | None = None,
        finders: Sequence[Finder] = (),
        memory: Memory | None = None,
        flagged: Collection[str] = (),
        examples: Exemplars | None = None,
        scores: LiveScores | None = None,
        casting: Casting | None = None,
        distiller: Distiller | None = None,
    ) -> None:
        """Args:
        states: Folder of saved caches; ``None`` saves none.
        finders: Asked in turn for what joins each prompt.
        memory: The character's long-term memory; the session starts and closes it.
        flagged: Names of samplers that the settings decide, whatever the card says.
        examples: Chooses example dialogues; ``None`` takes the card's own as they are.
        scores: Scores replies when a front end asks; nothing here waits for it.
        casting: Where characters that join the chat come from; ``None`` lets nobody join.
        distiller: Writes lasting facts into memory when nothing else goes on.
        """
        super().__init__(store, chat.id)
        self.engine = engine
        self.card = card
        self.settings = settings
        self._states = States(states) if states is not None else None
        self._flagged = frozenset(flagged)
        self.memory = memory
        self.examples = examples
        self.scores = scores
        self._prompter = Prompter(engine, settings, finders, memory, examples)
        self.scene = Scene(
            store, chat.id, Seat(card, self._prompter, memory),
            lambda _, own: Prompter(engine, self.settings, finders, own), casting,
        )  # fmt: skip
        self.distiller = distiller
        self._left: frozenset[int] = frozenset()
        self._loading = threading.Lock()
        self._stopped = threading.Event()
        self.rivals: Callable[[Settings], Engine] | None = None
        """Opens another model for a duel; ``None`` where none can be had."""
        self.presence: Presence | None = None
        """The mark by which other programs see that the chat is open; it goes when it is left."""
        self.opponent: Session | None = None
        """The other side of a duel under way; what stops this session stops it, too."""

    # The model ---------------------------------------------------------------------------------
    def load(self, on_progress: Callable[[float], None] | None = None) -> EngineInfo:
        """Load the model and the chat's saved cache, then settle. Blocks; call it in a thread.

        Raises:
            ModelError: The weights cannot be used.
        """
        info = self.engine.load(on_progress)
        with self._loading:
            if self.scene.ready(info):
                if self._states is not None:
                    cards = [seat.card.name for seat in self.scene.by_likelihood(self.path())]
                    self._states.restore(self.engine, self.chat_id, self._key(info), cards)
                self.settle()
                self.scene.start()
                self._distil()
        return info

    def _key(self, info: EngineInfo) -> str:
        """What a saved cache depends on, beside chat and character."""
        assert self._prompter.template is not None
        return f"{info.model_hash[:12]}-{info.adapter_hash[:8]}-{self._prompter.template.hash[:8]}"

    def settle(self) -> None:
        """Let the engine evaluate, in the background, all that the next prompt can reuse."""
        info = self.engine.info
        if info is None or self._prompter.template is None or self.settings.kv_mode == "shift":
            return
        # Only time can be lost: what is wrong with prompt or engine is told at the next reply.
        with suppress(PromptTooLarge, TemplateError, EngineError):
            path = self.path()
            seat = self.scene.expected(path)
            ids = self._clean(seat, path)
            others = []
            for other in self.scene.listening(seat) if self.scene.group else ():
                with suppress(PromptTooLarge, TemplateError):
                    others.append(self._clean(other, path))
            self.engine.settle(ids, others)

    def _clean(self, seat: Seat, path: list[Turn]) -> tuple[int, ...]:
        """All that a character's next prompt is known to begin with."""
        view = self.scene.view(seat, path)
        return seat.prompter.clean(seat.card, self.chat, view, OPEN_USER).ids

    def moved(self) -> None:
        """The branch shown changed: the cache follows."""
        self.settle()

    # One reply ---------------------------------------------------------------------------------
    def reply(self, request: ReplyRequest) -> Iterator[SessionEvent]:
        """Make one reply (or several candidates, or a draft) and tell what happens.

        Never raises for an engine's failure or a prompt that is too large: that is a
        ``ReplyFailed``. Closing the iterator cancels. After the last event the engine settles in
        the background.

        Raises:
            SessionError: The request makes no sense here (empty text, nothing to continue).
            GroupError: Nobody is called so, or everybody is muted.
        """
        self._stopped.clear()
        self.touched()
        self.scene.follow()
        if request.speaker:
            self.scene.seat(request.speaker)
        under, parted = goes_on_from(self, request)
        said = None
        if request.intent is Intent.SEND:
            turn = self._store_user(request.text, under)
            self.scene.remember(turn)
            said, under = UserTurnStored(turn, parted=parted), turn.id
        if self.scores is not None:
            request = with_choice(request, self.settings.scoring.best_of)
        with answering(self.store, under if request.intent in (Intent.SEND, Intent.NEXT) else None):
            if said is not None:
                yield said
            yield from self._reply(request)

    def _reply(self, request: ReplyRequest) -> Iterator[SessionEvent]:
        job = place(self, request, group=self.scene.group)
        try:
            yield from self._run(request, job)
        except EngineError as error:
            yield ReplyFailed(str(error), error.log_tail)
        except (PromptTooLarge, TemplateError) as error:
            yield ReplyFailed(str(error))
        finally:
            self.settle()
            self._distil()

    def touched(self) -> None:
        """The user types: what works in the background gives way; returns at once."""
        if self.distiller is not None:
            self.distiller.busy()

    def _distil(self) -> None:
        """Let memory be written, by the model only once the cache is ready for the next turn."""
        if self.distiller is not None:
            self.distiller.attach(self.engine, self._prompter.template)
            self.distiller.wake(self._left)

    def _run(self, request: ReplyRequest, job: Job) -> Iterator[SessionEvent]:
        info = self.load()
        seat = self._seat(request, job)
        prompt = seat.prompter.full(
            seat.card, self.chat, self.scene.view(seat, job.history), ending=job.ending,
            hint=request.hint, examples=request.examples,
        )  # fmt: skip
        if self._stopped.is_set():
            yield ReplyFailed("Stopped.")
            return
        self._left |= turns_left_out(prompt)
        run = self._begun(request, job, seat, prompt, info)
        events = run.events()
        if request.best and self.scores is not None and self.scene.plays(seat):
            events = best_of(events, self.scores, seat.card, self.chat, self.keep_best)
        try:
            for event in events:
                if isinstance(event, ReplyFinished):
                    self.scene.remember(event.turn)
                yield event
        finally:
            # What was begun is stored now, before the engine settles.
            cast("Generator[SessionEvent, None, None]", events).close()

    def _begun(
        self, request: ReplyRequest, job: Job, seat: Seat, prompt: Prompt, info: EngineInfo
    ) -> ReplyRun:
        """The reply, ready to run; its empty turns are stored."""
        stops = stops_for(self.chat.persona.name, seat.card.char, self.scene.others(seat))
        asked = to_engine(
            request, prompt, self.settings, seat.card, self._flagged, most=info.sequences,
            stop=stops + (seat.prompter.template.stops if seat.prompter.template else ()),
        )  # fmt: skip
        count = 0 if job.draft else len(asked.seeds)
        before = self.chat.leaf_id if request.shown else None
        return ReplyRun(
            store=self.store,
            engine=self.engine,
            info=info,
            prompt=prompt,
            request=asked,
            template_hash=self._prompter.template.hash if self._prompter.template else "",
            turns=self._open_turns(seat.card, job, count, request.shown),
            base=job.base,
            before=before,
            names=() if job.draft else self.scene.heads(seat, self.chat.persona.name),
        )

    def cancel(self) -> None:
        """Stop the running reply from any thread; returns at once."""
        self._stopped.set()
        self.engine.cancel()
        if self.opponent is not None and self.opponent is not self:
            self.opponent.cancel()

    def _seat(self, request: ReplyRequest, job: Job) -> Seat:
        """Who speaks: who was asked for, else whose reply it was, else whose turn it is."""
        if request.speaker:
            return self.scene.seat(request.speaker)
        if job.said_by is not None:
            return self.scene.seat_of(job.said_by)
        if job.draft:
            return self.scene.expected(self.path())
        return self.scene.next(job.history, self.engine)

    def _store_user(self, text: str, leaf: int | None) -> Turn:
        if not text.strip():
            raise SessionError("There is nothing to send: the message is empty.")
        name = self.chat.persona.name
        filled = expander(self.card, self.chat)(text.strip())
        turn = self.store.add_turn(self.chat_id, leaf, "user", name, filled, origin=Origin.TYPED)
        if leaf is not None:
            self.rater.went_on(self.store.turn(leaf))
        return turn

    def _open_turns(
        self, card: CharacterCard, job: Job, count: int, shown: bool
    ) -> tuple[Turn, ...]:
        origin = Origin.CONTINUED if job.edited_from else Origin.GENERATED
        return tuple(
            self.store.add_turn(
                self.chat_id, job.parent_id, "assistant", card.char, job.base,
                origin=origin, status=Status.STREAMING, edited_from=job.edited_from,
                select=shown and index == 0,
            )
            for index in range(count)
        )  # fmt: skip

    # The prompt --------------------------------------------------------------------------------
    def preview(self, draft: str = "") -> Prompt:
        """The prompt as it would be sent now with this draft.

        Raises:
            NotReadyError: The model is not loaded yet, so nobody can count tokens.
            PromptTooLarge: The card alone does not fit; the text has the numbers.
        """
        path = self.path()
        if draft.strip():
            text = expander(self.card, self.chat)(draft.strip())
            path.append(Turn(0, self.chat_id, None, "user", self.chat.persona.name, text))
        seat = self.scene.next(path) if draft.strip() else self.scene.expected(path)
        return seat.prompter.full(seat.card, self.chat, self.scene.view(seat, path))

    def count(self, text: str) -> int:
        """Tokens of a text, by the model's own tokenizer once it is loaded."""
        return self._prompter.count(text)

    # The end -----------------------------------------------------------------------------------
    def retune(self, settings: Settings) -> None:
        """Go on with other settings from the next reply; what was opened by them stays open."""
        self.settings = settings
        for seat in self.scene.seats():
            seat.prompter.settings = settings

    def set_card(self, card: CharacterCard, text: str, member: str = "") -> None:
        """Go on with a changed card (``text`` is its TOML) from the next turn.

        Under a new name the character keeps the chats of this card's file and its memories.

        Args:
            member: The card name of one of several characters; "" is the chat's own.

        Raises:
            GroupError: Another one in this chat has one of its new names.
        """
        if member:
            digest = self.store.put_card(card.name, text)
            self.scene.recast(self.scene.seat(member), card, digest)
        else:
            self.scene.recast(self.scene.lead, card)
            self.card = card
            self.store.update_chat(self.chat_id, card_hash=self.store.put_card(card.name, text))
        self.settle()

    def delete(self, turn_id: int, *, alone: bool = False) -> None:
        """Delete a turn, with all that follows it or alone, for good, from saved caches, too."""
        if self._states is not None:
            self._states.forget(self.chat_id)
        super().delete(turn_id, alone=alone)

    def delete_chat(self, chat_id: int) -> None:
        """Delete a whole chat, this one or another, with its saved cache."""
        if self._states is not None:
            self._states.forget(chat_id)
        self.store.delete_chat(chat_id)

    def leave(self) -> None:
        """Save the cache of this chat; engine and store stay open for another session."""
        if self.presence is not None:
            self.presence.release()
        if self.distiller is not None:
            self.distiller.close()
        info = self.engine.info
        if info is None or self._prompter.template is None or self._states is None:
            return
        # A cache is worth time, not words: a full or read-only disk is no reason to complain.
        with suppress(OSError, RptermError):
            path = self.path()
            seats = self.scene.by_likelihood(path)
            ready = [(s.card.name, self._clean(s, path) if seats[1:] else ()) for s in seats]
            self._states.keep(self.engine, self.chat_id, self._key(info), ready)

    def close(self) -> None:
        """Save the cache, free the engine, close the store."""
        try:
            self.cancel()
            self.leave()
        finally:
            self.scene.close()
            self.engine.close()
            self.store.close()
