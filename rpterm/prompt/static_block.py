"""The static block: everything that stays the same while the card does, in reading order."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rpterm.cards.card import CharacterCard, Example
from rpterm.cards.describe import sections
from rpterm.types import Persona, Role

SYSTEM_PROMPT = (
    "This is a role-play. You are {{char}}; the user plays {{user}}. Write only {{char}}'s next "
    "reply, in {{char}}'s own voice: *actions between asterisks*, speech in plain words or quotes. "
    "Stay in character, react to what {{user}} just said, and never speak or act for {{user}}."
)
"""Used where neither the card nor the settings have one."""


_EMPTY_CLAIM = re.compile(r"^-[ \t]*(?:\n|\Z)", re.MULTILINE)
"""A line of a list that had only macros without a value."""


@dataclass(frozen=True, slots=True)
class Segment:
    """Part of a message, before it is tokenized; see ``Span`` for the fields."""

    source: str
    text: str
    why: str


@dataclass(frozen=True, slots=True)
class Insert:
    """Text added to card and history: lore, a memory, a note, an example.

    Attributes:
        depth: How many turns above the last user text; 0 is right before it. Ignored for static
            text.
        after: After the last user text instead of before it.
        first: At the front of the volatile block, in the order given, instead of at its end.
        before_card: For static text only: before the card's own sections instead of after them.
    """

    source: str
    text: str
    why: str
    depth: int = 0
    after: bool = False
    first: bool = False
    before_card: bool = False


def bracketed(text: str) -> str:
    """The text in the brackets that mark what nobody says; many cards write them already."""
    return text if text.startswith("[") and text.endswith("]") else f"[{text}]"


def system_text(card: CharacterCard, own: str) -> str:
    """The system prompt: the card's, else the user's own, else the built-in one.

    ``{{original}}`` in the card's prompt stands for the one it replaces.
    """
    original = own or SYSTEM_PROMPT
    return card.system_prompt.replace("{{original}}", original) if card.system_prompt else original


def card_segments(
    card: CharacterCard,
    persona: Persona,
    own_system: str,
    fixed: Sequence[Insert],
    expand: Callable[[str], str],
) -> list[Segment]:
    """The parts that are never cut, and constant lore, in order."""
    segments = [Segment("system", system_text(card, own_system), "the role-play's rules")]
    segments += [Segment(i.source, i.text, i.why) for i in fixed if i.before_card]
    segments += [Segment(source, text, "the card, never cut") for source, text in sections(card)]
    if persona.description.strip():
        text = f"About {{{{user}}}}:\n{persona.description.strip()}"
        segments.append(Segment("persona", text, "your persona"))
    segments += [Segment(i.source, i.text, i.why) for i in fixed if not i.before_card]
    texts = [_expanded(s.text, expand) for s in segments]
    return [Segment(s.source, t, s.why) for s, t in zip(segments, texts, strict=True) if t]


def _expanded(text: str, expand: Callable[[str], str]) -> str:
    """The text with its macros expanded; "" if only the heading of a list is left of it."""
    expanded = _EMPTY_CLAIM.sub("", expand(text)).strip()
    only_heading = "\n" in text and "\n" not in expanded and expanded.endswith(":")
    return "" if only_heading else expanded


EXAMPLES_BEGIN = "[Example of how {{char}} talks:]"
EXAMPLES_END = "[The examples end here. The chat with {{user}} begins.]"


@dataclass(frozen=True, slots=True)
class ExampleTurns:
    """One example dialogue as messages of a chat: ``(role, segment)`` in order."""

    source: str
    turns: tuple[tuple[Role, Segment], ...]

    @property
    def text(self) -> str:
        return "\n".join(segment.text for _, segment in self.turns)


def card_examples(card: CharacterCard, expand: Callable[[str], str]) -> list[ExampleTurns]:
    """The example dialogues, pinned ones first; the caller keeps what fits.

    They are real turns instead of a transcript in the system text: judged by eye on 48 replies of
    the starter model, turns make it write *actions* and "speech" in the character's voice, while
    after a transcript most replies were a narrator's prose.
    """
    ranked = sorted(enumerate(card.examples, 1), key=lambda item: not item[1].pinned)
    return [
        example_turns(
            f"example:{number}", example, expand,
            "pinned example" if example.pinned else "example of the card",
        )
        for number, example in ranked
    ]  # fmt: skip


def example_turns(
    source: str, example: Example, expand: Callable[[str], str], why: str
) -> ExampleTurns:
    """One example dialogue as messages; ``why`` is shown in the ledger."""
    roles: dict[str, Role] = {"user": "user", "char": "assistant"}
    return ExampleTurns(
        source,
        tuple(
            (roles[who], Segment(source, expand(line).strip(), why))
            for who, line in example.dialogue
        ),
    )


def frame_examples(
    kept: Sequence[ExampleTurns], expand: Callable[[str], str]
) -> list[tuple[Role, Segment]]:
    """Examples between two notes, so that the model does not take them for past events."""
    if not kept:
        return []
    why = "marks the examples"
    return [
        ("user", Segment("examples", expand(EXAMPLES_BEGIN), why)),
        *(turn for example in kept for turn in example.turns),
        ("user", Segment("examples", expand(EXAMPLES_END), why)),
    ]
