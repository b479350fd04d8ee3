"""What the chat screen knows beside its widgets. A record; it does nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rpterm.chat.request import ReplyRequest
from rpterm.tui.widgets.candidates import Candidates
from rpterm.tui.widgets.status import Figures
from rpterm.tui.widgets.turn_editor import TurnEditor
from rpterm.types import Chat, Prompt

if TYPE_CHECKING:
    from rpterm.chat.session import Session
    from rpterm.engine.protocol import EngineInfo

GHOST_USER, GHOST_REPLY, GHOST_GREETING = -1, -2, -3
"""Ids of turns that are on screen before the database has them."""


@dataclass(frozen=True, slots=True)
class ScreenRequest(ReplyRequest):
    """What a user asked for, and how the replies are shown.

    Attributes:
        duel: Two blind ones.
        aside: With and without examples, beside each other.
    """

    duel: bool = False
    compare_examples: bool = False


@dataclass(slots=True)
class ChatState:
    """The state of one chat on screen.

    Attributes:
        session: ``None`` until the chat is open.
        chat: Its record when it was last read.
        info: ``None`` until the model is loaded.
        request: The reply being made, or waiting for the chat to open.
        running: Whether ``request`` was given to the session.
        stored: Whether the user's words of ``request`` are in the database.
        stopping: Whether the user stopped it.
        epoch: Counts requests; a worker of an older one stops.
        live: Ids of the turns that grow, by candidate.
        prompt: The last prompt that was sent.
        recalled: The prompt whose memories the Memory pane tells of: sent, or of the draft.
        choosing: Candidates that wait for a choice.
        keeping: Whether one of them is being kept before the reply that is asked for begins.
        chosen: Whether the marked one was taken while they were still being written.
        editor: The inline editor, while a turn is edited.
        previews: Counts wishes for a preview; only the last one is built.
        drafts: Counts changes of what is written; only the last one is kept.
        card_note: What the last save of the card's file did, or what is wrong with it.
        highlit: The turn whose broken places are underlined, or 0.
    """

    session: Session | None = None
    info: EngineInfo | None = None
    chat: Chat | None = None
    request: ScreenRequest | None = None
    running: bool = False
    stored: bool = False
    stopping: bool = False
    epoch: int = 0
    live: dict[int, int] = field(default_factory=dict)
    prompt: Prompt | None = None
    recalled: Prompt | None = None
    choosing: Candidates | None = None
    keeping: bool = False
    chosen: bool = False
    editor: TurnEditor | None = None
    previews: int = 0
    drafts: int = 0
    card_note: str = ""
    highlit: int = 0
    figures: Figures = field(default_factory=Figures)

    @property
    def busy(self) -> bool:
        """Whether a reply is asked for and not at its end."""
        return self.request is not None
