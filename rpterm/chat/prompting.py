"""Builds the prompt of a chat: collects lore, examples and memories, then builds the ledger.

A ``Prompter`` holds what depends on one engine: the chat template and the tokenizer's cache. It
knows no store and generates nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from rpterm.chat.prepared_draft import PreparedDraft
from rpterm.config import Settings
from rpterm.engine.protocol import Engine, EngineInfo, Piece
from rpterm.errors import RptermError
from rpterm.prompt.build import PromptInput, build_prompt
from rpterm.prompt.chat_view import ChatView
from rpterm.prompt.extras import PromptExtras, chat_inserts, hint_inserts
from rpterm.prompt.lore import LoreFinder
from rpterm.prompt.perspective import with_speaker_name
from rpterm.prompt.static_block import Insert
from rpterm.prompt.template import OPEN_LAST, REPLY, ChatTemplate, Ending, TemplateError
from rpterm.prompt.token_cache import TokenCache
from rpterm.prompt.wait import limit_wait
from rpterm.types import LeftOut, Prompt, Turn

MEMORY_SHARE = 12
"""Memories may take a twelfth of the context window: half of the volatile block's share."""

HIDDEN_REASON = "you hid it from the model"
"""The reason given for a turn that is left out although the context window has room for it."""

if TYPE_CHECKING:
    from rpterm.examples.provider import ExampleProvider
    from rpterm.memory.character_memory import CharacterMemory


