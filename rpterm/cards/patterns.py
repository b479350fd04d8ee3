"""``/regex/flags`` keys, compiled by an engine whose time grows with the text and not with the
pattern's tricks (RE2): a key from a stranger's card cannot stall the chat.
"""

from __future__ import annotations

import re
from typing import Any, Protocol, cast

_SLASHED = re.compile(r"/((?:[^/\\]|\\.)+)/([a-zA-Z]*)", re.DOTALL)
_UNICODE = re.compile(r"\\u(?:([0-9a-fA-F]{4})|\{([0-9a-fA-F]{1,6})\})")
_MAX_MEMORY = 1 << 20
"""Of one pattern: some forty thousand instructions, a hundred times what people write."""
_LARGEST = 40_000

_PLAIN = re.compile(r"[A-Za-z0-9 _'-]{1,200}")

MAX_PATTERNS = 10_000
MAX_STEPS = 100_000
"""Instructions of all patterns of a card together: the work for one letter of text, at the worst.
Three thousand patterns of twenty letters are within it, and any number of mere letters."""


class PatternError(ValueError):
    """A pattern that the engine does not take; the text says why."""


class TooManyPatterns(PatternError):
    """A card's patterns are too much work together; those before this one are in use."""


class Pattern(Protocol):
    """A compiled pattern; ``programsize`` is its number of instructions."""

    programsize: int

    def search(self, text: str) -> object | None: ...


def split(key: str) -> tuple[str, str] | None:
    """``/body/flags`` → body and flags; ``None`` when the key is plain words.

    As in other programs a slash inside of the body must be escaped, so that ``/usr/bin/`` is
    plain words.
    """
    match = _SLASHED.fullmatch(key)
    return (match[1], match[2]) if match else None


def inline(body: str, flags: str = "") -> str:
    """One pattern with its flags written in front: ``i``, ``m`` and ``s`` count, others do not."""
    body = _UNICODE.sub(lambda match: rf"\x{{{match[1] or match[2]}}}", body)
    kept = "".join(flag for flag in "ims" if flag in flags)
    return f"(?{kept}:{body})" if kept else body


def compile_pattern(body: str, flags: str = "") -> Pattern:
    """Compile a pattern.

    Raises:
        PatternError: Look-around, back references, a syntax error, or far too large.
    """
    import re2  # type: ignore[import-untyped]

    options: Any = re2.Options()
    options.log_errors = False
    options.max_mem = _MAX_MEMORY
    try:
        return cast(Pattern, re2.compile(inline(body, flags), options))
    except re2.error as error:
        reason = error.args[0] if error.args else b""
        text = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
        raise PatternError(text) from error


class Budget:
    """How much work the patterns of one card may be, counted and not timed.

    The count is of compilations and of instructions, so that every machine takes the same cards.
    A pattern of mere letters is known to be good and not compiled.
    """

    def __init__(self, patterns: int = MAX_PATTERNS, steps: int = MAX_STEPS) -> None:
        self.patterns, self.steps = patterns, steps
        self.told = False
        """For who reports it: once is enough."""

    def check(self, body: str, flags: str = "") -> None:
        """Compile a pattern and count its work.

        Raises:
            TooManyPatterns: Nothing is left; the pattern was not even looked at.
            PatternError: As of ``compile_pattern``.
        """
        if self.patterns <= 0 or self.steps <= 0:
            raise TooManyPatterns("this card's patterns are too much work together")
        if _PLAIN.fullmatch(body):
            self.steps -= len(body) // 10
            return
        self.patterns -= 1
        try:
            self.steps -= compile_pattern(body, flags).programsize
        except PatternError as error:
            # Only after all its memory was used does the engine find a pattern too large.
            self.steps -= _LARGEST if "too large" in str(error) else 1
            raise
