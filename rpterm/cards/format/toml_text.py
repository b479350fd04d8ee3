"""Formats single values as readable TOML.

It knows TOML and nothing of cards. A TOML parser reads back exactly the value that was written.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

WIDTH = 96

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_UNSAFE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff]")
_SHORT = {"\\": "\\\\", '"': '\\"', "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r"}
_IN_LINE = re.compile(r'[\\"\n]|' + _UNSAFE.pattern)
_IN_BLOCK = re.compile(r'\\|"(?="")|"(?=$(?![\r\n]))|' + _UNSAFE.pattern)


def key(name: str) -> str:
    """A key, quoted where necessary."""
    return name if _BARE.fullmatch(name) else _basic(name)


def line(text: str) -> str:
    """A string on one line; quotes inside it are escaped only if it cannot be a literal."""
    is_awkward = ('"' in text or "\\" in text) and "\n" not in text
    quotes = ("'", "'''") if is_awkward and _fits_literal(text) else ()
    quote = next((each for each in quotes if each not in text), "")
    return f"{quote}{text}{quote}" if quote else _basic(text)


def _basic(text: str) -> str:
    return f'"{_IN_LINE.sub(_escape, text)}"'


def string(text: str) -> str:
    """A string; several lines become a multi-line string."""
    if "\n" not in text:
        return line(text)
    awkward = "\\" in text or '"""' in text
    if awkward and "'''" not in text and _fits_literal(text):
        return f"'''\n{text}'''"
    return f'"""\n{_IN_BLOCK.sub(_escape, text)}"""'


def _fits_literal(text: str) -> bool:
    return not text.endswith("'") and not _UNSAFE.search(text)


def comment(text: str) -> str:
    """Comment lines; unprintable characters become question marks."""
    shown = ("".join(c if c.isprintable() else "?" for c in line) for line in text.splitlines())
    return "".join(f"# {line}".rstrip() + "\n" for line in shown)


def _escape(match: re.Match[str]) -> str:
    char = match[0]
    return _SHORT.get(char) or f"\\u{ord(char):04x}"


def strings(items: Iterable[str]) -> str:
    """A list of strings: on one line if it is short, else one item per line."""
    texts = [string(item) for item in items]
    short = f"[{', '.join(texts)}]"
    if "\n" not in short and len(short) <= WIDTH - 16:
        return short
    return "[\n" + "".join(f"    {text},\n" for text in texts) + "]"


def value(item: Any) -> str:
    """Any plain value on as few lines as possible; tables become inline tables.

    Raises:
        TypeError: TOML has no such type.
    """
    if isinstance(item, str):
        return line(item)
    if isinstance(item, bool):
        return "true" if item else "false"
    if isinstance(item, (int, float)):
        return repr(item)
    if isinstance(item, Mapping):
        inner = ", ".join(f"{key(name)} = {value(part)}" for name, part in item.items())
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(item, (list, tuple)):
        return _items([value(part) for part in item])
    if hasattr(item, "isoformat"):
        return str(item.isoformat())
    raise TypeError(f"TOML has no {type(item).__name__}")


def _items(texts: list[str]) -> str:
    short = f"[{', '.join(texts)}]"
    if len(short) <= WIDTH or len(texts) < 2:
        return short
    return "[\n" + "".join(f"    {text},\n" for text in texts) + "]"
