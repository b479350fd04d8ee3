"""What happened, for the screen that owns the chat. Posted by worker threads; past tense."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from textual.message import Message

if TYPE_CHECKING:
    from rpterm.chat.session import Session
    from rpterm.engine.protocol import EngineInfo
    from rpterm.scoring.scorer import Score
    from rpterm.types import Chat, Generation, Prompt, Turn


class SessionOpened(Message):
    """A chat is open; ``turns`` are its last ones."""

    def __init__(self, session: Session, chat: Chat, turns: list[Turn]) -> None:
        super().__init__()
        self.session, self.chat, self.turns = session, chat, turns


class OpeningFailed(Message):
    """The chat could not be opened; ``text`` says why and what to do."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text


class ModelProgressed(Message):
    """Loading went on; ``share`` is 0 to 1."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, ModelProgressed)


class ModelLoaded(Message):
    """The model is ready to write."""

    def __init__(self, info: EngineInfo) -> None:
        super().__init__()
        self.info = info


class ModelFailed(Message):
    """The model could not be loaded."""

    def __init__(self, text: str, log_tail: str = "") -> None:
        super().__init__()
        self.text, self.log_tail = text, log_tail


class UserTurnStored(Message):
    """The user's words are in the database; ``parted``: they began a branch beside another's."""

    def __init__(self, turn: Turn, parted: bool = False) -> None:
        super().__init__()
        self.turn, self.parted = turn, parted


class PathRead(Message):
    """Somebody wrote to the database; ``path`` is the end of the branch shown by now."""

    def __init__(self, session: Session, path: list[Turn]) -> None:
        super().__init__()
        self.session, self.path = session, path


class ReplyStarted(Message):
    """The prompt stands; ``turns`` will grow, none for a draft."""

    def __init__(self, turns: tuple[Turn, ...], prompt: Prompt) -> None:
        super().__init__()
        self.turns, self.prompt = turns, prompt


class PromptEvaluated(Message):
    """Prompt evaluation went on."""

    def __init__(self, done: int, total: int, reused: int) -> None:
        super().__init__()
        self.done, self.total, self.reused = done, total, reused

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, PromptEvaluated)


class ReplyThought(Message):
    """The model thinks before candidate ``index``; ``text`` is all of it so far."""

    def __init__(self, index: int, text: str, tokens: int) -> None:
        super().__init__()
        self.index, self.text, self.tokens = index, text, tokens

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, ReplyThought) and message.index == self.index


class ReplyGrown(Message):
    """Candidates grew; ``texts`` has the whole text of each one that did."""

    def __init__(self, texts: Mapping[int, str], tokens: Mapping[int, int]) -> None:
        super().__init__()
        self.texts, self.tokens = texts, tokens

    def can_replace(self, message: Message) -> bool:
        # A queue that fell behind drops what a later text contains anyway.
        return isinstance(message, ReplyGrown) and set(self.texts) <= set(message.texts)


class ReplyFinished(Message):
    """Candidate ``index`` is complete and stored."""

    def __init__(self, index: int, turn: Turn, generation: Generation) -> None:
        super().__init__()
        self.index, self.turn, self.generation = index, turn, generation


class ReplyCancelled(ReplyFinished):
    """Candidate ``index`` was stopped; what had come is stored."""


class DraftFinished(Message):
    """A line was written for the user."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text


class ReplyFailed(Message):
    """No reply, or none to its end."""

    def __init__(self, text: str, log_tail: str = "") -> None:
        super().__init__()
        self.text, self.log_tail = text, log_tail


class BestLed(Message):
    """Of several growing candidates this one is most in character so far."""

    def __init__(self, index: int) -> None:
        super().__init__()
        self.index = index


class BestKept(Message):
    """The best candidate by score is shown; ``chances`` has every one's probability."""

    def __init__(self, index: int, turn: Turn, chances: tuple[float | None, ...]) -> None:
        super().__init__()
        self.index, self.turn, self.chances = index, turn, chances


class ReplyEnded(Message):
    """Nothing more comes of this request."""


class ReplySettled(Message):
    """The engine is ready for the next message at the least cost."""


class ReplyScored(Message):
    """A reply was measured; ``score`` is ``None`` where that failed, and ``problem`` says why."""

    def __init__(
        self, session: Session, turn: Turn, score: Score | None, problem: str = ""
    ) -> None:
        super().__init__()
        self.session, self.turn, self.score, self.problem = session, turn, score, problem


class MemoryNoted(Message):
    """Something was written into memory; ``texts`` is what."""

    def __init__(self, texts: tuple[str, ...]) -> None:
        super().__init__()
        self.texts = texts


class PromptPreviewed(Message):
    """The prompt as it would be sent now, or why there is none."""

    def __init__(self, prompt: Prompt | None, problem: str = "") -> None:
        super().__init__()
        self.prompt, self.problem = prompt, problem
