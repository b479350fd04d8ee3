"""Finds the relatives, friends and animals that a text mentions by their roles. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from rpterm.scoring.frames.numbers import number
from rpterm.text.accents import unaccented

GROUPS = {
    "spouse": ("wife", "husband", "spouse"),
    "lover": ("girlfriend", "boyfriend", "fiancé", "fiancée", "fiance", "fiancee"),
    "child": ("son", "daughter", "boy", "girl", "child", "kid"),
    "sibling": ("brother", "sister", "twin"),
    "parent": ("mother", "father", "mum", "mom", "mama", "mamma", "dad", "papa"),
    "aunt": ("aunt", "uncle", "auntie"),
    "niece": ("niece", "nephew"),
    "cousin": ("cousin",),
    "friend": ("best friend",),
    "secretary": ("secretary",),
    "cat": ("cat", "kitten"),
    "dog": ("dog", "hound", "puppy", "dachshund", "greyhound", "terrier"),
    "bird": ("canary", "parrot", "raven", "owl", "hawk"),
    "horse": ("horse", "mare", "stallion", "pony", "gelding"),
}
"""Roles of one kind: a card that knows a son of this name knows no daughter of it."""
GROUP_OF = {role: group for group, roles in GROUPS.items() for role in roles}
_SAME = {
    "mum": "mother", "mom": "mother", "mama": "mother", "mamma": "mother", "dad": "father",
    "papa": "father", "boy": "son", "girl": "daughter", "kitten": "cat", "fiance": "fiancé",
    "fiancee": "fiancée", "auntie": "aunt", "children": "child", "kids": "kid", "wives": "wife",
}  # fmt: skip
ROLES = "|".join(sorted({*GROUP_OF, "children", "kids", "wives"}, key=len, reverse=True))
NAME = r"(?-i:[A-ZÀ-Þ][\w’'-]*[a-zà-þ](?: (?:[A-ZÀ-Þ][\w’'-]+))?)"
_BARE = rf"(?P<before>(?:[\w'-]+,? ){{0,3}})(?<![\w-])(?P<role>{ROLES})(?P<many>s?)(?![\w-])"
_MENTION = re.compile(
    rf"{_BARE}(?:(?:,? (?:(?:is|was) )?(?:called |named |by the name of )?|: ?)"
    rf"(?P<names>{NAME}(?:(?:, and |, | and ){NAME})*))?",
    re.IGNORECASE,
)
_NO_NAME_TEXT = (
    "I I'm I've I'll The A An And But He She It They We You That This There What Who Why How When "
    "Where My His Her Our Your Then So If No Yes Not Never Always Come Let God"
)
NO_NAME = frozenset(_NO_NAME_TEXT.split())
"""Capitalised words that are no names."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody whom a text mentions by a role.

    Attributes:
        role: In the singular, one of several synonyms.
        names: The names the text gives, without accents.
        count: How many there are by the text; 0 if it does not say.
        before: Up to three words before the role, in lower case.
        start: The offset of the role.
    """

    role: str
    names: frozenset[str]
    count: int
    before: str
    start: int

    @property
    def group(self) -> str:
        return GROUP_OF[self.role]


@lru_cache(maxsize=4096)
def persons(text: str) -> tuple[Person, ...]:
    """The people and animals of a text, in order."""
    plain = unaccented(text.replace("’", "'"))
    return tuple(_person(match) for match in _MENTION.finditer(plain))


def role_of(word: str) -> str:
    """The role that stands for a word and its synonyms."""
    word = word.lower()
    return _SAME.get(word, word)


def words_for(role: str) -> list[str]:
    """The words for a role."""
    return [word for word in GROUP_OF if role_of(word) == role]


def _person(match: re.Match[str]) -> Person:
    names = re.split(r", and |, | and ", match["names"] or "")
    before = match["before"].lower()
    counts = [
        1 if word in ("a", "an") else number(word) or 0 for word in re.findall(r"\w+", before)
    ]
    return Person(
        role=role_of(match["role"]),
        names=frozenset(
            each.removesuffix("'s") for each in names if each and each.split()[0] not in NO_NAME
        ),
        count=max(counts, default=0),
        before=before,
        start=match.start("role"),
    )
