"""Build the prompt as a ledger of spans: what the model reads, in which tokens, and why.

Order: static (system, card, constant lore, examples) → history, append-only → one volatile block
right before the last user text → that text → the generation prompt. The volatile block lives
inside the last user message, because many templates refuse or drop a system message in mid-chat.

Sizes: the reply's reserve comes first, then the card, which is never cut; examples may take a
quarter of the window; the volatile block a sixth; history gets the rest and loses its oldest
quarter when that is full. ``build_prompt`` is pure.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from rpterm.cards.card import CharacterCard
from rpterm.engine.protocol import Piece
from rpterm.prompt.static import (
    ExampleTurns,
    Insert,
    Segment,
    card_segments,
    examples,
    framed,
)
from rpterm.prompt.template import OPEN_USER, REPLY, ChatTemplate, Ending, Part
from rpterm.prompt.tokens import Encode
from rpterm.prompt.window import first_kept
from rpterm.types import LeftOut, Persona, Prompt, Role, RptermError, Span, Turn

EXAMPLES_SHARE = 4
VOLATILE_SHARE = 6
RESERVE_SHARE = 4

Zone = Literal["static", "history", "volatile"]


class PromptTooLarge(RptermError):
    """Card and last message do not fit the window; the text has the numbers."""


@dataclass(frozen=True, slots=True)
class PromptInput:
    """Everything the prompt is made of.

    Attributes:
        history: The branch shown, oldest first; its last turn is what is answered or continued.
        fixed: Static extras: constant lore.
        inserts: Extras of this turn, best first: what does not fit is left out from the end, and
            the best stands nearest to the last user text.
        left_out: What others already left out, with their reasons; passed on.
        expand: Fills in macros of card text. Turns are stored with theirs filled in.
        max_reply: Tokens to keep free.
        examples: What stands in the static part, most wanted first; ``None`` is the card's own.
        examples_budget: Tokens they may take; 0 is the usual share of the window.
        cued: Whether the last turn is only the head of the reply, behind what is answered.
        thinking: Whether the model may think before it replies.
    """

    card: CharacterCard
    persona: Persona
    history: Sequence[Turn]
    context: int
    max_reply: int
    expand: Callable[[str], str]
    own_system: str = ""
    fixed: Sequence[Insert] = ()
    inserts: Sequence[Insert] = ()
    left_out: Sequence[LeftOut] = ()
    ending: Ending = REPLY
    examples: Sequence[ExampleTurns] | None = None
    examples_budget: int = 0
    cued: bool = False
    thinking: bool = False


@dataclass(slots=True)
class _Message:
    role: Role
    segments: list[tuple[Segment, Zone]] = field(default_factory=list)


def build_prompt(given: PromptInput, template: ChatTemplate, encode: Encode) -> Prompt:
    """Make the ledger.

    Args:
        given: Card, history and extras.
        template: The model's.
        encode: The model's tokenizer.

    Returns:
        A prompt whose spans' ids, concatenated, are what the engine evaluates.

    Raises:
        PromptTooLarge: The card, or the card and the last message, leave no room for a reply.
    """
    reserve = min(given.max_reply, given.context // RESERVE_SHARE)
    reserve_and_volatile = reserve + given.context // VOLATILE_SHARE
    overhead = _overhead(template, encode)
    inserts, dropped = _fitting(given, encode)
    static, left_out = _static(given, encode, given.context - reserve, overhead)
    room = given.context - reserve_and_volatile - _size(static, encode, overhead)
    costs = [len(ids) + overhead for ids in encode([Piece(t.text) for t in given.history])]
    start = _start(given, costs, max(room, 0))
    messages = static + _turns(given.history[start:])
    _place_all(messages, inserts, len(static))
    roles = [message.role for message in messages]
    parts = template.parts(roles, given.ending, thinking=given.thinking)
    spans = _spans(messages, parts, encode)
    prompt = Prompt(
        spans=tuple(spans),
        left_out=(*left_out, *dropped, *_gone(given.history[:start], costs), *given.left_out),
        messages=tuple((m.role, "".join(s.text for s, _ in m.segments)) for m in messages),
        context=given.context,
        reserve=reserve,
    )
    _check(prompt, _size(static, encode, overhead))
    return prompt


def _start(given: PromptInput, costs: Sequence[int], room: int) -> int:
    """The first turn shown. What is answered never leaves, also where a cue stands behind it."""
    if not given.cued:
        return first_kept(costs, room, pending=given.ending != OPEN_USER)
    # After another character's line nothing is new: the cache was cut with that line settled.
    new = len(costs) > 1 and given.history[-2].speaker == given.persona.name
    return first_kept(costs[:-1], room, pending=new, cue=costs[-1])


def _static(
    given: PromptInput, encode: Encode, limit: int, overhead: int
) -> tuple[list[_Message], list[LeftOut]]:
    """Card and fixed text whole; examples while they fit their share and leave half the rest."""
    card = card_segments(given.card, given.persona, given.own_system, given.fixed, given.expand)
    system = _Message("system", [(segment, "static") for segment in _joined(card)])
    size = _size([system], encode, overhead)
    if size >= limit:
        raise PromptTooLarge(
            f"The card of {given.card.name} alone has {size:,} tokens, but the window "
            f"of {given.context:,} tokens leaves {limit:,} beside the reply. Nothing was cut. Use "
            "a larger --context, a model with a longer window, or a shorter card."
        )
    share = given.examples_budget or given.context // EXAMPLES_SHARE
    budget = min(share, (limit - size) // 2)
    kept, left = [], []
    own = given.examples
    for example in examples(given.card, given.expand) if own is None else own:
        messages = [_Message(role, [(segment, "static")]) for role, segment in example.turns]
        tokens = _size(messages, encode, overhead)
        if tokens <= budget:
            budget -= tokens
            kept.append(example)
        else:
            why = f"examples may take {share} tokens; {budget} were left"
            left.append(LeftOut(example.source, example.text, tokens, why))
    shown = framed(kept, given.expand)
    return [system, *(_Message(role, [(segment, "static")]) for role, segment in shown)], left


def _fitting(given: PromptInput, encode: Encode) -> tuple[list[Insert], list[LeftOut]]:
    """The extras of this turn that fit its share, best first."""
    budget = given.context // VOLATILE_SHARE
    kept: list[Insert] = []
    left: list[LeftOut] = []
    for insert, ids in zip(
        given.inserts, encode([Piece(i.text + "\n\n") for i in given.inserts]), strict=True
    ):
        if len(ids) <= budget:
            budget -= len(ids)
            kept.append(insert)
        else:
            why = f"{budget} of {given.context // VOLATILE_SHARE} tokens for extras were left"
            left.append(LeftOut(insert.source, insert.text, len(ids), why))
    return kept, left


def _overhead(template: ChatTemplate, encode: Encode) -> int:
    """Tokens of scaffold a turn brings with it, at most."""
    parts = template.parts(["system", "user", "assistant", "user"])
    scaffold = [Piece(part.text, special=True) for part in parts if part.index is None]
    return max((len(ids) for ids in encode(scaffold)), default=0)


def _size(messages: Sequence[_Message], encode: Encode, overhead: int) -> int:
    """Tokens of messages, the scaffold around each included."""
    texts = [Piece(segment.text) for message in messages for segment, _ in message.segments]
    return sum(len(ids) for ids in encode(texts)) + overhead * len(messages)


def _turns(turns: Sequence[Turn]) -> list[_Message]:
    return [
        _Message(
            turn.role,
            [(Segment(f"turn:{turn.id}", turn.text, _why(turn)), "history")],
        )
        for turn in turns
    ]


def _why(turn: Turn) -> str:
    return "greeting" if turn.parent_id is None and turn.role == "assistant" else "the chat so far"


def _place_all(messages: list[_Message], inserts: Sequence[Insert], first: int) -> None:
    """Place the extras, the best last, so that it stands nearest to the last user text.

    Args:
        first: Where the chat begins; before it stands what never changes.
    """
    users = [i for i, message in enumerate(messages) if message.role == "user" and i >= first]
    for insert in reversed(inserts):
        _place(messages, insert, users[-1] if users else None, first)


def _joined(segments: Sequence[Segment]) -> list[Segment]:
    body = [Segment(s.source, s.text + "\n\n", s.why) for s in segments[:-1]]
    return [*body, *segments[-1:]]


def _place(messages: list[_Message], insert: Insert, last: int | None, first: int) -> None:
    """Put an extra before (or after) the message ``insert.depth`` turns above the last user text.

    With no user turn yet the end of the static part is the only place every template allows.
    """
    at = first - 1 if last is None else max(last - insert.depth, first)
    segments = messages[at].segments
    if insert.after or last is None:
        segments.append((Segment(insert.source, "\n\n" + insert.text, insert.why), "volatile"))
        return
    place = next(i for i, (_, zone) in enumerate(segments) if zone == "history")
    segments.insert(place, (Segment(insert.source, insert.text + "\n\n", insert.why), "volatile"))


def _spans(messages: Sequence[_Message], parts: Sequence[Part], encode: Encode) -> list[Span]:
    rows: list[tuple[Segment, Zone, bool]] = []
    zone: Zone = "static"
    for part in parts:
        if part.index is None:
            rows.append((Segment("template", part.text, "the model's chat template"), zone, True))
            continue
        rows += [(segment, where, False) for segment, where in messages[part.index].segments]
        zone = "history" if zone == "history" else messages[part.index].segments[0][1]
    pieces = [Piece(segment.text, special) for segment, _, special in rows]
    return [
        Span(segment.source, segment.text, ids, segment.why, where)
        for (segment, where, _), ids in zip(rows, encode(pieces), strict=True)
        if segment.text
    ]


def _gone(turns: Sequence[Turn], costs: Sequence[int]) -> list[LeftOut]:
    why = "left the window with the oldest quarter; memory can still bring it back"
    return [
        LeftOut(f"turn:{turn.id}", turn.text, cost, why)
        for turn, cost in zip(turns, costs, strict=False)
    ]


def _check(prompt: Prompt, card: int) -> None:
    free = prompt.context - prompt.reserve
    if prompt.tokens <= free:
        return
    raise PromptTooLarge(
        f"This prompt has {prompt.tokens:,} tokens and only {free:,} of the window of "
        f"{prompt.context:,} are free beside the reply ({prompt.reserve}); the card takes {card}. "
        "Nothing was cut: shorten the last message, or use a larger --context."
    )
