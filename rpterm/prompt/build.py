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
from rpterm.prompt.static import Insert, Segment, card_segments, example_segments
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
    static, left_out = _static(given, encode, given.context - reserve)
    inserts, dropped = _fitting(given, encode)
    overhead = _overhead(template, encode)
    room = given.context - reserve - _count(static, encode) - overhead
    room -= given.context // VOLATILE_SHARE
    costs = [len(ids) + overhead for ids in encode([Piece(t.text) for t in given.history])]
    start = first_kept(costs, max(room, 0), pending=given.ending != OPEN_USER)
    messages = _messages(static, given.history[start:], inserts)
    spans = _spans(messages, template.parts([m.role for m in messages], given.ending), encode)
    prompt = Prompt(
        spans=tuple(spans),
        left_out=(*left_out, *dropped, *_gone(given.history[:start], costs), *given.left_out),
        messages=tuple((m.role, "".join(s.text for s, _ in m.segments)) for m in messages),
        context=given.context,
        reserve=reserve,
    )
    _check(prompt, static, encode)
    return prompt


def _static(given: PromptInput, encode: Encode, limit: int) -> tuple[list[Segment], list[LeftOut]]:
    """Card and fixed text whole; examples while they fit their share and leave half the rest."""
    card = card_segments(given.card, given.persona, given.own_system, given.fixed, given.expand)
    size = _count(card, encode)
    if size >= limit:
        raise PromptTooLarge(
            f"The card of {given.card.name} alone has {size} tokens, but the window of "
            f"{given.context} tokens leaves {limit} beside the reply. Nothing was cut. Use a "
            "larger --context, a model with a longer window, or a shorter card."
        )
    budget = min(given.context // EXAMPLES_SHARE, (limit - size) // 2)
    kept: list[Segment] = []
    left: list[LeftOut] = []
    for segment in example_segments(given.card, given.expand):
        tokens = _count([segment], encode)
        if tokens <= budget:
            budget -= tokens
            kept.append(segment)
        else:
            why = f"examples may take {given.context // EXAMPLES_SHARE} tokens; {budget} were left"
            left.append(LeftOut(segment.source, segment.text, tokens, why))
    if kept:
        heading = given.expand("How {{char}} talks, in examples:\n")
        kept[0] = Segment(kept[0].source, heading + kept[0].text, kept[0].why)
    return card + kept, left


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


def _count(segments: Sequence[Segment], encode: Encode) -> int:
    return sum(len(ids) for ids in encode([Piece(s.text + "\n\n") for s in segments]))


def _messages(
    static: Sequence[Segment], turns: Sequence[Turn], inserts: Sequence[Insert]
) -> list[_Message]:
    messages = [_Message("system", [(s, "static") for s in _joined(static)])]
    for turn in turns:
        why = "greeting" if turn.parent_id is None else "the chat so far"
        segment = Segment(f"turn:{turn.id}", turn.text, why)
        messages.append(_Message(turn.role, [(segment, "history")]))
    last = max((i for i, m in enumerate(messages) if m.role == "user"), default=0)
    for insert in reversed(inserts):
        _place(messages, insert, last)
    return messages


def _joined(segments: Sequence[Segment]) -> list[Segment]:
    body = [Segment(s.source, s.text + "\n\n", s.why) for s in segments[:-1]]
    return [*body, *segments[-1:]]


def _place(messages: list[_Message], insert: Insert, last: int) -> None:
    """Put an extra before (or after) the message ``insert.depth`` turns above the last user text.

    With no user turn yet the end of the system message is the only place every template allows.
    """
    at = max(last - insert.depth, 1) if last else 0
    segments = messages[at].segments
    if insert.after or at == 0:
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
        zone = "history"
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


def _check(prompt: Prompt, static: Sequence[Segment], encode: Encode) -> None:
    free = prompt.context - prompt.reserve
    if prompt.tokens <= free:
        return
    raise PromptTooLarge(
        f"This prompt has {prompt.tokens} tokens and only {free} of the window of "
        f"{prompt.context} are free beside the reply ({prompt.reserve}); the card takes "
        f"{_count(static, encode)}. Nothing was cut: shorten the last message, or use a larger "
        "--context."
    )
