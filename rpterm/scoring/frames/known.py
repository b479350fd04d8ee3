"""What the frames compare: a claim of the reply, and the lines that it may contradict. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache

from rpterm.scoring.scene import Fact
from rpterm.scoring.texts import phrase_pattern

_UNREAL = phrase_pattern(
    ["if", "wish", "wishes", "imagine", "pretend", "would", "i'd", "you'd", "(?<!never )could",
     "might", "maybe", "perhaps", "dream(?:ed|t|s)?", "as though", "suppose", "unless", "until",
     "try", "tried", "trying", "learning", "want(?:ed)?", "like to", "jok(?:e|ing)", "almost",
     "nearly", "should", "teach me", "hope", "when i'm", "one day", "someday", "else"]
)  # fmt: skip
LONGEST_CLAIM = 600
"""Characters; a longer "sentence" is garbled text or a list, and slow to search."""
_CLAUSE_MARK = re.compile(r"[,;:–—]|\b(?:and|but)\b", re.IGNORECASE)
NEGATION = re.compile(
    r"\b(?:not|never|no|cannot|none|nobody|nothing|neither|nor|without|hardly|barely|"
    r"no longer|stopped|quit|unable|not able|refus(?:e|es|ed|ing) to)\b|n['’]t\b|"
    r"\b(?:dislikes?|hates?)\s*[:=(]",
    re.IGNORECASE,
)
_KIN_WORDS = (
    "wife|husband|spouse|fianc[eé]e?|girlfriend|boyfriend|mother|mum|mom|mama|father|dad|papa|"
    "parents|brothers?|sisters?|siblings?|sons?|daughters?|children|kids|uncle|aunt|cousins?|"
    "nephew|niece|grandmother|grandma|gran|grandfather|grandpa|friends?|secretary|assistant"
)
KIN = re.compile(
    rf"\b(?:(?:his|her|their|my|your|a|an|one|two|three|four|the)\s+)?(?:[a-z-]+\s+)?"
    rf"(?:{_KIN_WORDS})\b",
    re.IGNORECASE,
)
"""Somebody close to the character: what follows is about them."""
_NO_OF_NAME = re.compile(r"\b([A-ZÀ-Þ][\w’'-]+) no (?=[A-ZÀ-Þ])")
Clash = tuple[str, "Line"]
"""What is wrong, in a few words, and the line it contradicts."""
Clashes = Callable[["Claim", "Known"], Iterator[Clash]]


@dataclass(frozen=True, slots=True)
class Line:
    """A sentence that a claim may contradict.

    Attributes:
        written: Whether it is a line of the card rather than speech.
    """

    fact: Fact
    text: str
    written: bool


@dataclass(frozen=True)
class Known:
    """Everything known about one person.

    Attributes:
        who: How the reply refers to this person: "i" (the character) or "you" (the user).
    """

    lines: tuple[Line, ...]
    who: str = "i"

    @cached_property
    def text(self) -> str:
        """All lines, in lower case."""
        return "\n".join(line.text for line in self.lines).lower()


@dataclass(frozen=True, slots=True)
class Claim:
    """A sentence of the reply.

    Attributes:
        before: The sentence before it in the reply, or the user's last turn: what "it" is.
        acted: Whether it describes an action (``*…*``), whose subject is the character.
    """

    text: str
    before: str = ""
    acted: bool = False

    @property
    def plain(self) -> str:
        """The text with plain apostrophes."""
        return self.text.replace("’", "'")

    @property
    def real(self) -> str:
        """``plain`` as far as it says what is."""
        return real_part(self.plain)


def real_part(text: str) -> str:
    """A sentence up to the clause that begins to say what might be rather than what is."""
    unreal = _UNREAL.search(text)
    if unreal is None:
        return text
    ends = [match.end() for match in _CLAUSE_MARK.finditer(text) if match.end() <= unreal.start()]
    return text[: max(ends, default=0)]


def is_unreal(text: str) -> bool:
    """Whether a sentence says what might be rather than what is."""
    return bool(_UNREAL.search(text.replace("’", "'")))


def is_negated(text: str) -> bool:
    """Whether there is a negation anywhere in a text."""
    return bool(NEGATION.search(without_particles(text)))


def without_particles(text: str) -> str:
    """A text without the "no" of names such as "Sei no Shōnagon"."""
    return _NO_OF_NAME.sub(r"\1 ", text) if " no " in text else text


def clause_at(text: str, start: int, end: int) -> str:
    """The clause around a span: up to the nearest comma, semicolon, colon, dash, "and" or "but"."""
    marks = [match.span() for match in _CLAUSE_MARK.finditer(text)]
    first = max((last for _, last in marks if last <= start), default=0)
    return text[first : min((at for at, _ in marks if at >= end), default=len(text))]


@lru_cache(maxsize=4096)
def own_part(text: str) -> str:
    """A line without what it says about relatives: from the first of them to the end."""
    match = KIN.search(text)
    return text[: match.start()] if match else text
