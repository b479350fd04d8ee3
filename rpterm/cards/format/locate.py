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
class LineNumbers:
    """Line numbers by path.

    Attributes:
        lines: Path of keys and list indexes → 1-based line where it begins.
        unterminated_at: The line where an unterminated string begins, or 0.
    """

    lines: dict[Path, int] = field(default_factory=dict)
    unterminated_at: int = 0

    def line(self, path: Path) -> int:
        """The line of a path, or of its nearest known parent; 0 if there is none."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 0)


def locate(text: str) -> LineNumbers:
    """Find the line of every key, table and list item of a TOML text."""
    scanner = _Scanner(text)
    with suppress(_ScanError):
        scanner.scan_document()
    return scanner.places


class _ScanError(Exception):
    """The scanner does not understand the text."""


class _Scanner:
    """A recursive-descent scanner; ``scan_`` methods record lines, ``skip_`` methods do not."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.pos = 0
        self.places = LineNumbers()
        self.newlines = [match.start() for match in re.finditer("\n", text)]
        self.counts: dict[Path, int] = {}

    def scan_document(self) -> None:
        table: Path = ()
        self.skip(_BLANK)
        while self.pos < len(self.text):
            if self.text.startswith("[", self.pos):
                table = self.scan_header()
            else:
                self.scan_pair(table, 0)
            self.skip(_BLANK)

    def scan_header(self) -> Path:
        line = self.current_line()
        is_array = self.text.startswith("[[", self.pos)
        self.pos += 2 if is_array else 1
        path: Path = ()
        keys = self.scan_keys()
        self.expect("]]" if is_array else "]")
        for number, key in enumerate(keys, 1):
            path = (*path, key)
            if is_array and number == len(keys):
                self.counts[path] = self.counts.get(path, 0) + 1
            self.record(path, line)
            if path in self.counts:
                path = (*path, self.counts[path] - 1)
                self.record(path, line)
        return path

    def scan_pair(self, table: Path, depth: int) -> None:
        line = self.current_line()
        path = table
        for key in self.scan_keys():
            path = (*path, key)
            self.record(path, line)
        self.expect("=")
        self.skip(_SPACE)
        self.scan_value(path, depth)

    def scan_keys(self) -> list[str]:
        keys = [self.scan_key()]
        while self.text.startswith(".", self.pos):
            self.pos += 1
            keys.append(self.scan_key())
        return keys

    def scan_key(self) -> str:
        self.skip(_SPACE)
        quote = self.text[self.pos : self.pos + 1]
        if quote and quote in "\"'":
            start = self.pos
            self.skip_string(quote)
            key = _unquote(self.text[start : self.pos])
        else:
            match = _BARE_KEY.match(self.text, self.pos)
            if not match:
                raise _ScanError
            key = match[0]
            self.pos = match.end()
        self.skip(_SPACE)
        return key

    def scan_value(self, path: Path, depth: int) -> None:
        if depth > _MAX_DEPTH:
            raise _ScanError
        for quote in _STRINGS:
            if self.text.startswith(quote, self.pos):
                self.skip_string(quote)
                return
        if self.text.startswith("[", self.pos):
            self.scan_array(path, depth)
        elif self.text.startswith("{", self.pos):
            self.scan_inline_table(path, depth)
        else:
            self.skip(_BARE_VALUE)

    def skip_string(self, quote: str) -> None:
        match = _STRINGS[quote].match(self.text, self.pos + len(quote))
        if not match:
            self.places.unterminated_at = self.current_line()
            raise _ScanError
        self.pos = match.end()

    def scan_array(self, path: Path, depth: int) -> None:
        self.pos += 1
        index = 0
        while not self.skip_closing("]"):
            item = (*path, index)
            self.record(item, self.current_line())
            self.scan_value(item, depth + 1)
            self.skip_comma("]")
            index += 1

    def scan_inline_table(self, path: Path, depth: int) -> None:
        self.pos += 1
        while not self.skip_closing("}"):
            self.scan_pair(path, depth + 1)
            self.skip_comma("}")

    def skip_closing(self, bracket: str) -> bool:
        """Skip the closing bracket if it is next; whether it was."""
        self.skip(_BLANK)
        if not self.text.startswith(bracket, self.pos):
            return False
        self.pos += 1
        return True

    def skip_comma(self, bracket: str) -> None:
        """Skip the comma after an item, which only the last item before ``bracket`` may lack."""
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

    def record(self, path: Path, line: int) -> None:
        self.places.lines.setdefault(path, line)

    def current_line(self) -> int:
        return bisect_right(self.newlines, self.pos - 1) + 1


def _unquote(key: str) -> str:
    import tomli

    try:
        return str(tomli.loads(f"k = {key}")["k"])
    except tomli.TOMLDecodeError as error:
        raise _ScanError from error
