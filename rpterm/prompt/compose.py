"""What a chat puts into one prompt beside card and branch: notes, hints, macros filled in.

Pure. Memories and lore are found elsewhere; they join as inserts, too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from rpterm.cards.card import CharacterCard
from rpterm.cards.macros import expand
from rpterm.prompt.static import ExampleTurns, Insert
from rpterm.types import Chat, LeftOut


@dataclass(frozen=True, slots=True)
class Extras:
    """What joins the prompt beside card and chat.

    Attributes:
        fixed: Constant lore, part of the static block.
        inserts: Of this turn alone, best first.
        left_out: What did not fire or fit, with the reason.
        examples: What stands in the static part; ``None`` is the card's own.
        examples_budget: Tokens they may take; 0 is the usual share.
    """

    fixed: tuple[Insert, ...] = ()
    inserts: tuple[Insert, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    examples: tuple[ExampleTurns, ...] | None = None
    examples_budget: int = 0


def expander(card: CharacterCard, chat: Chat) -> Callable[[str], str]:
    """Fills in macros of card text; chance is drawn once a chat, so that the card stays the same
    text, and its cache valid, from turn to turn."""
    return partial(expand, char=card.char, user=chat.persona.name, seed=chat.id, chat_seed=chat.id)


def chat_inserts(card: CharacterCard, chat: Chat) -> tuple[Insert, ...]:
    """The author's note and the card's last instructions, as inserts of each turn."""
    fill = expander(card, chat)
    found: list[Insert] = []
    if chat.note.text.strip():
        text = f"[Author's note: {fill(chat.note.text.strip())}]"
        found.append(
            Insert("note", text, f"author's note, depth {chat.note.depth}", chat.note.depth)
        )
    if card.post_history_instructions.strip():
        text = fill(card.post_history_instructions.replace("{{original}}", "").strip())
        found.append(Insert("card.post_history", f"[{text}]", "the card's last word", after=True))
    return tuple(found)


def hint_inserts(hint: str) -> tuple[Insert, ...]:
    """A one-off instruction for the next reply."""
    if not hint.strip():
        return ()
    return (Insert("hint", f"[{hint.strip()}]", "hint for this reply alone", after=True),)
