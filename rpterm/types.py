"""Frozen records shared by all packages.

This module imports nothing from rpterm and contains no logic. Records are immutable; to change a
value, create a new record with ``dataclasses.replace``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import chain
from typing import Literal

Role = Literal["system", "user", "assistant"]
History = tuple[tuple[bool, str], ...]
"""A dialogue, oldest turn first: whether the character spoke, and the text."""


class Origin(StrEnum):
    """How the text of a turn was created."""

    TYPED = "typed"
    GENERATED = "generated"
    GREETING = "greeting"
    EDITED = "edited"
    CONTINUED = "continued"
    IMPERSONATED = "impersonated"
    IMPORTED = "imported"


class Status(StrEnum):
    """How far a turn got. If ``STREAMING`` is found at start, the process died: it is partial."""

    STREAMING = "streaming"
    COMPLETE = "complete"
    PARTIAL = "partial"
    FAILED = "failed"


class Intent(StrEnum):
    """What kind of reply the user requests from ``Session.reply``.

    ``NEXT`` lets the next character speak without a message from the user.
    """

    SEND = "send"
    REGENERATE = "regenerate"
    CONTINUE = "continue"
    IMPERSONATE = "impersonate"
    NEXT = "next"


class TurnTaking(StrEnum):
    """How the next speaker of a group chat is chosen."""

    MENTIONED = "mentioned"
    ROUND = "round"
    MODEL = "model"
    HAND = "hand"


@dataclass(frozen=True, slots=True)
class Turn:
    """One node in the tree of a chat.

    Attributes:
        id: Row id; also the reply id that ``rpterm replay`` takes.
        parent_id: The turn it answers; ``None`` for a greeting or a first user turn.
        speaker: The name shown: the character's, or that of the user's persona.
        created_at: Unix seconds.
        edited_from: The turn whose text this one was edited or continued from.
        hidden: Whether the model does not read it; it stays in the chat.
        thought: The model's reasoning before this reply; not used in prompts, memory or scores.
        variables: The chat's variables after this turn, as a JSON object; "" if it changed none.
        lifted: Whether the turn it answered was deleted on its own. It is then attached to the turn
            before that one, and its prompt was not the branch above it.
        swipe: 1-based position among its siblings, in order of creation.
        swipes: Number of siblings, including this turn.
    """

    id: int
    chat_id: int
    parent_id: int | None
    role: Role
    speaker: str
    text: str
    origin: Origin = Origin.TYPED
    status: Status = Status.COMPLETE
    created_at: float = 0.0
    edited_from: int | None = None
    hidden: bool = False
    lifted: bool = False
    thought: str = ""
    variables: str = ""
    swipe: int = 1
    swipes: int = 1


@dataclass(frozen=True, slots=True)
class AuthorNote:
    """Text the user inserts near the end of the prompt.

    Attributes:
        depth: 0 puts it into the volatile block, right before the last user message, at no cost.
            ``n`` puts it ``n`` turns further up; those turns are evaluated again for each reply.
    """

    text: str = ""
    depth: int = 0


@dataclass(frozen=True, slots=True)
class Persona:
    """The user's role in a chat: a name, and what the character may know about them."""

    name: str = "User"
    description: str = ""


@dataclass(frozen=True, slots=True)
class Chat:
    """One conversation.

    Attributes:
        card_hash: SHA-256 of the card's TOML text as last used in this chat.
        card_path: The file that card was read from; ``None`` if only the stored copy is known.
        leaf_id: The last turn of the branch that is shown.
        worlds: Lore for this chat only and all its members, named as a card names its worlds.
        turn_count: Number of turns in all branches, including every swipe.
        length: The same, with all swipes of a turn counted as one.
        preview: The first line of the last turn shown.
        first_words: The beginning of the user's first message; "" if there is none.
    """

    id: int
    title: str
    card_name: str
    card_hash: str
    card_path: str | None = None
    leaf_id: int | None = None
    persona: Persona = field(default_factory=Persona)
    note: AuthorNote = field(default_factory=AuthorNote)
    worlds: tuple[str, ...] = ()
    created_at: float = 0.0
    updated_at: float = 0.0
    turn_count: int = 0
    length: int = 0
    preview: str = ""
    first_words: str = ""

    @property
    def heading(self) -> str:
        """The title the user gave, else the beginning of their first message, else ""."""
        return self.title or self.first_words


