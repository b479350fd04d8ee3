"""What a chat adds to a prompt besides card and branch: the author's note and hints.

Pure. Memories and lore are found elsewhere; they are added as inserts, too.
"""

from __future__ import annotations

from dataclasses import dataclass

from rpterm.prompt.chat_view import ChatView
from rpterm.prompt.static_block import ExampleTurns, Insert, bracketed
from rpterm.types import LeftOut


@dataclass(frozen=True, slots=True)
class PromptExtras:
    """What is added to a prompt besides card and history.

    Attributes:
        fixed: Constant lore, part of the static block.
        inserts: For this turn only, best first: those at the end are left out first, and the best
            stands nearest to the last user text, except for memories (see ``Insert.first``).
        left_out: What did not fire or fit, with the reason; passed on.
        examples: The examples for the static block, most wanted first; ``None`` for the card's own.
        examples_budget: Tokens they may take; 0 for the default share of the window.
    """

    fixed: tuple[Insert, ...] = ()
    inserts: tuple[Insert, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    examples: tuple[ExampleTurns, ...] | None = None
    examples_budget: int = 0


def chat_inserts(view: ChatView) -> tuple[Insert, ...]:
    """The author's note and the card's last instructions, as inserts of each turn."""
    inserts: list[Insert] = []
    note, last = view.chat.note, view.card.post_history_instructions
    if note.text.strip():
        text = f"[Author's note: {view.expand_for_turn(note.text.strip())}]"
        inserts.append(Insert("note", text, f"author's note, depth {note.depth}", note.depth))
    if last.strip():
        text = view.expand_for_turn(last.replace("{{original}}", "").strip())
        why = "the card's post-history instructions"
        inserts.append(Insert("card.post_history", bracketed(text), why, after=True))
    return tuple(inserts)


def hint_inserts(hint: str) -> tuple[Insert, ...]:
    """A one-off instruction for the next reply."""
    if not hint.strip():
        return ()
    return (Insert("hint", f"[{hint.strip()}]", "hint for this reply only", after=True),)
