"""One chat at work: from the user's text to a stored reply. Knows no UI and no model.

A ``Session`` ties one chat of the store to one card and one engine. Everything that makes text
goes through ``reply``; everything else moves along the tree or edits the chat's settings. Reading
methods may be called from any thread; ``reply`` is iterated in one thread at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from rpterm.cards.card import CharacterCard
from rpterm.config import Settings
from rpterm.engine.protocol import Engine, EngineInfo
from rpterm.events import SessionEvent
from rpterm.store import Store
from rpterm.types import AuthorNote, Chat, Intent, Persona, Prompt, Turn


@dataclass(frozen=True, slots=True)
class ReplyRequest:
    """What to make.

    Attributes:
        intent: Send the text and reply; regenerate ``turn_id`` as a new swipe; continue
            ``turn_id``; or write the user's next line (impersonate).
        text: The user's words (``SEND``), or words to begin with (``IMPERSONATE``).
        turn_id: The reply meant; ``None`` is the last one shown.
        candidates: How many replies to decode at once.
        hint: One extra instruction for this reply alone, in the volatile block.
    """

    intent: Intent = Intent.SEND
    text: str = ""
    turn_id: int | None = None
    candidates: int = 1
    hint: str = ""


class Session:
    """One chat, one card, one engine."""

    def __init__(
        self, store: Store, engine: Engine, card: CharacterCard, chat: Chat, settings: Settings, *,
        states: Path | None = None,
    ) -> None:
        """``states`` is the folder of saved caches; ``None`` saves none."""
        raise NotImplementedError

    store: Store
    engine: Engine
    card: CharacterCard
    settings: Settings

    @property
    def chat(self) -> Chat:
        """The chat as it stands."""
        raise NotImplementedError

    # The model ---------------------------------------------------------------------------------
    def load(self, on_progress: Callable[[float], None] | None = None) -> EngineInfo:
        """Load the model and the chat's saved cache, then settle. Blocks; call it in a thread."""
        raise NotImplementedError

    def reply(self, request: ReplyRequest) -> Iterator[SessionEvent]:
        """Make one reply (or several candidates, or a draft) and tell what happens.

        Never raises for an engine's failure: that is a ``ReplyFailed``. Closing the iterator
        cancels. After the last event the engine settles in the background.

        Raises:
            SessionError: The request makes no sense here (empty text, nothing to continue).
            PromptTooLarge: The card alone does not fit; the text has the numbers.
        """
        raise NotImplementedError

    def cancel(self) -> None:
        """Stop the running reply from any thread; returns at once."""
        raise NotImplementedError

    def preview(self, draft: str = "") -> Prompt:
        """The prompt as it would be sent now with this draft. Needs a loaded engine."""
        raise NotImplementedError

    # The tree ----------------------------------------------------------------------------------
    def path(self, limit: int | None = None) -> list[Turn]:
        """The turns shown, oldest first; with ``limit`` only the last ones."""
        raise NotImplementedError

    def swipe(self, turn_id: int, step: int) -> Turn | None:
        """Show the next (+1) or previous (-1) sibling of any turn and what follows it.

        Returns:
            The sibling, or ``None`` at either end.
        """
        raise NotImplementedError

    def select(self, turn_id: int) -> Turn:
        """Show the branch that goes through this turn; returns its leaf."""
        raise NotImplementedError

    def branch(self, turn_id: int) -> Turn:
        """Make this turn the end of what is shown; the next message starts a branch there."""
        raise NotImplementedError

    def branches(self) -> list[Turn]:
        """The leaf of every branch of this chat, newest first."""
        raise NotImplementedError

    def edit(self, turn_id: int, text: str) -> Turn:
        """Put an edited sibling beside a turn and show it; the original stays."""
        raise NotImplementedError

    def delete(self, turn_id: int) -> None:
        """Delete a turn and everything that follows it, for good."""
        raise NotImplementedError

    # The chat ----------------------------------------------------------------------------------
    def greetings(self) -> list[str]:
        """The card's greetings with names filled in. They are swipes of the first turn."""
        raise NotImplementedError

    def rename(self, title: str) -> None:
        raise NotImplementedError

    def set_note(self, note: AuthorNote) -> None:
        raise NotImplementedError

    def set_persona(self, persona: Persona) -> None:
        raise NotImplementedError

    def set_card(self, card: CharacterCard, text: str) -> None:
        """Go on with a changed card (``text`` is its TOML) from the next turn."""
        raise NotImplementedError

    def close(self) -> None:
        """Save the cache, free the engine, close the store."""
        raise NotImplementedError