@dataclass(frozen=True, slots=True)
class Member:
    """One character of a group chat.

    Attributes:
        speaker: The name on its turns.
        card_hash, card_path: As in ``Chat``; empty for the chat's own character, whose card is
            recorded in the chat itself.
        narrator: Whether it describes the scene and speaks for nobody.
        muted: Whether it listens without speaking.
        present: False once it has left; its turns remain attributed to it.
    """

    card_name: str
    speaker: str
    card_hash: str = ""
    card_path: str | None = None
    narrator: bool = False
    muted: bool = False
    present: bool = True


@dataclass(frozen=True, slots=True)
class Cast:
    """The members of a group chat, the chat's own character first.

    Attributes:
        held: Card name of the member who speaks while turns are given by hand.
    """

    members: tuple[Member, ...]
    taking: TurnTaking = TurnTaking.MENTIONED
    held: str = ""


@dataclass(frozen=True, slots=True)
class Sampling:
    """Every parameter of the sampler chain. Users see these descriptions in the settings screen.

    Attributes:
        seed: Seed of the random numbers (32 bits); unset, each reply draws one and stores it.
        max_tokens: Longest reply, in tokens.
        close_after: After this many tokens, a reply stops at the end of a sentence once no quote or
            action is open; 0 is off, -1 is about the length of the card's own replies.
        think_tokens: Longest thought before a reply, in tokens, for models that can think; 0 turns
            thinking off.
        temperature: Randomness: higher is more surprising, 0 always takes the likeliest token.
        dynatemp_range: How far the temperature may move with the entropy; 0 is off.
        dynatemp_exponent: How the dynamic temperature grows with the entropy; 1 is linear.
        top_k: Keep only this many of the likeliest tokens; 0 is off.
        top_p: Keep the likeliest tokens that together have this probability; 1 is off.
        min_p: Keep tokens at least this fraction as likely as the likeliest one; 0 is off.
        typical_p: Keep the tokens of typical surprise with together this probability; 1 is off.
        top_n_sigma: Keep logits within n standard deviations of the best; negative is off.
        repeat_penalty: Makes tokens that already occurred less likely; 1 is off.
        presence_penalty: Subtracted from the logit of tokens that already occurred; 0 is off.
        frequency_penalty: Subtracted from a token's logit for each time it occurred; 0 is off.
        penalty_last_n: How many last tokens, prompt included, the penalties consider; 0 is off.
        dry_multiplier: How strongly DRY penalizes repeated sequences; 0 is off.
        dry_base: How fast the DRY penalty grows with the length of the sequence.
        dry_allowed_length: Repeated sequences of up to this many tokens are not penalized by DRY.
        dry_range: How many of the last tokens DRY considers; -1 is all.
        xtc_probability: How often XTC removes the likeliest tokens; 0 is off.
        xtc_threshold: How likely a token must be for XTC to remove it.
        mirostat: Version of Mirostat, 1 or 2, which replaces the truncation samplers; 0 is off.
        mirostat_tau: The surprise Mirostat aims for.
        mirostat_eta: How fast Mirostat adapts.
        logit_bias: Text and the bias that is added to the logit of each of its tokens.
        banned: Phrases that never appear; generation backtracks when one is about to.
        grammar: A GBNF grammar that replies must follow; empty for none.
    """

    seed: int | None = None
    max_tokens: int = 320
    close_after: int = -1
    think_tokens: int = 0
    temperature: float = 0.8
    dynatemp_range: float = 0.0
    dynatemp_exponent: float = 1.0
    top_k: int = 0
    top_p: float = 1.0
    min_p: float = 0.1
    typical_p: float = 1.0
    top_n_sigma: float = -1.0
    repeat_penalty: float = 1.05
    presence_penalty: float = 0.0
    frequency_penalty: float = 0.0
    penalty_last_n: int = 256
    dry_multiplier: float = 0.8
    dry_base: float = 1.75
    dry_allowed_length: int = 2  # As DRY was published; 3 lets a small model loop.
    dry_range: int = 1024
    xtc_probability: float = 0.0
    xtc_threshold: float = 0.1
    mirostat: int = 0
    mirostat_tau: float = 5.0
    mirostat_eta: float = 0.1
    logit_bias: Mapping[str, float] = field(default_factory=dict)
    banned: tuple[str, ...] = ()
    grammar: str = ""


