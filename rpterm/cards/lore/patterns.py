"""Compiles ``/regex/flags`` keys with RE2, whose matching time is linear in the text.

So no pattern, however malicious, in a card from the internet can stall the chat.
"""

from __future__ import annotations

import re
from typing import Any, Protocol, cast

_SLASHED = re.compile(r"/((?:[^/\\]|\\.)+)/([a-zA-Z]*)", re.DOTALL)
_UNICODE = re.compile(r"\\u(?:([0-9a-fA-F]{4})|\{([0-9a-fA-F]{1,6})\})")
_NO_LETTER = re.compile(r"\(\?<?!(?:\\w|\[[^]\[^]*(?:a-z|\\w)[^]\[]*\])\)", re.IGNORECASE)
_BEFORE = re.compile(r"^\(\?<=(?=(?:[^()\\]|\\.)*\))")
_AFTER = re.compile(r"\(\?=(?=(?:[^()\\]|\\.)*\)+$)")
_MAX_MEMORY = 1 << 20
"""Bytes for one pattern: about forty thousand instructions, a hundred times what people write."""
_LARGEST = 40_000
_LITERAL = re.compile(r"[A-Za-z0-9 _'-]{1,200}")

MAX_PATTERNS = 10_000
MAX_STEPS = 100_000
"""Instructions of all patterns of a card together, which is the worst-case work per character of
text. Three thousand patterns of twenty letters fit, and any number of literal patterns."""


class PatternError(ValueError):
    """The regex engine rejects the pattern; the message says why."""


class TooManyPatterns(PatternError):
    """A card's patterns are too complex together; those before this one remain in use."""


class Pattern(Protocol):
    """A compiled pattern; ``programsize`` is the number of its instructions."""

    programsize: int

    def search(self, text: str) -> object | None: ...


def split_regex_key(key: str) -> tuple[str, str] | None:
    """Split a ``/body/flags`` key into body and flags; ``None`` if the key is plain words.

    As in other programs, a slash inside the body must be escaped, so ``/usr/bin/`` is plain words.
    """
    match = _SLASHED.fullmatch(key)
    return (match[1], match[2]) if match else None


def with_inline_flags(body: str, flags: str) -> str:
    """The pattern with its flags inlined; only ``i``, ``m`` and ``s`` have an effect.

    The look-around that people write is expressed without: "no letter here" as a word boundary,
    and what is required at the very beginning or end as a part of the match, whose extent matters
    to nobody.
    """
    body = _AFTER.sub("(?:", _BEFORE.sub("(?:", _NO_LETTER.sub(r"\\b", body)))
    body = _UNICODE.sub(lambda match: rf"\x{{{match[1] or match[2]}}}", body)
    kept = "".join(flag for flag in "ims" if flag in flags)
    return f"(?{kept}:{body})" if kept else body


def compile_pattern(body: str, flags: str = "") -> Pattern:
    """Compile a pattern.

    Raises:
        PatternError: The pattern uses other look-around or back references, has a syntax error, or
            is far too large.
    """
    import re2  # type: ignore[import-untyped]

    options: Any = re2.Options()
    options.log_errors = False
    options.max_mem = _MAX_MEMORY
    try:
        return cast(Pattern, re2.compile(with_inline_flags(body, flags), options))
    except re2.error as error:
        reason = error.args[0] if error.args else b""
        text = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
        raise PatternError(text) from error


class PatternBudget:
    """Limits the work that the patterns of one card may cause.

    It counts compilations and instructions instead of measuring time, so that every machine accepts
    the same cards. A literal pattern is known to be valid and is not compiled.
    """

    def __init__(self, patterns: int = MAX_PATTERNS, steps: int = MAX_STEPS) -> None:
        self.patterns, self.steps = patterns, steps
        self.exhaustion_reported = False
        """Whether the caller has reported that the budget is used up; once is enough."""

    def check(self, body: str, flags: str = "") -> None:
        """Compile a pattern and deduct its cost from the budget.

        Raises:
            TooManyPatterns: The budget is used up; the pattern was not checked.
            PatternError: As for ``compile_pattern``.
        """
        if self.patterns <= 0 or self.steps <= 0:
            raise TooManyPatterns("this card's patterns are too complex together")
        if _LITERAL.fullmatch(body):
            self.steps -= len(body) // 10
            return
        self.patterns -= 1
        try:
            self.steps -= compile_pattern(body, flags).programsize
        except PatternError as error:
            # The engine rejects a pattern as too large only after using all of its memory.
            self.steps -= _LARGEST if "too large" in str(error) else 1
            raise
