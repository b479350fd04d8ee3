"""Takes personal data out of texts: names of personas, mails, phones, paths, keys.

What was taken is counted and listed for a person to review: no rule finds everything, and some
findings are none. Phone numbers are found by ``phonenumbers``; the rest has clear shapes.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from functools import partial

_MAIL = re.compile(
    r"(?<![\w.+-])[\w.+-]{1,64}@(?:[\w-]{1,63}\.){1,8}[^\W\d_]{2,24}(?![\w-])", re.UNICODE
)
_KEY = re.compile(
    r"(?<![\w-])(?:"
    r"sk-[\w-]{16,}|(?:ghp|gho|ghs|ghu)_\w{20,}|github_pat_\w{20,}|hf_[A-Za-z0-9]{20,}|"
    r"AKIA[0-9A-Z]{16}|AIza[\w-]{30,}|xox[abprs]-[\w-]{10,}|glpat-[\w-]{16,}|"
    r"eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]{8,}|"
    r"(?=[0-9A-Za-z]{0,63}[0-9])(?=[0-9A-Za-z]{0,63}[A-Za-z])[0-9A-Fa-f]{32,64}"
    r")(?![\w-])"
)
_SHORTEST_KEY = 14
_MARKS = frozenset("0123456789@/\\_-")
"""Whatever is taken out but names has one of these, or begins like the two keys without them."""
_KEY_BLOCK = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL
)
# Folders that carry a user's name.
_PATH = re.compile(
    r"(?:(?<![\w/])(?:/home/|/Users/|/root(?=/)|~/)|(?<!\w)[A-Za-z]:\\Users\\)(?:[^\s\"'<>|*?]*[\w/\\-])?"
)
_SHORTEST_PHONE = 7
_MAYBE_PHONE = re.compile(r"(?:\d[^\w\n]{0,3}){6}\d")

NAME = "User"
"""What stands in place of a persona's name; nothing is changed in personas that have this name."""

_COMMON = frozenset({"user", "you", "me", "i", ""})


@dataclass(slots=True)
class Scrubber:
    """Cleans texts and remembers what it took.

    Attributes:
        names: Names of personas.
        region: Country (two letters) whose way of writing phone numbers is known beside the
            international one.
        found: (kind, text taken) and how often.
    """

    names: Collection[str] = ()
    region: str = "US"
    found: Counter[tuple[str, str]] = field(default_factory=Counter)
    _names: re.Pattern[str] | None = None
    _parts: tuple[str, ...] = ()
    _ascii: bool = True

    def __post_init__(self) -> None:
        names = {name.strip() for name in self.names} - {""}
        wanted = sorted(
            (n for n in names if n.casefold() not in _COMMON), key=lambda n: (-len(n), n)
        )
        if wanted:
            self._parts = tuple(name.lower() for name in wanted)
            self._ascii = all(name.isascii() for name in wanted)
            any_of = "|".join(map(re.escape, wanted))
            self._names = re.compile(rf"(?<!\w)(?:{any_of})(?!\w)", re.IGNORECASE)

    def __call__(self, text: str) -> str:
        """The text with a mark in place of each finding."""
        # Cheap looks first: most texts of a chat have nothing to take.
        if "-----BEGIN" in text:
            text = _KEY_BLOCK.sub(partial(self._take, "key", "[key]"), text)
        odd = not text.isascii() or "AKIA" in text or "AIza" in text
        if odd or not _MARKS.isdisjoint(text):
            text = self._without_marked(text)
        if self._names is not None and self._has_name(text):
            text = self._names.sub(partial(self._take, "name", NAME), text)
        return text

    def _has_name(self, text: str) -> bool:
        # Beyond ASCII, upper and lower case are more than two letters: the expression decides.
        if not text.isascii() or not self._ascii:
            return True
        small = text.lower()
        for part in self._parts:  # noqa: SIM110 - a generator costs more than the search
            if part in small:
                return True
        return False

    def _without_marked(self, text: str) -> str:
        if max(map(len, text.split()), default=0) >= _SHORTEST_KEY:
            text = _KEY.sub(partial(self._take, "key", "[key]"), text)
        if "@" in text:
            text = _MAIL.sub(partial(self._take, "mail", "[mail]"), text)
        if "/" in text or "\\" in text:
            text = _PATH.sub(partial(self._take, "path", "[path]"), text)
        many = not text.isascii() or sum(map(text.count, "0123456789")) >= _SHORTEST_PHONE
        if many and _MAYBE_PHONE.search(text):
            text = self._without_phones(text)
        return text

    def review(self) -> Iterator[dict[str, object]]:
        """What was taken, most often first, for a person to look through."""
        for (kind, text), many in sorted(self.found.items(), key=lambda each: (-each[1], each[0])):
            yield {"kind": kind, "text": text, "times": many}

    def _take(self, kind: str, mark: str, match: re.Match[str]) -> str:
        self.found[kind, match[0]] += 1
        return mark

    def _without_phones(self, text: str) -> str:
        # Its tables of numbers are large: only a text that may have one pays for them.
        from phonenumbers import Leniency, PhoneNumberMatcher

        done, end = [], 0
        for match in PhoneNumberMatcher(text, self.region, leniency=Leniency.VALID):
            self.found["phone", match.raw_string] += 1
            done += [text[end : match.start], "[phone]"]
            end = match.end
        return "".join([*done, text[end:]])
