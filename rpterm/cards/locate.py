"""Finds the line number of every key, table and list item in a TOML text.

It has its own scanner, because TOML parsers return values without positions. It expects text that
a parser accepted; on other text it never raises but stops at what it does not understand. It
knows nothing of cards.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from contextlib import suppress
from dataclasses import dataclass, field

Path = tuple[str | int, ...]

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_BARE_VALUE = re.compile(r"[^,\]}\n#]*")
_STRINGS = {
    '"""': re.compile(r'(?:[^"\\]|\\.|"(?!""))*"{3,5}', re.DOTALL),
    "'''": re.compile(r"(?:[^']|'(?!''))*'{3,5}"),
    '"': re.compile(r'(?:[^"\\\n]|\\.)*"'),
    "'": re.compile(r"[^'\n]*'"),
}
_MAX_DEPTH = 100


@dataclass
class Places:
    """Line numbers by path.

    Attributes:
        lines: Path of keys and list indexes → 1-based line where it begins.
        open_at: The line where an unterminated string begins, or 0.
    """

    lines: dict[Path, int] = field(default_factory=dict)
    open_at: int = 0

    def line(self, path: Path) -> int:
        """The line of a path, or of its nearest known parent; 0 if there is none."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 0)


def locate(text: str) -> Places:
    """Find the line of every key, table and list item of a TOML text."""
    scanner = _Scanner(text)
    with suppress(_ScanError):
        scanner.document()
    return scanner.places


class _ScanError(Exception):
    """The scanner does not understand the text."""


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.pos = 0
        self.places = Places()
        self.newlines = [match.start() for match in re.finditer("\n", text)]
        self.counts: dict[Path, int] = {}

    def document(self) -> None:
        table: Path = ()
        self.skip(_BLANK)
        while self.pos < len(self.text):
            if self.text.startswith("[", self.pos):
                table = self.header()
            else:
                self.pair(table, 0)
            self.skip(_BLANK)

    def header(self) -> Path:
        line = self.line()
        array = self.text.startswith("[[", self.pos)
        self.pos += 2 if array else 1
        path: Path = ()
        keys = self.keys()
        self.expect("]]" if array else "]")
        for last, key in enumerate(keys, 1 - len(keys)):
            path = (*path, key)
            if array and last == 0:
                self.counts[path] = self.counts.get(path, 0) + 1
            self.mark(path, line)
            if path in self.counts:
                path = (*path, self.counts[path] - 1)
                self.mark(path, line)
        return path

    def pair(self, table: Path, depth: int) -> None:
        line = self.line()
        path = table
        for key in self.keys():
            path = (*path, key)
            self.mark(path, line)
        self.expect("=")
        self.skip(_SPACE)
        self.value(path, depth)

    def keys(self) -> list[str]:
        keys = [self.key()]
        while self.text.startswith(".", self.pos):
            self.pos += 1
            keys.append(self.key())
        return keys

    def key(self) -> str:
        self.skip(_SPACE)
        quote = self.text[self.pos : self.pos + 1]
        if quote and quote in "\"'":
            start = self.pos
            self.string(quote)
            key = _unquote(self.text[start : self.pos])
        else:
            match = _BARE_KEY.match(self.text, self.pos)
            if not match:
                raise _ScanError
            key = match[0]
            self.pos = match.end()
        self.skip(_SPACE)
        return key

    def value(self, path: Path, depth: int) -> None:
        if depth > _MAX_DEPTH:
            raise _ScanError
        for quote in _STRINGS:
            if self.text.startswith(quote, self.pos):
                self.string(quote)
                return
        if self.text.startswith("[", self.pos):
            self.items(path, depth)
        elif self.text.startswith("{", self.pos):
            self.inline(path, depth)
        else:
            self.skip(_BARE_VALUE)

    def string(self, quote: str) -> None:
        match = _STRINGS[quote].match(self.text, self.pos + len(quote))
        if not match:
            self.places.open_at = self.line()
            raise _ScanError
        self.pos = match.end()

    def items(self, path: Path, depth: int) -> None:
        self.pos += 1
        index = 0
        while not self.closed("]"):
            item = (*path, index)
            self.mark(item, self.line())
            self.value(item, depth + 1)
            self.comma("]")
            index += 1

    def inline(self, path: Path, depth: int) -> None:
        self.pos += 1
        while not self.closed("}"):
            self.pair(path, depth + 1)
            self.comma("}")

    def closed(self, bracket: str) -> bool:
        self.skip(_BLANK)
        if not self.text.startswith(bracket, self.pos):
            return False
        self.pos += 1
        return True

    def comma(self, bracket: str) -> None:
        self.skip(_BLANK)
        if not self.text.startswith(bracket, self.pos):
            self.expect(",")

    def expect(self, token: str) -> None:
        if not self.text.startswith(token, self.pos):
            raise _ScanError
        self.pos += len(token)

    def skip(self, pattern: re.Pattern[str]) -> None:
        match = pattern.match(self.text, self.pos)
        if match:
            self.pos = match.end()

    def mark(self, path: Path, line: int) -> None:
        self.places.lines.setdefault(path, line)

    def line(self) -> int:
        return bisect_right(self.newlines, self.pos - 1) + 1


def _unquote(key: str) -> str:
    if key.startswith("'") or "\\" not in key:
        return key[1:-1]
    import tomli

    try:
        return str(tomli.loads(f"k = {key}")["k"])
    except tomli.TOMLDecodeError as error:
        raise _ScanError from error
