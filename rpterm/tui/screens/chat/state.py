"""What the chat screen knows beside its widgets. A record; it does nothing."""

from __future__ import annotations

from dataclasses import dataclass, field

from rpterm.engine.protocol import EngineInfo
from rpterm.session import ReplyRequest, Session
from rpterm.tui.widgets.candidates import Candidates
from rpterm.tui.widgets.status import Figures
from rpterm.tui.widgets.turn_editor import TurnEditor
from rpterm.types import Prompt

GHOST_USER, GHOST_REPLY, GHOST_GREETING = -1, -2, -3
"""Ids of turns that are on screen before the database has them."""


@dataclass(slots=True)
class ChatState:
    """The state of one chat on screen.

    Attributes:
        session: ``None`` until the chat is open.
        info: ``None`` until the model is loaded.
        request: The reply being made, or waiting for the chat to open.
        running: Whether ``request`` was given to the session.
        stored: Whether the user's words of ``request`` are in the database.
        epoch: Counts requests; a worker of an older one stops.
        live: Ids of the turns that grow, by candidate.
        prompt: The last prompt that was sent.
        choosing: Candidates that wait for a choice.
        editor: The inline editor, while a turn is edited.
        greetings: Of the card, names filled in.
        previews: Counts wishes for a preview; only the last one is built.
    """

    session: Session | None = None
    info: EngineInfo | None = None
    request: ReplyRequest | None = None
    running: bool = False
    stored: bool = False
    epoch: int = 0
    live: dict[int, int] = field(default_factory=dict)
    prompt: Prompt | None = None
    choosing: Candidates | None = None
    editor: TurnEditor | None = None
    greetings: list[str] = field(default_factory=list)
    previews: int = 0
    figures: Figures = field(default_factory=Figures)

    @property
    def busy(self) -> bool:
        """Whether a reply is asked for and not at its end."""
        return self.request is not None
