"""A chat session: one stored chat, its card and an engine, from the user's text to a stored reply.

Everything the model writes goes through ``Session.reply``. The other methods move around the tree
of turns or change the chat's settings. A session knows no user interface and no particular model.
Methods that only read may be called from any thread; ``reply`` is iterated by one thread at a time.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from rpterm.cards.card import CharacterCard
from rpterm.chat.best_of import best_of
from rpterm.chat.cast.actors import Actor
from rpterm.chat.cast.card_lookup import CardSource
from rpterm.chat.cast.scene import Scene
from rpterm.chat.engine_request import apply_best_of, build_engine_request, stop_texts
from rpterm.chat.events import (
    BestKept,
    ReplyCancelled,
    ReplyFailed,
    ReplyFinished,
    SessionEvents,
    UserTurnStored,
)
from rpterm.chat.placement import Placement, find_placement, parent_of_message
from rpterm.chat.prompting import Prompter, turns_left_out
from rpterm.chat.reply import ReplyRun
from rpterm.chat.request import ReplyRequest, SessionError
from rpterm.chat.saved_caches import SavedCaches
from rpterm.chat.tree import Tree
from rpterm.config import Settings
from rpterm.engine.protocol import BackgroundEngine, Engine, EngineError, EngineInfo
from rpterm.errors import RptermError
from rpterm.prompt.build import PromptTooLarge
from rpterm.prompt.oneshot import background_asker
from rpterm.prompt.template import TemplateError
from rpterm.store import Store
from rpterm.store.database.other_processes import mark_answering
from rpterm.store.prompt_speed import prompt_speed
from rpterm.types import Chat, Intent, Origin, Prompt, Status, Turn

if TYPE_CHECKING:
    from rpterm.chat.live_scores import LiveScores
    from rpterm.examples.provider import ExampleProvider
    from rpterm.memory.character_memory import CharacterMemory
    from rpterm.memory.distil.distiller import Distiller
    from rpterm.scoring.scorer import Score
    from rpterm.store.database.process_locks import Presence


class Session(Tree):
    """An open chat: generates replies and changes the chat.

    Attributes:
        scene: The characters that take part; with one character, a scene of one.
        distiller: Extracts lasting facts into memory while the model is idle, if set.
        open_other_engine: Opens another model for a duel; ``None`` if there is none to open.
        presence: Tells other programs that the chat is open; released when the chat is left.
        opponent: The other side of a running duel; cancelling this session cancels it, too.
    """

    def __init__(
        self,
        store: Store,
        engine: Engine,
        card: CharacterCard,
        chat: Chat,
        settings: Settings,
        *,
        states: Path | None = None,
        memory: CharacterMemory | None = None,
        flagged: Collection[str] = (),
        examples: ExampleProvider | None = None,
        scores: LiveScores | None = None,
        casting: CardSource | None = None,
    ) -> None:
        """Args:
        states: Folder of saved KV caches; ``None`` saves none.
        memory: The character's long-term memory; the session starts and closes it.
        flagged: Names of samplers that the settings decide, whatever the card says.
        examples: Chooses example dialogues; ``None`` uses the card's own, all of them.
        scores: Scores replies when a front end asks; ``reply`` never waits for a score, except to
            keep the best of several candidates.
        casting: Finds the cards of characters that join; ``None`` lets nobody join.
        """
        super().__init__(store, chat.id)
        self.engine, self.card, self.settings = engine, card, settings
        self.memory, self.examples, self.scores = memory, examples, scores
        self.distiller: Distiller | None = None
        self._saved_caches = SavedCaches(states) if states is not None else None
        self._flagged = frozenset(flagged)
        self._prompter = Prompter(engine, settings, memory, examples, lambda: self._tokens_per_s)
        self.scene = Scene(store, chat.id, Actor(card, self._prompter, memory), casting)
        self.open_other_engine: Callable[[Settings], Engine] | None = None
        self.presence: Presence | None = None
        self.opponent: Session | None = None
        self._turns_left_out: frozenset[int] = frozenset()
        self._tokens_per_s = 0.0
        self._load_lock = threading.Lock()
        self._cancelled = threading.Event()

    # The model and its cache -------------------------------------------------------------------
    def load(self, on_progress: Callable[[float], None] | None = None) -> EngineInfo:
        """Load the model and the chat's saved KV cache; then ``settle_cache``. Blocks.

        Raises:
            ModelError: The weights cannot be used.
        """
        info = self.engine.load(on_progress)
        with self._load_lock:
            self._tokens_per_s = prompt_speed(self.store, info.model, info.model_hash)
            if self.scene.ready(info):
                if (saved := self._saved_caches) is not None:
                    cards = [actor.card.name for actor in self.scene.by_likelihood(self.path())]
                    saved.restore(self.engine, self.chat_id, self._cache_key(info), cards)
                self.settle_cache()
                self.scene.start()
                self._resume_distiller()
        return info

    def _cache_key(self, info: EngineInfo) -> str:
        """What a saved KV cache depends on besides the chat and the character."""
        assert self._prompter.template is not None
        return f"{info.model_hash[:12]}-{info.adapter_hash[:8]}-{self._prompter.template.hash[:8]}"

    def settle_cache(self) -> None:
        """Let the engine evaluate, in the background, what the next prompt will begin with."""
        info = self.engine.info
        if info is None or self._prompter.template is None or self.settings.kv_mode == "shift":
            return
        # A failure here only costs time: the next reply reports what is wrong.
        with suppress(PromptTooLarge, TemplateError, EngineError):
            path = self.path()
            actor = self.scene.expected_speaker(path)
            others = []
            for other in self.scene.other_speakers(actor) if self.scene.group else ():
                with suppress(PromptTooLarge, TemplateError):
                    others.append(self.scene.reusable_prefix(other, path))
            self.engine.settle(self.scene.reusable_prefix(actor, path), others)

    def user_is_typing(self) -> None:
        """The user is typing: make background work give way. Returns at once."""
        if self.distiller is not None:
            self.distiller.busy()

    def _resume_distiller(self) -> None:
        """Let memory be written; the distiller waits until the cache is ready for the next turn."""
        if self.distiller is None:
            return
        engine, template = self.engine, self._prompter.template
        if template is not None and isinstance(engine, BackgroundEngine):
            self.distiller.attach(engine, background_asker(engine, template))
        self.distiller.wake(self._turns_left_out)

    # One reply ---------------------------------------------------------------------------------
    def say(self, text: str) -> Turn:
        """Send a message, wait, and return the reply; ``reply`` streams it and can do more.

        Raises:
            RptermError: The message is empty or the engine failed; what it generated is stored.
        """
        reply: Turn | None = None
        for event in self.reply(ReplyRequest(text=text)):
            if isinstance(event, UserTurnStored):
                self.load()
                self.scene.wait_for_memories()
            elif isinstance(event, ReplyFinished | ReplyCancelled | BestKept):
                reply = event.turn
            elif isinstance(event, ReplyFailed):
                raise SessionError(event.message)
        assert reply is not None
        return reply

    def score(self, reply: Turn) -> Score:
        """Score by all signals how well a reply stays in character, and store the score. Blocks.

        Raises:
            SessionError: Scoring is off or failed, or the reply has no text.
        """
        if self.scores is None:
            raise SessionError("Scoring is off: turn on scoring.live.")
        score = self.scores.score_fully(self.scene.actor_of(reply).card, self.chat, reply)
        if score is None:
            raise SessionError(self.scores.problem or "This is not a reply that can be scored.")
        return score

    def reply(self, request: ReplyRequest) -> SessionEvents:
        """Generate a reply, several candidates or a draft, and yield what happens as events.

        An engine failure or a prompt that is too large is not raised but yielded as a
        ``ReplyFailed``. Closing the iterator cancels the reply. After the last event the engine
        settles in the background.

        Raises:
            SessionError: The request makes no sense here (empty text, nothing to continue).
            GroupError: Nobody has the requested name, or everybody is muted.
        """
        self._cancelled.clear()
        self.user_is_typing()
        self.scene.sync_cast()
        if request.speaker:
            self.scene.actor(request.speaker)  # An unknown name fails before anything is stored.
        parent_id, begins_branch = parent_of_message(self, request)
        stored = None
        if request.intent is Intent.SEND:
            turn = self.add_message(request.text, parent_id)
            self.scene.remember(turn)
            stored, parent_id = UserTurnStored(turn, begins_branch=begins_branch), turn.id
        if self.scores is not None:
            request = apply_best_of(request, self.settings.scoring.best_of)
        answered = parent_id if request.intent in (Intent.SEND, Intent.NEXT) else None
        with mark_answering(self.store, answered):
            if stored is not None:
                yield stored
            yield from self._reply(request)

    def _reply(self, request: ReplyRequest) -> SessionEvents:
        """Place and generate the reply; turn failures into events, and settle at the end."""
        job = find_placement(self, request, group=self.scene.group)
        try:
            yield from self._generate(request, job)
        except EngineError as error:
            yield ReplyFailed(str(error), error.log_tail)
        except (PromptTooLarge, TemplateError) as error:
            yield ReplyFailed(str(error))
        finally:
            self.settle_cache()
            self._resume_distiller()

    def _generate(self, request: ReplyRequest, job: Placement) -> SessionEvents:
        """Load the model, build the prompt, and run the reply."""
        info = self.load()
        actor = self._speaker(request, job)
        view = self.scene.view(actor, job.history)
        prompt = actor.prompter.build_full(
            view, ending=job.ending, hint=request.hint, examples=request.examples
        )
        job = job.with_variables(view.changed_variables)
        if self._cancelled.is_set():
            yield ReplyFailed("Stopped.")
            return
        self._turns_left_out |= turns_left_out(prompt)
        events = self._prepare_run(request, job, actor, prompt, info).events()
        if request.best and self.scores is not None and self.scene.plays_character(actor):
            events = best_of(events, self.scores, actor.card, self.chat, self.keep_best)
        with closing(events):  # This stores an unfinished reply before the engine settles.
            for event in events:
                if self._cancelled.is_set():
                    self.engine.cancel()  # It may have had no request when ``cancel`` was called.
                if isinstance(event, ReplyFinished):
                    self.scene.remember(event.turn)
                yield event

    def _speaker(self, request: ReplyRequest, job: Placement) -> Actor:
        """Who speaks: whom the request names, else whose reply it was, else whose turn it is."""
        if request.speaker:
            return self.scene.actor(request.speaker)
        if job.said_by is not None:
            return self.scene.actor_of(job.said_by)
        if job.draft:
            return self.scene.expected_speaker(self.path())
        return self.scene.next_speaker(job.history, self.engine)

    def _prepare_run(
        self, request: ReplyRequest, job: Placement, actor: Actor, prompt: Prompt, info: EngineInfo
    ) -> ReplyRun:
        """Store the empty reply turns and return the run that will fill them."""
        template, persona = self._prompter.template, self.chat.persona
        stops = stop_texts(persona.name, actor.card.char, self.scene.other_names(actor))
        engine_request = build_engine_request(
            request, prompt, self.settings, actor.card, self._flagged, most=info.sequences,
            stop=stops + (template.stops if template else ()),
        )  # fmt: skip
        count = 0 if job.draft else len(engine_request.seeds)
        previous_leaf = self.chat.leaf_id if request.shown else None
        return ReplyRun(
            store=self.store,
            engine=self.engine,
            info=info,
            prompt=prompt,
            request=engine_request,
            template_hash=template.hash if template else "",
            turns=self._create_reply_turns(actor.card, job, count, request.shown),
            base=job.base,
            previous_leaf=previous_leaf,
            names=() if job.draft else self.scene.name_prefixes(actor, persona.name),
        )

    def _create_reply_turns(
        self, card: CharacterCard, job: Placement, count: int, shown: bool
    ) -> tuple[Turn, ...]:
        origin = Origin.CONTINUED if job.edited_from else Origin.GENERATED
        return tuple(
            self.store.add_turn(
                self.chat_id, job.parent_id, "assistant", card.char, job.base,
                origin=origin, status=Status.STREAMING, edited_from=job.edited_from,
                select=shown and index == 0, variables=job.variables,
            )
            for index in range(count)
        )  # fmt: skip

    def cancel(self) -> None:
        """Stop the running reply. May be called from any thread; returns at once."""
        self._cancelled.set()
        self.engine.cancel()
        if self.opponent is not None and self.opponent is not self:
            self.opponent.cancel()

    def preview(self, draft: str = "") -> Prompt:
        """The prompt that would be sent now if the user sent this draft.

        Raises:
            RptermError: The model is not loaded yet, so tokens cannot be counted.
            PromptTooLarge: The card alone does not fit; the message has the numbers.
        """
        path = self.path()
        if draft.strip():
            path.append(self.message(draft.strip(), path))
        choose = self.scene.next_speaker if draft.strip() else self.scene.expected_speaker
        return self.scene.build_prompt(choose(path), path)

    # Settings and card -------------------------------------------------------------------------
    def apply_settings(self, settings: Settings, flagged: Collection[str]) -> None:
        """Use other settings from the next reply on; what was opened with the old ones stays.

        Args:
            flagged: Names of samplers that the settings decide, whatever the card says.
        """
        self.settings, self._flagged = settings, frozenset(flagged)
        for actor in self.scene.actors():
            actor.prompter.settings = settings

    def set_card(self, card: CharacterCard, text: str, member: str = "") -> None:
        """Use a changed card (``text`` is its TOML) from the next reply on.

        A character that is renamed keeps the chats of its card's file and its memories.

        Args:
            member: The card name of one of several characters; "" is the chat's own character.

        Raises:
            GroupError: Another character in this chat already has one of the new names.
        """
        digest = self.store.put_card(card.name, text)
        if member:
            self.scene.set_card(self.scene.actor(member), card, digest)
        else:
            self.scene.set_card(self.scene.lead, card)
            self.card = card
            self.store.update_chat(self.chat_id, card_hash=digest)
            self.renew_greetings()
        self.settle_cache()

    # Deleting and leaving ----------------------------------------------------------------------
    def delete(self, turn_id: int, *, alone: bool = False) -> None:
        """As in ``Tree``; the saved KV caches, which hold the turn's tokens, are deleted, too."""
        if self._saved_caches is not None:
            self._saved_caches.forget(self.chat_id)
        super().delete(turn_id, alone=alone)

    def delete_chat(self, chat_id: int) -> None:
        """Delete a chat, this one or another, with its saved KV caches."""
        if self._saved_caches is not None:
            self._saved_caches.forget(chat_id)
        self.store.delete_chat(chat_id)

    def leave(self) -> None:
        """Save the chat's KV cache; engine and store stay open for another session."""
        if self.presence is not None:
            self.presence.release()
        if self.distiller is not None:
            self.distiller.close()
        info = self.engine.info
        if info is None or self._prompter.template is None or self._saved_caches is None:
            return
        # A lost cache only costs time, so a full or read-only disk is no reason to complain.
        with suppress(OSError, RptermError):
            path = self.path()
            actors = self.scene.by_likelihood(path)
            several = len(actors) > 1
            prompts = [
                (actor.card.name, self.scene.reusable_prefix(actor, path) if several else ())
                for actor in actors
            ]
            self._saved_caches.save(self.engine, self.chat_id, self._cache_key(info), prompts)

    def close(self) -> None:
        """Cancel the running reply, save the KV cache, and close memories, engine and store."""
        try:
            self.cancel()
            self.leave()
        finally:
            self.scene.close()
            self.engine.close()
            self.store.close()
