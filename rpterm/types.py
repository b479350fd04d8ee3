"""Frozen records that travel between rooms.

This module imports nothing of rpterm and does no work: it only names things. A record is never
changed; a room that wants another value makes another record with ``dataclasses.replace``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

Role = Literal["system", "user", "assistant"]
History = tuple[tuple[bool, str], ...]
"""What was said, oldest first: whether the character spoke, and the text."""


class RptermError(Exception):
    """An error a user can act on.

    Its text is one or more plain sentences: what went wrong, where, and what to do. Every front
    end prints it as it is; anything that is not an ``RptermError`` is a defect of ours.
    """


class NoSuchChoice(RptermError):
    """The command line asks for a value that there is not; the text says which there are."""


class Origin(StrEnum):
    """How the text of a turn came to be."""

    TYPED = "typed"
    GENERATED = "generated"
    GREETING = "greeting"
    EDITED = "edited"
    CONTINUED = "continued"
    IMPERSONATED = "impersonated"
    IMPORTED = "imported"


class Status(StrEnum):
    """How far a turn got. ``STREAMING`` found at start means the process died: it is partial."""

    STREAMING = "streaming"
    COMPLETE = "complete"
    PARTIAL = "partial"
    FAILED = "failed"


class Intent(StrEnum):
    """What a user asks of the one reply path (``Session.reply``).

    ``NEXT`` lets the next character speak without a word of the user.
    """

    SEND = "send"
    REGENERATE = "regenerate"
    CONTINUE = "continue"
    IMPERSONATE = "impersonate"
    NEXT = "next"


class Taking(StrEnum):
    """How the next speaker of a chat with several characters is found."""

    MENTIONED = "mentioned"
    ROUND = "round"
    MODEL = "model"
    HAND = "hand"


@dataclass(frozen=True, slots=True)
class Turn:
    """One node of the tree of a chat.

    Attributes:
        id: Row id, also the reply id that ``rpterm replay`` takes.
        parent_id: The turn it answers; ``None`` for a greeting or a first user turn.
        speaker: The name shown: of the character, or of the user's persona.
        created_at: Unix seconds.
        edited_from: The turn whose text this one was edited or continued from.
        hidden: It stays in the chat, and the model does not read it.
        thought: What the model thought before this reply; no prompt, memory or score reads it.
        lifted: What it answered was deleted alone: it stands under the turn before that now, and
            was made from another prompt than the branch above it tells.
        swipe: 1-based place among its siblings, in order of creation.
        swipes: How many siblings there are, this one included.
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
    swipe: int = 1
    swipes: int = 1


@dataclass(frozen=True, slots=True)
class AuthorNote:
    """Text the user slips in near the end of the prompt.

    Attributes:
        depth: 0 puts it in the volatile block, right before the last user text, at no cost; ``n``
            puts it ``n`` turns further up, which evaluates those turns again on each reply.
    """

    text: str = ""
    depth: int = 0


@dataclass(frozen=True, slots=True)
class Persona:
    """Who the user is in a chat: a name and what the character may know about them."""

    name: str = "User"
    description: str = ""


@dataclass(frozen=True, slots=True)
class Chat:
    """One conversation; its ``leaf_id`` says which branch is shown.

    Attributes:
        card_hash: SHA-256 of the card's TOML text as last used in this chat.
        card_path: Where that card was read from, or ``None`` when only the stored copy is known.
        worlds: Lore for this chat alone, named as a card names its worlds: for all who take part.
        turn_count: Turns in all branches, with every swipe.
        length: The same, but of the swipes of one turn one counts.
        preview: The first line of the last turn shown.
        first_words: How the first message of the user begins; "" where there is none.
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
        """The title the user gave, or else what they said first; "" for neither."""
        return self.title or self.first_words


@dataclass(frozen=True, slots=True)
class Member:
    """One of several characters of a chat.

    Attributes:
        speaker: The name its turns carry.
        card_hash, card_path: As in ``Chat``; of the chat's own character they stay empty, because
            the chat itself tells.
        narrator: It describes the scene and speaks for nobody.
        muted: It listens and does not speak.
        present: False once it left: its turns stay its own.
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
    """The characters of a chat with several, the chat's own one first.

    Attributes:
        held: Card name of the one who has the word while turns are given by hand.
    """

    members: tuple[Member, ...]
    taking: Taking = Taking.MENTIONED
    held: str = ""


