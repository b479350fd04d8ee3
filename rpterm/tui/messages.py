"""Messages to the chat screen about what happened, in the past tense. Worker threads post them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from textual.message import Message

if TYPE_CHECKING:
    from rpterm.chat.events import SessionEvent
    from rpterm.chat.session import Session
    from rpterm.engine.protocol import EngineInfo
    from rpterm.scoring.scorer import Score
    from rpterm.types import Chat, Prompt, Turn


class SessionOpened(Message):
    """A chat is open; ``turns`` are its last ones."""

    def __init__(self, session: Session, chat: Chat, turns: list[Turn]) -> None:
        super().__init__()
        self.session, self.chat, self.turns = session, chat, turns


class OpeningFailed(Message):
    """The chat could not be opened; ``text`` says why and what to do about it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text


class ModelProgressed(Message):
    """The model is loading; ``share`` is the loaded share, 0 to 1."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, ModelProgressed)


class ModelLoaded(Message):
    """The model is ready to generate."""

    def __init__(self, info: EngineInfo) -> None:
        super().__init__()
        self.info = info


class ModelFailed(Message):
    """The model could not be loaded."""

    def __init__(self, text: str, log_tail: str = "") -> None:
        super().__init__()
        self.text, self.log_tail = text, log_tail


class BranchChanged(Message):
    """Another process wrote to the database; ``path`` is the current end of the shown branch."""

    def __init__(self, session: Session, path: list[Turn]) -> None:
        super().__init__()
        self.session, self.path = session, path


class SessionReported(Message):
    """The session reported an event of the reply it generates, except text (``ReplyGrown``)."""

    def __init__(self, event: SessionEvent) -> None:
        super().__init__()
        self.event = event

    def can_replace(self, message: Message) -> bool:
        from rpterm.chat.events import PromptEvaluated, ReplyThought

        match self.event, getattr(message, "event", None):
            case PromptEvaluated(), PromptEvaluated():
                return True
            case ReplyThought(index), ReplyThought(other):
                return index == other
            case _:
                return False


class ReplyGrown(Message):
    """Candidates grew; ``texts`` holds the full text so far of each one that did, by its index."""

    def __init__(self, texts: Mapping[int, str], tokens: Mapping[int, int]) -> None:
        super().__init__()
        self.texts, self.tokens = texts, tokens

    def can_replace(self, message: Message) -> bool:
        # A queue that fell behind may drop a text that a later one contains anyway.
        return isinstance(message, ReplyGrown) and set(self.texts) <= set(message.texts)


class ReplyEnded(Message):
    """The request is complete: no more events follow."""


class ReplySettled(Message):
    """The engine is ready for the next message at the least cost."""


class ReplyScored(Message):
    """A reply was scored; ``score`` is ``None`` if that failed, and ``problem`` says why."""

    def __init__(
        self, session: Session, turn: Turn, score: Score | None, problem: str = ""
    ) -> None:
        super().__init__()
        self.session, self.turn, self.score, self.problem = session, turn, score, problem


class MemoryChanged(Message):
    """Something was added to the memory."""


class PromptPreviewed(Message):
    """A prompt was built as it would be sent now, or ``problem`` says why there is none."""

    def __init__(self, prompt: Prompt | None, problem: str = "") -> None:
        super().__init__()
        self.prompt, self.problem = prompt, problem
