"""What a model thinks before it replies, told apart from the reply while both grow.

Many models write down their thoughts first, between marks that differ from family to family; the
marks may also stand at the end of the prompt already, or, behind a server that knows them only
half, at the end of the thought alone. A thought is shown on request and is no part of the reply:
nothing but this file knows the marks. Pure: it knows bytes, no model and no token ids. What comes
out depends on the bytes alone, not on how they were cut.
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from enum import Enum, auto


@dataclass(frozen=True, slots=True)
class Marks:
    """How one family of models writes a thought.

    Attributes:
        opens: What a thought begins with.
        closes: What ends it: the reply follows.
        noise: What stands before ``closes`` and belongs to no thought.
    """

    opens: str
    closes: str
    noise: str = ""

    @property
    def ending(self) -> str:
        """What a model has to read to be done with its thought."""
        return self.noise + self.closes if self.noise else f"\n{self.closes}\n\n"


_FINAL = "<|channel|>final<|message|>"
FAMILIES = (
    Marks("<think>", "</think>"),
    Marks("<thinking>", "</thinking>"),
    Marks("<thought>", "</thought>"),
    Marks("<reasoning>", "</reasoning>"),
    Marks("[THINK]", "[/THINK]"),
    Marks("<|channel>thought", "<channel|>"),
    Marks("<|channel|>analysis<|message|>", _FINAL, noise="<|end|><|start|>assistant"),
)
"""Qwen, DeepSeek and most others; some of their tunes; Mistral; Gemma 4; gpt-oss."""

REACH = 64
"""Characters at the end of a prompt that can tell whether a thought is open there."""


class _Place(Enum):
    UNKNOWN = auto()
    THOUGHT = auto()
    GAP = auto()
    REPLY = auto()


class Thinking:
    """Cuts what a model writes into a thought and a reply.

    Attributes:
        marks: The family, as soon as a thought was seen.
    """

    def __init__(self, prompt: str = "") -> None:
        """``prompt``: how the prompt ends; ``REACH`` characters are enough."""
        tail = prompt.rstrip()
        self.marks = next((each for each in FAMILIES if tail.endswith(each.opens)), None)
        self._place = _Place.THOUGHT if self.marks else _Place.UNKNOWN
        self._held = b""
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    @property
    def inside(self) -> bool:
        """Whether a thought is open."""
        return self._place is _Place.THOUGHT

    @property
    def over(self) -> bool:
        """Whether the reply has begun."""
        return self._place is _Place.REPLY

    def feed(self, data: bytes) -> tuple[str, bytes]:
        """Take in what the model wrote; returns more of the thought and more of the reply."""
        if self._place is _Place.REPLY:
            return "", data
        self._held += data
        thought = ""
        if self._place is _Place.UNKNOWN:
            self._begin()
        if self._place is _Place.THOUGHT:
            thought = self._think()
        return thought, self._reply()

    def finish(self) -> tuple[str, bytes]:
        """It is over: what was held back belongs where the text stands now."""
        held, self._held = self._held, b""
        if self._place is _Place.THOUGHT:
            return self._decoder.decode(held, final=True), b""
        return "", held if self._place is _Place.UNKNOWN else b""

    def _begin(self) -> None:
        """Decide whether this is a thought, once enough of it is there."""
        start = self._held.lstrip()
        if start.startswith(_FINAL.encode()):
            self._held, self._place = start[len(_FINAL) :], _Place.GAP
            return
        for marks in FAMILIES:
            if start.startswith(opens := marks.opens.encode()):
                self.marks, self._place = marks, _Place.THOUGHT
                self._held = start[len(opens) :]
                return
        if not any(opens.startswith(start) for opens in _OPENINGS):
            self._place = _Place.REPLY

    def _think(self) -> str:
        """Give out what is surely thought, and look for its end."""
        assert self.marks is not None
        closes, noise = self.marks.closes.encode(), self.marks.noise.encode()
        before, found, after = self._held.partition(closes)
        if found:
            self._held, self._place = after, _Place.GAP
            return self._decoder.decode(before.removesuffix(noise), final=True)
        hold = _overlap(before, noise + closes)
        sure, self._held = before[: len(before) - hold], before[len(before) - hold :]
        return self._decoder.decode(sure)

    def _reply(self) -> bytes:
        """What is held and belongs to the reply; space between thought and reply is nobody's."""
        if self._place is _Place.GAP:
            self._held = self._held.lstrip()
            if self._held:
                self._place = _Place.REPLY
        if self._place is not _Place.REPLY:
            return b""
        held, self._held = self._held, b""
        return held


_OPENINGS = (_FINAL.encode(), *(marks.opens.encode() for marks in FAMILIES))


def _overlap(data: bytes, end: bytes) -> int:
    """Length of the longest tail of ``data`` that begins ``end``, or lies within it."""
    for length in range(min(len(data), len(end)), 0, -1):
        if end.startswith(data[-length:]):
            return length
    return 0


def unopened(text: str) -> tuple[str, str] | None:
    """Thought and reply of a text in which a thought ends that was never begun, else ``None``."""
    for marks in FAMILIES:
        before, found, after = text.partition(marks.closes)
        if found and not marks.noise:
            return before.strip(), after.lstrip()
    return None


def split(text: str) -> tuple[str, str]:
    """Thought ("" where there is none) and reply of a text that is whole."""
    cut = Thinking()
    thought, reply = cut.feed(text.encode("utf-8", "surrogatepass"))
    more, rest = cut.finish()
    if cut.marks is None:
        return "", text
    return (thought + more).strip(), (reply + rest).decode("utf-8", "surrogatepass")
