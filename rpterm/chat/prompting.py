"""From a chat as it stands to the prompt: asks lore and memory, then builds the ledger.

Holds what belongs to one engine: its template and its tokenizer's answers. It knows no store and
makes no reply.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from rpterm.cards.card import CharacterCard
from rpterm.config import Settings
from rpterm.engine.protocol import Engine, EngineInfo, Piece
from rpterm.group import headed
from rpterm.prompt.build import PromptInput, build_prompt
from rpterm.prompt.compose import Extras, chat_inserts, expander, hint_inserts
from rpterm.prompt.lore import LoreFinder
from rpterm.prompt.static import ExampleTurns, Insert
from rpterm.prompt.template import OPEN_LAST, REPLY, ChatTemplate, Ending, TemplateError
from rpterm.prompt.tokens import TokenCache
from rpterm.prompt.window import read_turns
from rpterm.types import Chat, LeftOut, Prompt, RptermError, Turn

MEMORY_SHARE = 12
"""Memories may take a twelfth of the window: half of what the volatile block may."""

HIDDEN = "you hid it from the model"
"""Why a turn is left out that the window had room for."""

if TYPE_CHECKING:
    from rpterm.memory.facade import Memory


class NotReadyError(RptermError):
    """The model is not loaded yet, so nobody can count tokens."""


class Finder(Protocol):
    """Finds what joins a prompt: lore, examples, anything of this turn."""

    def __call__(
        self, card: CharacterCard, chat: Chat, history: Sequence[Turn], context: int
    ) -> Extras: ...


class Exemplars(Protocol):
    """Chooses example dialogues: those that stay, and those for one turn."""

    def fixed(self, card: CharacterCard, chat: Chat) -> tuple[tuple[ExampleTurns, ...] | None, int]:
        """What stands in the static part (``None``: the card's own), and the tokens for it."""
        ...

    def for_turn(
        self,
        card: CharacterCard,
        chat: Chat,
        history: Sequence[Turn],
        prompt: Prompt,
        count: Callable[[str], int],
    ) -> tuple[tuple[Insert, ...], tuple[LeftOut, ...]]:
        """What joins this turn alone, best first, and what came near and does not.

        Args:
            prompt: The prompt without them.
            count: Tokens of a text.
        """  # fmt: skip
        ...


class Prompter:
    """Builds the prompts of one chat for one engine; safe to call from any thread."""

    def __init__(
        self,
        engine: Engine,
        settings: Settings,
        finders: Sequence[Finder] = (),
        memory: Memory | None = None,
        examples: Exemplars | None = None,
    ) -> None:
        self._engine = engine
        self.settings = settings
        self._lock = threading.RLock()
        self._encode = TokenCache(engine.tokenize)
        self._lore = LoreFinder(self.count)
        self._finders = tuple(finders)
        self._memory = memory
        self._examples = examples
        self.template: ChatTemplate | None = None
        self.company = ""
        """Who else is there, for a chat with several characters: part of the static block. All that
        is said is then headed by the name of who says it."""
        self.lost: tuple[LeftOut, ...] = ()
        """Worlds of the card that cannot be read; whoever reads its file says so here."""

    def ready(self, info: EngineInfo) -> bool:
        """Take the model's template; whether that was still to be done.

        Raises:
            TemplateError: The user chose one that cannot write a chat.
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
        """Tokens of a text."""
        with self._lock:
            return len(self._encode([Piece(text)])[0])

    def clean(
        self, card: CharacterCard, chat: Chat, history: Sequence[Turn], ending: Ending
    ) -> Prompt:
        """The prompt without anything that belongs to one turn only: what a cache can keep."""
        history = read_turns(history)
        lore = self._lore(card, chat, history, self._context())
        extras = self._with_examples(card, chat, Extras(fixed=lore.fixed))
        return self._build(card, chat, history, extras, ending)

    def full(
        self,
        card: CharacterCard,
        chat: Chat,
        history: Sequence[Turn],
        *,
        ending: Ending = REPLY,
        hint: str = "",
        examples: bool = True,
    ) -> Prompt:
        """The prompt of a reply, with lore, memories, notes, examples and the hint for it.

        Args:
            examples: False leaves all example dialogues out.

        Raises:
            NotReadyError: Before ``ready``.
            PromptTooLarge: The card alone, or with the last message, does not fit.
        """
        context = self._context()
        hidden = self._hidden(history)
        history = read_turns(history)
        found = [find(card, chat, history, context) for find in (self._lore, *self._finders)]
        extras = Extras(
            fixed=tuple(insert for extra in found for insert in extra.fixed),
            inserts=_own_inserts(card, chat, history, ending)
            + tuple(insert for extra in found for insert in extra.inserts),
            left_out=hidden + self.lost + tuple(gone for extra in found for gone in extra.left_out),
        )
        if examples:
            extras = self._with_examples(card, chat, extras)
        else:
            extras = replace(extras, examples=())
        prompt = self._build(card, chat, history, extras, ending, hint)
        chosen: tuple[Insert, ...] = ()
        passed: tuple[LeftOut, ...] = ()
        if examples and self._examples is not None:
            chosen, passed = self._examples.for_turn(card, chat, history, prompt, self.count)
        recalled = self._recalled(card, chat, history, prompt)
        if not (recalled or chosen or passed):
            return prompt
        inserts, left_out = extras.inserts + chosen + recalled, extras.left_out + passed
        extras = replace(extras, inserts=inserts, left_out=left_out)
        return self._build(card, chat, history, extras, ending, hint)

    def _hidden(self, history: Sequence[Turn]) -> tuple[LeftOut, ...]:
        return tuple(
            LeftOut(f"turn:{turn.id}", turn.text, self.count(turn.text), HIDDEN)
            for turn in history
            if turn.hidden
        )

    def _with_examples(self, card: CharacterCard, chat: Chat, extras: Extras) -> Extras:
        if self._examples is None:
            return extras
        fixed, budget = self._examples.fixed(card, chat)
        return replace(extras, examples=fixed, examples_budget=budget)

    def _recalled(
        self, card: CharacterCard, chat: Chat, history: Sequence[Turn], prompt: Prompt
    ) -> tuple[Insert, ...]:
        """Memories of what the prompt does not hold anyway, best first."""
        if self._memory is None or not history or history[-1].role != "user":
            return ()
        gone = {out.source for out in prompt.left_out}
        inside = [turn.id for turn in history if f"turn:{turn.id}" not in gone]
        found = self._memory.recall(
            chat.id,
            history[:-1],
            history[-1].text,
            self._context() // MEMORY_SHARE,
            self.count,
            in_prompt=inside,
        )
        return tuple(
            Insert(f"memory:{item.id}", item.in_prompt_of(card.char), item.why) for item in found
        )

    def _context(self) -> int:
        info = self._engine.info
        if info is None or self.template is None:
            raise NotReadyError("The model is still loading; its tokenizer is not there yet.")
        return info.context

    def _build(
        self,
        card: CharacterCard,
        chat: Chat,
        history: Sequence[Turn],
        extras: Extras,
        ending: Ending,
        hint: str = "",
    ) -> Prompt:
        cued = bool(self.company) and ending == REPLY
        if self.company:
            also = Insert("company", self.company, "who else is in this scene")
            extras = replace(extras, fixed=(*extras.fixed, also))
            history = [headed(turn) for turn in history]
            if cued:
                # Begun with the speaker's own name: a small model else likes to go on as another.
                begun = Turn(0, chat.id, None, "assistant", card.char, "")
                history, ending = [*history, headed(begun)], OPEN_LAST
        sampling = self.settings.sampling
        given = PromptInput(
            card=card,
            persona=chat.persona,
            history=history,
            context=self._context(),
            max_reply=sampling.max_tokens + sampling.think_tokens,
            expand=expander(card, chat),
            own_system=self.settings.system_prompt,
            fixed=extras.fixed,
            inserts=hint_inserts(hint) + extras.inserts,
            left_out=extras.left_out,
            ending=ending,
            examples=extras.examples,
            examples_budget=extras.examples_budget,
            cued=cued,
            thinking=sampling.think_tokens > 0,
        )
        assert self.template is not None
        with self._lock:
            return build_prompt(given, self.template, self._encode)


def turns_left_out(prompt: Prompt) -> frozenset[int]:
    """The turns that the window had no room for."""
    gone = (each for each in prompt.left_out if each.why != HIDDEN)
    numbers = (each.source.removeprefix("turn:") for each in gone)
    return frozenset(int(number) for number in numbers if number.isdecimal())


def _own_inserts(
    card: CharacterCard, chat: Chat, history: Sequence[Turn], ending: Ending
) -> tuple[Insert, ...]:
    """Note and last instructions; nothing stands behind a line of the user that goes on."""
    drafted = ending == OPEN_LAST and bool(history) and history[-1].role == "user"
    return tuple(each for each in chat_inserts(card, chat) if not (each.after and drafted))
