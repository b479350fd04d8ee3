"""Takes personal data out of texts: names of personas, mails, phones, paths, keys.

What was taken is counted and listed for a person to review: no rule finds everything, and some
findings are none. Phone numbers are found by ``phonenumbers``; the rest has clear shapes.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

import re2  # type: ignore[import-untyped]

from rpterm.preference.writing import ExportError

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
_KEY_BLOCK = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL
)
# Folders that carry a user's name.
_PATH = re.compile(
    r"(?:(?<![\w/])(?:/home/|/Users/|/root(?=/)|~/)|(?<!\w)[A-Za-z]:\\Users\\)(?:[^\s\"'<>|*?]*[\w/\\-])?"
)
_MAYBE_PHONE = re.compile(r"(?:\d[^\w\n]{0,3}){6}\d")
_TELLING = re2.compile(
    r"@|/home/|/Users/|/root/|~/|:\\Users\\|-----BEGIN|sk-|gh[posu]_|github_pat_|hf_|AKIA|AIza|xox"
    r"|glpat-|eyJ|[0-9A-Fa-f]{32}|(?:\p{Nd}[^\w\n]{0,3}){6}\p{Nd}"
)
"""Whatever is taken out but names has one of these; this library reads a text once for all."""

NAME = "User"
"""What stands in place of a persona's name; nothing is changed in personas that have this name."""

REGION = "US"
"""Whose way of writing phone numbers is known where none is named."""

_OTHER_CODES = {"UK": "GB", "GBR": "GB", "USA": "US"}
"""What people write for a country whose code is another."""

_COMMON = frozenset({"user", "you", "me", "i", ""})


@dataclass(slots=True)
class Scrubber:
    """Cleans texts and remembers what it took.

    Attributes:
        names: Names of personas.
        region: Country (two letters) whose way of writing phone numbers is known beside the
            international one. In lower case, too; ``ExportError`` when there is none such.
        found: (kind, text taken) and how often.
    """

    names: Collection[str] = ()
    region: str = REGION
    found: Counter[tuple[str, str]] = field(default_factory=Counter)
    _names: re.Pattern[str] | None = None
    _parts: tuple[str, ...] = ()
    _ascii: bool = True

    def __post_init__(self) -> None:
        self.region = country(self.region)
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
        return self.all([text])[0]

    def all(self, texts: Sequence[str]) -> list[str]:
        """The same for many texts, which are looked through together before any of them alone.

        Most texts have nothing to take, and the looks cost as much for one as for a hundred.
        """
        done = list(texts)
        whole = "\n".join(done)
        marked = _TELLING.search(whole) is not None
        if marked:
            done = [self._without_marked(text) for text in done]
        if self._names is not None and (marked or self._has_name(whole)):
            done = [self._without_names(text) for text in done]
        return done

    def _without_names(self, text: str) -> str:
        if self._names is None or not self._has_name(text):
            return text
        return self._names.sub(partial(self._take, "name", NAME), text)

    def _has_name(self, text: str) -> bool:
        # Beyond ASCII, upper and lower case are more than two letters: the expression decides.
        if not text.isascii() or not self._ascii:
            return True
        small = text.lower()
        return any(part in small for part in self._parts)

    def _without_marked(self, text: str) -> str:
        if _TELLING.search(text) is None:
            return text
        text = _KEY_BLOCK.sub(partial(self._take, "key", "[key]"), text)
        text = _KEY.sub(partial(self._take, "key", "[key]"), text)
        text = _MAIL.sub(partial(self._take, "mail", "[mail]"), text)
        text = _PATH.sub(partial(self._take, "path", "[path]"), text)
        return self._without_phones(text) if _MAYBE_PHONE.search(text) else text

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


def country(name: str) -> str:
    """The code of a country as ``phonenumbers`` has it: of an unknown one it would find nothing.

    Raises:
        ExportError: There is no such country.
    """
    code = name.strip().upper()
    if code == REGION:  # that of most runs, which need not load the tables of numbers
        return code
    from phonenumbers import SUPPORTED_REGIONS

    if code in SUPPORTED_REGIONS:
        return code
    meant = _OTHER_CODES.get(code)
    hint = f"did you mean {meant}?" if meant else "use two letters, such as US, GB or DE."
    raise ExportError(f"There is no country {name!r} for phone numbers; {hint}")
