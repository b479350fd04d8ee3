"""The state of the chat screen apart from its widgets, and its kind of reply request. Data only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rpterm.chat.request import ReplyRequest
from rpterm.tui.widgets.candidates import Candidates
from rpterm.tui.widgets.status import Figures
from rpterm.tui.widgets.turn_editor import TurnEditor
from rpterm.types import Chat, Prompt, Turn

if TYPE_CHECKING:
    from rpterm.chat.session import Session
    from rpterm.engine.protocol import EngineInfo

Opener = Callable[[str | None, int | None], "Session"]

GHOST_USER, GHOST_REPLY, GHOST_GREETING = -1, -2, -3
"""The ids of placeholder turns, which are on screen before the real turns are stored."""

WINDOW = 40
"""Turns loaded when a chat opens, and added each time the user scrolls past the first one."""


@dataclass(frozen=True, slots=True)
class ScreenRequest(ReplyRequest):
    """A reply request, with how the screen presents the replies.

    Attributes:
        duel: As a duel: two replies side by side, without saying which is which.
        compare_examples: As a comparison: one reply with and one without examples, side by side.
    """

    duel: bool = False
    compare_examples: bool = False


@dataclass(slots=True)
class ChatState:
    """The state of one chat on screen.

    Attributes:
        session: ``None`` until the chat is open.
        chat: The chat's record when it was last read.
        info: ``None`` until the model is loaded.
        request: The request that is running, or that waits for the chat to open.
        running: Whether ``request`` was passed to the session.
        stored: Whether the user's message of ``request`` is stored.
        stopping: Whether the user stopped ``request``.
        heard_at: ``time.monotonic`` of the start or the last sign of life of ``request``.
        epoch: Counts requests; a worker with an older number stops.
        live: The ids of the growing turns, by candidate index.
        prompt: The last prompt that was sent.
        recalled: The prompt whose memories the Memory pane shows: the sent one or the draft's.
        choosing: The candidates that wait for a choice.
        keeping: Whether something is being stored that the next request builds on.
        chosen: Whether the user took the marked candidate before all were complete.
        editor: The inline editor, while a turn is edited.
        card_note: What the last save of the card file changed, or what is wrong with it.
        highlit: The id of the turn whose violations are underlined, or 0.
        figures: What the status line shows.
    """

    session: Session | None = None
    info: EngineInfo | None = None
    chat: Chat | None = None
    request: ScreenRequest | None = None
    running: bool = False
    stored: bool = False
    stopping: bool = False
    heard_at: float = 0.0
    epoch: int = 0
    live: dict[int, int] = field(default_factory=dict)
    prompt: Prompt | None = None
    recalled: Prompt | None = None
    choosing: Candidates | None = None
    keeping: bool = False
    chosen: bool = False
    editor: TurnEditor | None = None
    card_note: str = ""
    highlit: int = 0
    figures: Figures = field(default_factory=Figures)

    @property
    def marked(self) -> Turn | None:
        """The marked candidate; ``None`` if no candidates wait or the choice is blind."""
        choosing = self.choosing
        return choosing.marked if choosing is not None and not choosing.blind else None

    @property
    def busy(self) -> bool:
        """Whether a reply was requested and has not ended."""
        return self.request is not None