class Prompter:
    """Builds the prompts of one chat for one engine; safe to call from any thread."""

    def __init__(
        self,
        engine: Engine,
        settings: Settings,
        memory: CharacterMemory | None = None,
        examples: ExampleProvider | None = None,
        tokens_per_s: Callable[[], float] = lambda: 0.0,
    ) -> None:
        """Set up a prompter; ``ready`` must be called before it can build.

        Args:
            engine: Counts the tokens.
            settings: Read anew for each prompt.
            memory: What the character remembers, if anything is to be recalled.
            examples: Chooses the example dialogues; ``None`` takes the card's own.
            tokens_per_s: How fast the model evaluates a prompt; 0 if that is not known yet.
        """
        self._engine = engine
        self.settings = settings
        self._lock = threading.RLock()
        self._encode = TokenCache(engine.tokenize)
        self._lore = LoreFinder(self.count)
        self._memory = memory
        self._examples = examples
        self._tokens_per_s = tokens_per_s
        self.prepared = PreparedDraft(engine)
        self.template: ChatTemplate | None = None
        self.company = ""
        """Describes the other characters of a group chat; part of the static block. If it is set,
        every turn in the prompt is headed by its speaker's name."""
        self.unreadable_worlds: tuple[LeftOut, ...] = ()
        """Worlds of the card that cannot be read; set by the code that reads the card's file."""

    def for_another(self, memory: CharacterMemory | None) -> Prompter:
        """The prompter of another character in the same chat."""
        return Prompter(self._engine, self.settings, memory, tokens_per_s=self._tokens_per_s)

    def ready(self, info: EngineInfo) -> bool:
        """Set up the model's chat template; returns whether that had not been done yet.

        Raises:
            TemplateError: The template that the user chose cannot write a chat.
        """
        with self._lock:
            if self.template is not None:
                return False
            template = ChatTemplate(info.chat_template, bos=info.bos, eos=info.eos)
            chosen = self.settings.chat_template
            if chosen and not template.own and info.engine == "llama":
                raise TemplateError(
                    f"The template {chosen} loses or refuses messages of a chat; choose another, "
                    "or the model's own with `rpterm config unset chat_template`."
                )
            self.template = template
            return True

    def count(self, text: str) -> int:
        """The number of tokens of a text."""
        with self._lock:
            return len(self._encode([Piece(text)])[0])

    def build_reusable(self, view: ChatView, ending: Ending) -> Prompt:
        """The prompt without the parts that belong to a single turn: what a KV cache can reuse."""
        view.set_card_variables(self.settings.system_prompt)
        lore = self._lore.find(view, self._context())
        extras = self._with_examples(view, PromptExtras(fixed=lore.fixed))
        return self._build(view, extras, ending)

    def build_full(
        self, view: ChatView, *, ending: Ending = REPLY, hint: str = "", examples: bool = True
    ) -> Prompt:
        """The complete prompt of a reply, with lore, memories, notes, examples and the hint.

        Args:
            examples: False leaves all example dialogues out.

        Raises:
            RptermError: ``ready`` was not called yet.
            PromptTooLarge: The card alone, or with the last message, does not fit.
        """
        view.set_card_variables(self.settings.system_prompt)
        lore = self._lore.find(view, self._context())
        extras = PromptExtras(
            fixed=lore.fixed,
            inserts=hint_inserts(hint) + _own_inserts(view, ending) + lore.inserts,
            left_out=self._hidden(view) + self.unreadable_worlds + lore.left_out,
            examples=None if examples else (),
        )
        if examples:
            extras = self._with_examples(view, extras)
        prompt = self._build(view, extras, ending)
        found, not_used = self._found_for_turn(view, prompt, examples)
        if not (found or not_used):
            return prompt
        extras = replace(
            extras, inserts=extras.inserts + found, left_out=extras.left_out + not_used
        )
        return self._build(view, extras, ending)

    def _found_for_turn(
        self, view: ChatView, prompt: Prompt, with_examples: bool
    ) -> tuple[tuple[Insert, ...], tuple[LeftOut, ...]]:
        """The examples and memories that join this turn, and those that came close."""
        memories, free = self._recall(view, prompt)
        examples: tuple[Insert, ...] = ()
        runners_up: tuple[LeftOut, ...] = ()
        if with_examples and self._examples is not None:
            examples, runners_up = self._examples.for_turn(view, prompt, self.count)
            if self._examples.number_is_chosen(view.chat.id):
                free |= {example.source for example in examples}
        costly = [each for each in memories + examples if each.source not in free]
        slow, not_worth = limit_wait(costly, self._tokens_per_s(), self.count)
        joining = tuple(each for each in examples + memories if each.source not in slow)
        return joining, not_worth + runners_up

    def _hidden(self, view: ChatView) -> tuple[LeftOut, ...]:
        return tuple(
            LeftOut(f"turn:{turn.id}", turn.text, self.count(turn.text), HIDDEN_REASON)
            for turn in view.hidden
        )

    def _with_examples(self, view: ChatView, extras: PromptExtras) -> PromptExtras:
        if self._examples is None:
            return extras
        fixed, budget = self._examples.fixed(view)
        return replace(extras, examples=fixed, examples_budget=budget)

    def _recall(self, view: ChatView, prompt: Prompt) -> tuple[tuple[Insert, ...], frozenset[str]]:
        """Memories that the prompt does not contain already as turns, best first.

        Returns:
            The memories, and the sources of those that are pinned or need no evaluation.
        """
        if self._memory is None or not view.answers_user:
            return (), frozenset()
        left_out = {out.source for out in prompt.left_out}
        in_prompt = [turn.id for turn in view.history if f"turn:{turn.id}" not in left_out]
        memories = self._memory.recall(
            view.chat.id,
            view.history[:-1],
            view.user_text,
            self._context() // MEMORY_SHARE,
            self.count,
            # In a group, the turns keep the names they were said under.
            user="" if self.company else view.chat.persona.name,
            in_prompt=in_prompt,
        )
        inserts = tuple(
            Insert(f"memory:{item.id}", item.in_prompt_of(view.card.char), item.why, first=True)
            for item in memories
        )
        pinned = {f"memory:{item.id}" for item in memories if item.pinned}
        inserts, evaluated = self.prepared.put_first(inserts, view.history[-1].parent_id)
        return inserts, evaluated | pinned

    def _thinks_first(self) -> bool:
        """Whether the user lets the model think and, as far as can be known, it does."""
        info, template = self._engine.info, self.template
        if self.settings.sampling.think_tokens <= 0 or info is None or template is None:
            return False
        return template.thinks or info.engine == "remote"

    def _context(self) -> int:
        info = self._engine.info
        if info is None or self.template is None:
            raise RptermError("The model is still loading, so tokens cannot be counted yet.")
        return info.context

    def _build(self, view: ChatView, extras: PromptExtras, ending: Ending) -> Prompt:
        card, chat, history = view.card, view.chat, view.history
        # A thought comes before the name, so a model that thinks writes the name itself.
        cued = bool(self.company) and ending == REPLY and not self._thinks_first()
        if self.company:
            company = Insert("company", self.company, "who else is in this scene")
            extras = replace(extras, fixed=(*extras.fixed, company))
            history = [with_speaker_name(turn) for turn in history]
            if cued:
                # The reply is begun with the speaker's name: without it a small model tends to
                # speak as another character.
                cue = Turn(0, chat.id, None, "assistant", card.char, "")
                history, ending = [*history, with_speaker_name(cue)], OPEN_LAST
        sampling = self.settings.sampling
        prompt_input = PromptInput(
            card=card,
            persona=chat.persona,
            history=history,
            context=self._context(),
            max_reply=sampling.max_tokens + sampling.think_tokens,
            expand=view.expand_static,
            own_system=self.settings.system_prompt,
            extras=extras,
            ending=ending,
            cued=cued,
            thinking=sampling.think_tokens > 0,
        )
        assert self.template is not None
        with self._lock:
            return build_prompt(prompt_input, self.template, self._encode)


def turns_left_out(prompt: Prompt) -> frozenset[int]:
    """The ids of the turns that did not fit into the context window."""
    without_room = (each for each in prompt.left_out if each.why != HIDDEN_REASON)
    numbers = (each.source.removeprefix("turn:") for each in without_room)
    return frozenset(int(number) for number in numbers if number.isdecimal())


def _own_inserts(view: ChatView, ending: Ending) -> tuple[Insert, ...]:
    """The author's note and the last instructions; none goes after a user line to be continued."""
    drafting = ending == OPEN_LAST and view.answers_user
    return tuple(each for each in chat_inserts(view) if not (each.after and drafting))
