"""Builds the prompt as a ledger of spans: what the model reads, in which tokens, and why.

Order: static (system, card, constant lore, examples) → history, append-only → one volatile block
right before the last user text → that text → the generation prompt. The volatile block is part of
the last user message, because many templates reject or drop a system message in mid-chat.

Sizes: the tokens reserved for the reply come first, then the card, which is never cut; examples may
take a quarter of the context window, the volatile block a sixth. History gets the rest and loses
its oldest quarter when that is full. ``build_prompt`` is pure.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from rpterm.cards.card import CharacterCard
from rpterm.engine.protocol import Piece
from rpterm.errors import RptermError
from rpterm.prompt.extras import PromptExtras
from rpterm.prompt.static_block import (
    Insert,
    Segment,
    card_examples,
    card_segments,
    frame_examples,
)
from rpterm.prompt.template import OPEN_USER, REPLY, ChatTemplate, Ending, Part
from rpterm.prompt.token_cache import Encode
from rpterm.prompt.window import first_kept
from rpterm.types import LeftOut, Persona, Prompt, Role, Span, Turn

EXAMPLES_SHARE = 4
VOLATILE_SHARE = 6
RESERVE_SHARE = 4

Zone = Literal["static", "history", "volatile"]


class PromptTooLarge(RptermError):
    """Card and last message do not fit into the context window; the text has the numbers."""


@dataclass(frozen=True, slots=True)
class PromptInput:
    """Everything a prompt is built from.

    Attributes:
        history: The branch, oldest turn first; the last turn is answered or continued.
        expand: Expands the macros of card text. Turns are stored with expanded macros.
        max_reply: Tokens to keep free for the reply.
        cued: Whether the last turn is only the given beginning of the reply.
        thinking: Whether the model may think before it replies.
    """

    card: CharacterCard
    persona: Persona
    history: Sequence[Turn]
    context: int
    max_reply: int
    expand: Callable[[str], str]
    own_system: str = ""
    extras: PromptExtras = field(default_factory=PromptExtras)
    ending: Ending = REPLY
    cued: bool = False
    thinking: bool = False


@dataclass(slots=True)
class _Message:
    role: Role
    segments: list[tuple[Segment, Zone]] = field(default_factory=list)


def build_prompt(given: PromptInput, template: ChatTemplate, encode: Encode) -> Prompt:
    """Build the ledger.

    Args:
        given: Card, history and extras.
        template: The model's chat template.
        encode: The model's tokenizer.

    Returns:
        A prompt whose spans' ids, concatenated, are what the engine evaluates.

    Raises:
        PromptTooLarge: The card, or the card and the last message, leave no room for a reply.
    """
    reserve = min(given.max_reply, given.context // RESERVE_SHARE)
    overhead = _overhead(template, encode)
    inserts, unfit_inserts = _choose_inserts(given, encode)
    static, unfit_examples = _static_messages(given, encode, given.context - reserve, overhead)
    static_size = _size(static, encode, overhead)
    budget = given.context - reserve - given.context // VOLATILE_SHARE - static_size
    costs = [len(ids) + overhead for ids in encode([Piece(t.text) for t in given.history])]
    start = _first_turn(given, costs, max(budget, 0))
    messages = static + _history_messages(given.history[start:])
    _place_inserts(messages, inserts, len(static))
    roles = [message.role for message in messages]
    parts = template.parts(roles, given.ending, thinking=given.thinking)
    old_turns = _left_window(given.history[:start], costs)
    prompt = Prompt(
        spans=tuple(_spans(messages, parts, encode)),
        left_out=(*unfit_examples, *unfit_inserts, *old_turns, *given.extras.left_out),
        messages=tuple((m.role, "".join(s.text for s, _ in m.segments)) for m in messages),
        context=given.context,
        reserve=reserve,
    )
    _check_size(prompt, static_size)
    return prompt


def _first_turn(given: PromptInput, costs: Sequence[int], budget: int) -> int:
    """Index of the first turn in the prompt. The turn that is answered always stays."""
    if not given.cued:
        return first_kept(costs, budget, pending=given.ending != OPEN_USER)
    # After another character's line no turn is new: the cut already counted that line.
    pending = len(costs) > 1 and given.history[-2].speaker == given.persona.name
    return first_kept(costs[:-1], budget, pending=pending, cue=costs[-1])


def _static_messages(
    given: PromptInput, encode: Encode, limit: int, overhead: int
) -> tuple[list[_Message], list[LeftOut]]:
    """Card and fixed text, and the examples that fit their share and half of what is left."""
    extras = given.extras
    card = card_segments(given.card, given.persona, given.own_system, extras.fixed, given.expand)
    system = _Message("system", [(segment, "static") for segment in _separated(card)])
    size = _size([system], encode, overhead)
    if size >= limit:
        raise PromptTooLarge(
            f"The card of {given.card.name} alone has {size:,} tokens, but the window "
            f"of {given.context:,} tokens leaves only {limit:,} next to the reply. Nothing was "
            "cut: use a larger --context, a model with a longer window, or a shorter card."
        )
    share = extras.examples_budget or given.context // EXAMPLES_SHARE
    budget = min(share, (limit - size) // 2)
    kept, left_out = [], []
    own = card_examples(given.card, given.expand) if extras.examples is None else ()
    for example in extras.examples or own:
        messages = [_Message(role, [(segment, "static")]) for role, segment in example.turns]
        tokens = _size(messages, encode, overhead)
        if tokens <= budget:
            budget -= tokens
            kept.append(example)
        else:
            why = f"examples may take {share} tokens; {budget} were left"
            left_out.append(LeftOut(example.source, example.text, tokens, why))
    turns = frame_examples(kept, given.expand)
    return [system, *(_Message(role, [(segment, "static")]) for role, segment in turns)], left_out


def _choose_inserts(given: PromptInput, encode: Encode) -> tuple[list[Insert], list[LeftOut]]:
    """The inserts of this turn that fit their share, best first."""
    budget = share = given.context // VOLATILE_SHARE
    kept: list[Insert] = []
    left_out: list[LeftOut] = []
    wanted = given.extras.inserts
    for insert, ids in zip(wanted, encode([Piece(i.text + "\n\n") for i in wanted]), strict=True):
        if len(ids) <= budget:
            budget -= len(ids)
            kept.append(insert)
        else:
            why = f"{budget} of {share} tokens for extras were left"
            left_out.append(LeftOut(insert.source, insert.text, len(ids), why))
    return kept, left_out


def _overhead(template: ChatTemplate, encode: Encode) -> int:
    """The most template tokens that a turn adds."""
    parts = template.parts(["system", "user", "assistant", "user"])
    scaffold = [Piece(part.text, special=True) for part in parts if part.index is None]
    return max((len(ids) for ids in encode(scaffold)), default=0)


def _size(messages: Sequence[_Message], encode: Encode, overhead: int) -> int:
    """Tokens of messages with their template tokens."""
    texts = [Piece(segment.text) for message in messages for segment, _ in message.segments]
    return sum(len(ids) for ids in encode(texts)) + overhead * len(messages)


def _history_messages(turns: Sequence[Turn]) -> list[_Message]:
    return [
        _Message(
            turn.role,
            [(Segment(f"turn:{turn.id}", turn.text, _reason(turn)), "history")],
        )
        for turn in turns
    ]


def _reason(turn: Turn) -> str:
    return "greeting" if turn.parent_id is None and turn.role == "assistant" else "the chat so far"


def _place_inserts(messages: list[_Message], inserts: Sequence[Insert], first: int) -> None:
    """Place the inserts, the best last, so that it stands nearest to the last user text.

    Those that may be evaluated ahead come before them, the surest first.

    Args:
        first: Index of the first message of the chat, after the static ones.
    """
    users = [i for i, message in enumerate(messages) if message.role == "user" and i >= first]
    ahead = [insert for insert in inserts if insert.first]
    for insert in [*ahead, *(insert for insert in reversed(inserts) if not insert.first)]:
        _place(messages, insert, users[-1] if users else None, first)


def _separated(segments: Sequence[Segment]) -> list[Segment]:
    body = [Segment(s.source, s.text + "\n\n", s.why) for s in segments[:-1]]
    return [*body, *segments[-1:]]


def _place(messages: list[_Message], insert: Insert, last: int | None, first: int) -> None:
    """Put an insert before (or after) the message ``insert.depth`` turns above the last user text.

    Without a user turn, the end of the static block is the only place that every template allows.
    """
    at = first - 1 if last is None else max(last - insert.depth, first)
    segments = messages[at].segments
    if insert.after or last is None:
        segments.append((Segment(insert.source, "\n\n" + insert.text, insert.why), "volatile"))
        return
    position = next(i for i, (_, zone) in enumerate(segments) if zone == "history")
    segments.insert(
        position, (Segment(insert.source, insert.text + "\n\n", insert.why), "volatile")
    )


def _spans(messages: Sequence[_Message], parts: Sequence[Part], encode: Encode) -> list[Span]:
    rows: list[tuple[Segment, Zone, bool]] = []
    zone: Zone = "static"
    for part in parts:
        if part.index is None:
            rows.append((Segment("template", part.text, "the model's chat template"), zone, True))
            continue
        rows += [(segment, own_zone, False) for segment, own_zone in messages[part.index].segments]
        zone = "history" if zone == "history" else messages[part.index].segments[0][1]
    pieces = [Piece(segment.text, special) for segment, _, special in rows]
    return [
        Span(segment.source, segment.text, ids, segment.why, own_zone)
        for (segment, own_zone, _), ids in zip(rows, encode(pieces), strict=True)
        if segment.text
    ]


def _left_window(turns: Sequence[Turn], costs: Sequence[int]) -> list[LeftOut]:
    why = "left the window with the oldest quarter; memory can still bring it back"
    return [
        LeftOut(f"turn:{turn.id}", turn.text, cost, why)
        for turn, cost in zip(turns, costs, strict=False)
    ]


def _check_size(prompt: Prompt, static_size: int) -> None:
    free = prompt.context - prompt.reserve
    if prompt.tokens <= free:
        return
    raise PromptTooLarge(
        f"This prompt has {prompt.tokens:,} tokens, but only {free:,} of the window of "
        f"{prompt.context:,} are free next to the reply ({prompt.reserve}); the card takes "
        f"{static_size}. Nothing was cut: shorten the last message, or use a larger --context."
    )