@dataclass(frozen=True, slots=True)
class Span:
    """One piece of the prompt.

    Attributes:
        source: Its origin: ``template``, ``system``, ``card.description``, ``card.attributes``,
            ``lore:NAME``, ``memory``, ``example:3``, ``note``, ``turn:17``, ….
        text: The text as the model reads it, with macros expanded.
        ids: Its exact tokens, from the model's own tokenizer.
        why: A short reason why it is there, for the Prompt pane.
        zone: ``static`` (changes only with the card), ``history`` (append-only) or ``volatile``
            (this turn only).
    """

    source: str
    text: str
    ids: tuple[int, ...]
    why: str
    zone: Literal["static", "history", "volatile"]

    @property
    def tokens(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Something left out of the prompt, and why; ``tokens`` is 0 if they were not counted."""

    source: str
    text: str
    tokens: int
    why: str


@dataclass(frozen=True, slots=True)
class Prompt:
    """The prompt ledger: the complete prompt as spans, in the order the model reads them.

    Attributes:
        spans: Their concatenated ids are exactly what is evaluated.
        left_out: What did not fit or was not wanted.
        messages: The same as (role, content) pairs, for engines that take messages.
        context: Size of the model's context window, in tokens.
        reserve: Tokens kept free for the reply.
    """

    spans: tuple[Span, ...]
    left_out: tuple[LeftOut, ...] = ()
    messages: tuple[tuple[Role, str], ...] = ()
    context: int = 0
    reserve: int = 0

    @property
    def ids(self) -> tuple[int, ...]:
        return tuple(chain.from_iterable(span.ids for span in self.spans))

    @property
    def text(self) -> str:
        return "".join(span.text for span in self.spans)

    @property
    def tokens(self) -> int:
        return sum(span.tokens for span in self.spans)


StopReason = Literal["end", "closed", "length", "stop", "cancelled", "context", "error"]


@dataclass(frozen=True, slots=True)
class Usage:
    """The cost of one generation.

    Attributes:
        reused: Prompt tokens that were already in the KV cache.
        evaluated: Prompt tokens evaluated between the request and the first token.
        generated: Tokens sampled, including those of a thought.
        first_token_s: Seconds from request to first token.
        decode_s: Seconds from first to last token.
    """

    reused: int = 0
    evaluated: int = 0
    generated: int = 0
    first_token_s: float = 0.0
    decode_s: float = 0.0

    @property
    def tokens_per_second(self) -> float:
        return (self.generated - 1) / self.decode_s if self.generated > 1 and self.decode_s else 0.0


@dataclass(frozen=True, slots=True)
class Generation:
    """Provenance of a reply: everything needed to reproduce it bit for bit.

    Attributes:
        engine: ``llama``, ``remote`` or ``scripted``.
        model_hash: SHA-256 of the weights file, or the remote model's id.
        adapter_hash: SHA-256 of the adapter file, or "".
        sampling: As used; the seed is never ``None`` here.
        prompt_ids: The exact tokens; empty for an engine that does not report them.
        prompt_text: The exact text.
        reply_ids: The sampled tokens, in order.
        batch_seeds: Seeds of all candidates decoded in the same batch, of which ``batch_index`` is
            this reply's: the layout of a batch can change the last bits of a logit.
        kv_mode: ``exact`` or ``shift`` (see ``Settings``).
        kv_type: Number format of the KV cache (see ``Settings``); "" if the engine does not say.
        prompt_digest: Identifies the prompt after its text was erased because one of its turns was
            deleted for good; "" while the text is there.
        stop_reason: Why the generation ended.
    """

    engine: str
    model: str
    model_hash: str
    sampling: Sampling
    adapter_hash: str = ""
    template_hash: str = ""
    prompt_ids: tuple[int, ...] = ()
    prompt_text: str = ""
    reply_ids: tuple[int, ...] = ()
    batch_seeds: tuple[int, ...] = ()
    batch_index: int = 0
    kv_mode: Literal["exact", "shift"] = "exact"
    stop: tuple[str, ...] = ()
    stop_reason: StopReason = "end"
    usage: Usage = field(default_factory=Usage)
    version: str = ""
    kv_type: str = ""
    prompt_digest: str = ""
