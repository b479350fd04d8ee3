"""``/regex/flags`` keys, compiled by an engine whose time grows with the text and not with the
pattern's tricks (RE2): a key from a stranger's card cannot stall the chat.
"""

from __future__ import annotations

import re
from typing import Any, Protocol, cast

_SLASHED = re.compile(r"/((?:[^/\\]|\\.)+)/([a-zA-Z]*)", re.DOTALL)
_UNICODE = re.compile(r"\\u(?:([0-9a-fA-F]{4})|\{([0-9a-fA-F]{1,6})\})")
_MAX_MEMORY = 8 << 20


class PatternError(ValueError):
    """A pattern that the engine does not take; the text says why."""


class Pattern(Protocol):
    """A compiled pattern."""

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
