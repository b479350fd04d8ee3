"""Titles before a name, such as "Mrs" and "Captain". Pure."""

from __future__ import annotations

_MALE_TITLES_TEXT = (
    "mr sir lord captain colonel uncle father king prince duke count monsieur master baron "
    "sergeant lieutenant reverend rev brother squire comrade"
)
_FEMALE_TITLES_TEXT = (
    "mrs miss ms lady madam madame aunt mother queen princess mademoiselle mlle mme baroness "
    "countess duchess sister"
)
MALE_TITLES = frozenset(_MALE_TITLES_TEXT.split())
FEMALE_TITLES = frozenset(_FEMALE_TITLES_TEXT.split())
_OTHER_TITLES = {"dr", "doctor", "inspector", "professor", "general", "major", "st"}
TITLES = MALE_TITLES | FEMALE_TITLES | _OTHER_TITLES
_FULL_TITLES = {"dr": "doctor", "mlle": "mademoiselle", "mme": "madame", "rev": "reverend"}


def split_title(name: str) -> tuple[str, list[str]]:
    """A title in lower case without its full stop ("" if there is none), and the other words."""
    words = [word for word in name.split() if word.lower() != "the"]
    if words and words[0].rstrip(".").lower() in TITLES:
        title = words[0].rstrip(".").lower()
        return _FULL_TITLES.get(title, title), words[1:]
    return "", words
