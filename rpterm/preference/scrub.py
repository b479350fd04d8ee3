"""Removes personal data from texts: persona names, mail addresses, phone numbers, paths, keys.

What is removed is counted and listed for a person to review, because no rule finds everything and
some findings are false. Phone numbers are found by ``phonenumbers``, the rest by patterns.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from unicodedata import normalize

import re2  # type: ignore[import-untyped]

from rpterm.errors import RptermError

_MAIL = re.compile(
    r"(?<![\w.+-])[\w.+-]{1,64}@(?:[\w-]{1,63}\.){1,8}[^\W\d_]{2,24}(?![\w-])", re.UNICODE
)
# An underscore is no part of a word here: it may be emphasis, as in "_Ann smiles_".
_KEY = re.compile(
    r"(?<![^\W_])(?<!-)(?:"
    r"sk-[\w-]{16,}|[rs]k_(?:live|test)_\w{16,}|gh[oprsu]_\w{20,}|github_pat_\w{20,}|"
    r"hf_[A-Za-z0-9]{20,}|A[KS]IA[0-9A-Z]{16}|AIza[\w-]{30,}|xox[abprs]-[\w-]{10,}|"
    r"glpat-[\w-]{16,}|eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]{8,}|"
    r"(?=[0-9A-Za-z]{0,63}[0-9])(?=[0-9A-Za-z]{0,63}[A-Za-z])[0-9A-Fa-f]{32,64}"
    r")(?![^\W_])(?!-)"
)
_KEY_BLOCK = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL
)
# Paths to folders named after a user.
_PATH = re.compile(
    r"(?:(?:(?<![^\W_])(?<!/)|(?<=://)|/mnt/[a-z]|/var)(?:/home/|/Users/|/root(?=/))"
    r"|(?<![^\W_])(?<!/)~/|(?<![^\W_])[A-Za-z]:\\Users\\(?:[^\\/:*?\"<>|\n]{1,64}(?=\\))?)"
    r"(?:[^\s\"'<>|*?]*[\w/\\-])?"
)
_MAYBE_PHONE = re.compile(r"(?:\d[^\w\n]{0,3}){6}\d")
_PREFILTER = re2.compile(
    r"@|/home/|/Users/|/root/|~/|:\\Users\\|-----BEGIN|sk-|[rs]k_(?:live|test)_|gh[oprsu]_"
    r"|github_pat_|hf_|A[KS]IA|AIza|xox|glpat-|eyJ|[0-9A-Fa-f]{32}|(?:\p{Nd}[^\w\n]{0,3}){6}\p{Nd}"
)
"""A prefilter: everything that is removed, except names, contains one of these. RE2 looks for
all alternatives in one pass."""

NAME = "User"
"""The replacement for persona names; a persona with this very name needs no replacement."""

REGION = "US"
"""The default country for phone numbers in national notation."""

_CODE_ALIASES = {"UK": "GB", "GBR": "GB", "USA": "US"}
"""Common names of countries that have another code."""

_NOT_NAMES = frozenset({"user", "you", "me", "i", ""})

_WORDS = (
    "amber angel april art august autumn bill brook buck caller captain chance chase chuck clay "
    "cliff crystal daisy dale dawn dean doc doctor don drew duke earl eve faith fell forest fox "
    "frank gene ginger glen grace grant guy hazel heath heather holly honey hope hunter iris ivy "
    "jack jade jasmine jay jean joy june king lance lily major mark master mason may melody miles "
    "nick olive page pat pearl peg penny pierce prince ray reed rich river rob robin rose ruby "
    "rusty sailor sandy sky skip star stone stranger sue summer traveller victor violet wade will "
    "willow wolf young"
)
_ALSO_WORDS = frozenset(_WORDS.split())
"""Names that are words, too: written in lower case they are left alone ("I will")."""

_PART_LENGTH = 4
"""Fewest letters of a part of a name, such as "Ann Verity", that is removed on its own."""

_SHARED_PARTS = (
    "aunt brother captain count dame doctor duke father from general inspector king lady lord "
    "madam major master miss mother prince princess professor queen sergeant sister stranger "
    "traveller uncle with"
)
_SHARED = frozenset(_SHARED_PARTS.split())
"""Parts of names that are said of others, too."""

_LEAST_DIGITS = 8
"""Fewest digits after a plus sign that are taken for a phone number of a range not in the
tables."""


@dataclass(slots=True)
class Scrubber:
    """Removes personal data from texts and remembers what it removed.

    Attributes:
        names: Names of personas.
        region: Two-letter code, in any case, of the country whose national notation of phone
            numbers is recognised in addition to the international one. ``RptermError`` if there is
            no such country.
        found: How often each (kind, removed text) was found.
    """

    names: Collection[str] = ()
    region: str = REGION
    found: Counter[tuple[str, str]] = field(default_factory=Counter)
    _names: re.Pattern[str] | None = None
    _lower_names: tuple[str, ...] = ()
    _ascii_names: bool = True

    def __post_init__(self) -> None:
        self.region = country(self.region)
        # An accent may be typed as a character of its own.
        forms = (partial(normalize, "NFC"), partial(normalize, "NFD"))
        names = {form(name.strip()) for name in self.names for form in forms}
        wanted = sorted(
            (n for n in names if n.casefold() not in _NOT_NAMES), key=lambda n: (-len(n), n)
        )
        if wanted:
            self._lower_names = tuple(name.lower() for name in wanted)
            self._ascii_names = all(name.isascii() for name in wanted)
            phrase_pattern = "|".join(map(_name_pattern, wanted))
            self._names = re.compile(rf"(?<![^\W_])(?:{phrase_pattern})(?![^\W_])")

    def __call__(self, text: str) -> str:
        """The text with a placeholder for each finding."""
        return self.all([text])[0]

    def all(self, texts: Sequence[str]) -> list[str]:
        """Clean many texts, after a joint search that rules most of them out.

        Most texts contain nothing to remove, and a search costs as much for one as for a hundred.
        """
        cleaned = list(texts)
        joined = "\n".join(cleaned)
        suspicious = _PREFILTER.search(joined) is not None
        if suspicious:
            cleaned = [self._without_patterns(text) for text in cleaned]
        if self._names is not None and (suspicious or self._has_name(joined)):
            cleaned = [self._without_names(text) for text in cleaned]
        return cleaned

    def _without_names(self, text: str) -> str:
        if self._names is None or not self._has_name(text):
            return text
        return self._names.sub(partial(self._replace, "name", NAME), text)

    def _has_name(self, text: str) -> bool:
        # Outside ASCII, case folding is not one to one, so leave it to the regular expression.
        if not text.isascii() or not self._ascii_names:
            return True
        lower = text.lower()
        return any(name in lower for name in self._lower_names)

    def _without_patterns(self, text: str) -> str:
        if _PREFILTER.search(text) is None:
            return text
        text = _KEY_BLOCK.sub(partial(self._replace, "key", "[key]"), text)
        text = _KEY.sub(partial(self._replace, "key", "[key]"), text)
        text = _MAIL.sub(partial(self._replace, "mail", "[mail]"), text)
        text = _PATH.sub(partial(self._replace, "path", "[path]"), text)
        return self._without_phones(text) if _MAYBE_PHONE.search(text) else text

    def review(self) -> Iterator[dict[str, object]]:
        """What was removed, most frequent first, for a person to review."""
        for (kind, text), times in sorted(self.found.items(), key=lambda each: (-each[1], each[0])):
            yield {"kind": kind, "text": text, "times": times}

    def _replace(self, kind: str, mark: str, match: re.Match[str]) -> str:
        self.found[kind, match[0]] += 1
        return mark

    def _without_phones(self, text: str) -> str:
        # Imported late because its tables are large.
        from phonenumbers import Leniency, PhoneNumberMatcher

        # Valid numbers, and those with a country's code that the tables do not know: ranges are
        # assigned all the time, and models make numbers up.
        for leniency, least in ((Leniency.VALID, 0), (Leniency.POSSIBLE, _LEAST_DIGITS)):
            parts, end = [], 0
            for match in PhoneNumberMatcher(text, self.region, leniency=leniency):
                raw = match.raw_string
                if least and not (raw.startswith("+") and sum(map(str.isdigit, raw)) >= least):
                    continue
                self.found["phone", raw] += 1
                parts += [text[end : match.start], "[phone]"]
                end = match.end
            text = "".join([*parts, text[end:]])
            if "+" not in text:
                break
        return text


def name_parts(name: str) -> set[str]:
    """The parts of a name by which somebody may be called: "Verity" of "Miss Ann Verity"."""
    return {
        part
        for part in name.split()
        if len(part) >= _PART_LENGTH and not part[0].islower() and part.lower() not in _SHARED
    }


def _name_pattern(name: str) -> str:
    """Matches a name in any case; one that is a word, too, not in lower case."""
    any_case = f"(?i:{re.escape(name)})"
    return f"(?!{re.escape(name.lower())}){any_case}" if name.lower() in _ALSO_WORDS else any_case


def country(name: str) -> str:
    """Check the code of a country; ``phonenumbers`` would silently find nothing for a wrong one.

    Raises:
        RptermError: There is no such country.
    """
    code = name.strip().upper()
    if code == REGION:  # The usual case, which need not load the tables.
        return code
    from phonenumbers import SUPPORTED_REGIONS

    if code in SUPPORTED_REGIONS:
        return code
    meant = _CODE_ALIASES.get(code)
    hint = f"did you mean {meant}?" if meant else "use two letters, such as US, GB or DE."
    raise RptermError(f"There is no country {name!r} for phone numbers; {hint}")
