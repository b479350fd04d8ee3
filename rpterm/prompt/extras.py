"""What a chat adds to a prompt besides card and branch: author's note, hints, expanded macros.

Pure. Memories and lore are found elsewhere; they are added as inserts, too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from rpterm.cards.card import CharacterCard
from rpterm.cards.macros import expand
from rpterm.prompt.static_block import ExampleTurns, Insert, bracketed
from rpterm.types import Chat, LeftOut


@dataclass(frozen=True, slots=True)
class PromptExtras:
    """What is added to a prompt besides card and history.

    Attributes:
        fixed: Constant lore, part of the static block.
        inserts: For this turn only, best first.
        left_out: What did not fire or fit, with the reason.
        examples: The examples for the static block; ``None`` for the card's own.
        examples_budget: Tokens they may take; 0 for the default share.
    """

    fixed: tuple[Insert, ...] = ()
    inserts: tuple[Insert, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    examples: tuple[ExampleTurns, ...] | None = None
    examples_budget: int = 0


def macro_expander(card: CharacterCard, chat: Chat) -> Callable[[str], str]:
    """A function that expands the macros of card text.

    Random macros are drawn once per chat, and the time is that of its beginning, so that the card's
    text stays the same, and its cache valid, from turn to turn.
    """
    expand_names = partial(
        expand,
        char=card.char,
        user=chat.persona.name,
        seed=chat.id,
        chat_seed=chat.id,
        at=chat.created_at,
    )
    texts = {
        "persona": chat.persona.description,
        "description": card.description,
        "personality": "\n".join(card.attributes),
        "scenario": card.scenario,
    }
    return partial(expand_names, more={name: expand_names(text) for name, text in texts.items()})


def chat_inserts(card: CharacterCard, chat: Chat) -> tuple[Insert, ...]:
    """The author's note and the card's last instructions, as inserts of each turn."""
    expand_macros = macro_expander(card, chat)
    inserts: list[Insert] = []
    if chat.note.text.strip():
        text = f"[Author's note: {expand_macros(chat.note.text.strip())}]"
        inserts.append(
            Insert("note", text, f"author's note, depth {chat.note.depth}", chat.note.depth)
        )
    if card.post_history_instructions.strip():
        text = expand_macros(card.post_history_instructions.replace("{{original}}", "").strip())
        inserts.append(
            Insert(
                "card.post_history",
                bracketed(text),
                "the card's post-history instructions",
                after=True,
            )
        )
    return tuple(inserts)


def hint_inserts(hint: str) -> tuple[Insert, ...]:
    """A one-off instruction for the next reply."""
    if not hint.strip():
        return ()
    return (Insert("hint", f"[{hint.strip()}]", "hint for this reply only", after=True),)