@dataclass(frozen=True, slots=True)
class Sampling:
    """Every knob of the sampler chain, with the values that switch a knob off as defaults where
    the knob is optional.

    Attributes:
        seed: 32-bit seed, or ``None`` to draw one; what was drawn is stored with the reply.
        max_tokens: Longest reply, in tokens.
        close_after: From so many tokens on a reply ends where a sentence ends and no quote or
            action is open; 0 is off, -1 about the length of the card's own replies.
        think_tokens: Longest thought before a reply, in tokens, for models that can think first;
            0 lets none think.
        temperature: How freely tokens are drawn: more is more surprising, 0 takes the likeliest.
        dynatemp_range: Half the width of the entropy-driven temperature range; 0 is off.
        dynatemp_exponent: How that temperature grows with the entropy; 1 is in a straight line.
        top_k: Keep so many of the likeliest tokens; 0 is off.
        top_p: Keep the likeliest tokens that have this share of the probability; 1 is off.
        min_p: Keep tokens that are at least this share as likely as the best one; 0 is off.
        typical_p: Keep the tokens that surprise about as much as is usual here, up to this share
            of the probability; 1 is off.
        top_n_sigma: Keep logits within n standard deviations of the best; negative is off.
        repeat_penalty: How much less likely a token becomes that was there already; 1 is off.
        presence_penalty: Taken from the logit of a token that was there already; 0 is off.
        frequency_penalty: The same for each time it was there; 0 is off.
        penalty_last_n: How many last tokens, the prompt's included, the penalties see; 0 is off.
        dry_multiplier: How strongly DRY punishes repeated sequences; 0 switches it off.
        dry_base: How fast that grows with the length of the sequence.
        dry_allowed_length: Sequences up to so many tokens may be repeated.
        dry_range: How many last tokens DRY looks through; -1 is all of them.
        xtc_probability: How often XTC leaves out the likeliest tokens; 0 switches it off.
        xtc_threshold: How likely a token must be for XTC to leave it out.
        mirostat: 0 off, 1 or 2; replaces the truncation samplers when on.
        mirostat_tau: How much surprise mirostat aims at.
        mirostat_eta: How fast mirostat gets there.
        logit_bias: Added to the logit of every token of the text: text → bias.
        banned: Phrases that never appear; generation backtracks over them.
        grammar: GBNF that the reply must follow, or "".
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
    dry_allowed_length: int = 3
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
    """One piece of the prompt and why it is there.

    Attributes:
        source: What it comes from: ``template``, ``system``, ``card.description``,
            ``card.attributes``, ``lore:NAME``, ``memory``, ``example:3``, ``note``, ``turn:17``, ….
        text: The text as the model reads it, macros expanded.
        ids: Its tokens, exact, by the model's own tokenizer.
        why: One short reason, for the Prompt pane.
        zone: ``static`` (never changes while the card stays), ``history`` (append-only) or
            ``volatile`` (this turn only).
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
    """Something that is not in the prompt, and why; ``tokens`` may be 0 when nobody counted."""

    source: str
    text: str
    tokens: int
    why: str


@dataclass(frozen=True, slots=True)
class Prompt:
    """The ledger: the whole prompt as spans in the order the model reads them.

    Attributes:
        spans: Their ids, concatenated, are exactly what is evaluated.
        left_out: What did not get in.
        messages: The same as (role, content) pairs, for engines that take messages.
        context: The window of the model, in tokens.
        reserve: Tokens kept free for the reply.
    """

    spans: tuple[Span, ...]
    left_out: tuple[LeftOut, ...] = ()
    messages: tuple[tuple[Role, str], ...] = ()
    context: int = 0
    reserve: int = 0

    @property
    def ids(self) -> tuple[int, ...]:
        return tuple(token for span in self.spans for token in span.ids)

    @property
    def text(self) -> str:
        return "".join(span.text for span in self.spans)

    @property
    def tokens(self) -> int:
        return sum(span.tokens for span in self.spans)


StopReason = Literal["end", "closed", "length", "stop", "cancelled", "context", "error"]


@dataclass(frozen=True, slots=True)
class Usage:
    """What one generation cost.

    Attributes:
        reused: Prompt tokens already in the cache.
        evaluated: Prompt tokens evaluated between the request and the first token.
        generated: Tokens sampled, those of a thought included.
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
    """Provenance of a reply: enough to make it again bit for bit.

    Attributes:
        engine: ``llama``, ``remote`` or ``scripted``.
        model_hash: SHA-256 of the weights' file, or the remote model's id.
        adapter_hash: SHA-256 of the adapter's file, or "".
        sampling: Resolved: the seed is never ``None`` here.
        prompt_ids: The exact tokens; empty for an engine that hides them.
        prompt_text: The exact text.
        reply_ids: The sampled tokens, in order.
        batch_seeds: Seeds of all candidates decoded in the same batch, and ``batch_index`` which of
            them is this reply: the layout of a batch can move the last bits of a logit.
        kv_mode: ``exact`` or ``shift`` (see ``Settings``).
        kv_type: Number format of the cache, "" where the engine does not tell (see ``Settings``).
        prompt_digest: What tells the prompt from others once it was taken away, because a turn that
            stood in it was deleted for good; "" while it is there.
        stop_reason: Why it ended.
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
