"""The character the session tests talk to."""

from __future__ import annotations

from collections.abc import Callable

from rpterm.cards.card import CharacterCard, Lorebook, LoreEntry
from rpterm.chat.session import Session

CARD = CharacterCard(
    name="Mara",
    description="Keeps a lighthouse.",
    greetings=("*looks up* Good evening, {{user}}.", "You again.", "Mind the step."),
    lorebook=Lorebook((LoreEntry(("lamp",), "The lamp burns whale oil.", name="lamp"),)),
)

MakeSession = Callable[..., Session]
