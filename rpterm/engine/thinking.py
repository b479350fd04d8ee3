"""Separates a model's thought (its reasoning) from its reply while both are streamed.

Many models write a thought first, between tags that differ from family to family. The opening tag
may also be at the end of the prompt already, and a server that handles the tags incompletely may
pass on the closing tag alone. A thought is shown on request and is not part of the reply; only this
module knows the tags. It works on bytes, without a model or token ids, and its output does not
depend on how the bytes were split into chunks.
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from enum import Enum, auto


@dataclass(frozen=True, slots=True)
class ThoughtTags:
    """The tags of one model family.

    Attributes:
        opens: Begins a thought.
        closes: Ends it; the reply follows.
        noise: Control text directly before ``closes`` that is not part of the thought.
    """

    opens: str
    closes: str
    noise: str = ""

    @property
    def ending(self) -> str:
        """The text to feed a model so that it ends its thought."""
        return self.noise + self.closes if self.noise else f"\n{self.closes}\n\n"


_FINAL = "<|channel|>final<|message|>"
FAMILIES = (
    ThoughtTags("<think>", "</think>"),
    ThoughtTags("<thinking>", "</thinking>"),
    ThoughtTags("<thought>", "</thought>"),
    ThoughtTags("<reasoning>", "</reasoning>"),
    ThoughtTags("[THINK]", "[/THINK]"),
    ThoughtTags("<|channel>thought", "<channel|>"),
    ThoughtTags("<|channel|>analysis<|message|>", _FINAL, noise="<|end|><|start|>assistant"),
)
"""Qwen, DeepSeek and most others; three tags of their fine-tunes; Mistral; Gemma 4; gpt-oss."""

REACH = 64
"""How many characters at the end of a prompt suffice to see whether a thought is open there."""


class _State(Enum):
    UNKNOWN = auto()
    THOUGHT = auto()
    GAP = auto()
    REPLY = auto()


class ThoughtSplitter:
    """Splits a model's output stream into a thought and a reply.

    Attributes:
        marks: The tags in use, once a thought has been seen.
    """

    def __init__(self, prompt: str = "") -> None:
        """``prompt``: the end of the prompt; ``REACH`` characters are enough."""
        tail = prompt.rstrip()
        self.marks = next((each for each in FAMILIES if tail.endswith(each.opens)), None)
        self._state = _State.THOUGHT if self.marks else _State.UNKNOWN
        self._held = b""
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    @property
    def inside(self) -> bool:
        """Whether a thought is open."""
        return self._state is _State.THOUGHT

    @property
    def over(self) -> bool:
        """Whether the reply has begun."""
        return self._state is _State.REPLY

    def feed(self, data: bytes) -> tuple[str, bytes]:
        """Take in output; return the additions to the thought and to the reply."""
        if self._state is _State.REPLY:
            return "", data
        self._held += data
        thought = ""
        if self._state is _State.UNKNOWN:
            self._detect_start()
        if self._state is _State.THOUGHT:
            thought = self._take_thought()
        return thought, self._take_reply()

    def finish(self) -> tuple[str, bytes]:
        """End the stream; what was held back goes to whichever part is open."""
        held, self._held = self._held, b""
        if self._state is _State.THOUGHT:
            return self._decoder.decode(held, final=True), b""
        return "", held if self._state is _State.UNKNOWN else b""

    def _detect_start(self) -> None:
        """Decide whether the output begins with a thought, once enough of it has arrived."""
        start = self._held.lstrip()
        if start.startswith(_FINAL.encode()):
            self._held, self._state = start[len(_FINAL) :], _State.GAP
            return
        for marks in FAMILIES:
            if start.startswith(opens := marks.opens.encode()):
                self.marks, self._state = marks, _State.THOUGHT
                self._held = start[len(opens) :]
                return
        if not any(opens.startswith(start) for opens in _OPENINGS):
            self._state = _State.REPLY

    def _take_thought(self) -> str:
        """Release what certainly belongs to the thought, and look for the closing tag."""
        assert self.marks is not None
        closes, noise = self.marks.closes.encode(), self.marks.noise.encode()
        before, found, after = self._held.partition(closes)
        if found:
            self._held, self._state = after, _State.GAP
            return self._decoder.decode(before.removesuffix(noise), final=True)
        hold = _overlap(before, noise + closes)
        sure, self._held = before[: len(before) - hold], before[len(before) - hold :]
        return self._decoder.decode(sure)

    def _take_reply(self) -> bytes:
        """Release the reply so far; whitespace between thought and reply is dropped."""
        if self._state is _State.GAP:
            self._held = self._held.lstrip()
            if self._held:
                self._state = _State.REPLY
        if self._state is not _State.REPLY:
            return b""
        held, self._held = self._held, b""
        return held


_OPENINGS = (_FINAL.encode(), *(marks.opens.encode() for marks in FAMILIES))


def _overlap(data: bytes, end: bytes) -> int:
    """Length of the longest suffix of ``data`` that is a prefix of ``end``."""
    for length in range(min(len(data), len(end)), 0, -1):
        if end.startswith(data[-length:]):
            return length
    return 0


def split_unopened(text: str) -> tuple[str, str] | None:
    """Thought and reply of a text that has a closing tag only; ``None`` for any other text."""
    for marks in FAMILIES:
        before, found, after = text.partition(marks.closes)
        if found and not marks.noise:
            return before.strip(), after.lstrip()
    return None


def split(text: str) -> tuple[str, str]:
    """Thought ("" if there is none) and reply of a complete text."""
    cut = ThoughtSplitter()
    thought, reply = cut.feed(text.encode("utf-8", "surrogatepass"))
    more, rest = cut.finish()
    if cut.marks is None:
        return "", text
    return (thought + more).strip(), (reply + rest).decode("utf-8", "surrogatepass")
