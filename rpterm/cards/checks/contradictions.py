"""Finds claims that cannot both be true.

Only near certainties are reported: the same sentence with a different number, the same sentence
with and without a "not", two ages, a year later than the character can know. Meaning is not
analysed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rpterm.cards.card import CharacterCard
from rpterm.cards.checks.finding import CardFinding, claims, prose
from rpterm.cards.format.locate import Path

_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)?")
_NEGATIONS = frozenset(["not", "never", "no", "cannot", "without"])
_FUNCTION_WORDS = frozenset(
    ["does", "do", "did", "has", "have", "is", "are", "was", "a", "an", "the"]
)
_AGE = re.compile(r"\b(?:aged|age of|age:?|is) (\d{1,4})(?= years old|[.,;)]|$)", re.IGNORECASE)
_YEARS_OLD = re.compile(r"\b(\d{1,4})[ -]years?[ -]old\b", re.IGNORECASE)
_YEAR = re.compile(r"(?<![\d.,])(1[0-9]{3}|20[0-9]{2})(?![.,]?\d)(?! ?(?:km|miles|pounds|men))")
_MIN_WORDS = 2


def contradictions(card: CharacterCard) -> Iterator[CardFinding]:
    """Lines that contradict an earlier line, each reported at the later one."""
    yield from _contradicting_pairs(card)
    yield from _ages(card)
    yield from _years_after_horizon(card)


def _contradicting_pairs(card: CharacterCard) -> Iterator[CardFinding]:
    seen: dict[str, tuple[str, tuple[str, ...], bool]] = {}
    for path, line in claims(card):
        shape, numbers, negated = _shape(line)
        if len(shape.split()) < _MIN_WORDS:
            continue
        if shape not in seen:
            seen[shape] = line, numbers, negated
            continue
        first, other_numbers, other_negated = seen[shape]
        if negated != other_negated:
            yield CardFinding(path, "warning", f"This contradicts “{first}”.", "Keep one.")
        elif numbers != other_numbers:
            yield CardFinding(
                path, "warning", f"This has a different number than “{first}”.", "Keep one."
            )
        else:
            yield CardFinding(path, "note", f"This repeats “{first}”.", "Keep one.")


def _shape(line: str) -> tuple[str, tuple[str, ...], bool]:
    """A sentence without its numbers and negations, its numbers, and whether it is negated."""
    numbers = tuple(_NUMBER.findall(line))
    words = _WORD.findall(_NUMBER.sub("#", line.lower().replace("’", "'")).replace("#", " 0 "))
    negated = any(word in _NEGATIONS or word.endswith("n't") for word in words)
    kept = [
        word if word == "0" else word.rstrip("s")
        for word in words
        if word not in _NEGATIONS and word not in _FUNCTION_WORDS and not word.endswith("n't")
    ]
    return " ".join(kept), numbers, negated


def _ages(card: CharacterCard) -> Iterator[CardFinding]:
    """Different ages of the character in description, tagline and attributes."""
    found: list[tuple[Path, int]] = []
    places: list[tuple[Path, str]] = [
        (("description",), card.description),
        (("tagline",), card.tagline),
    ]
    places += [(("persona", "attributes", at), line) for at, line in enumerate(card.attributes)]
    for path, text in places:
        pattern = _YEARS_OLD if path[0] != "persona" else _AGE
        match = pattern.search(text) or _YEARS_OLD.search(text)
        if match and _about_self(card, text, match.start()):
            found.append((path, int(match[1])))
    for path, age in found[1:]:
        if age != found[0][1]:
            message = f"The age is {age} here but {found[0][1]} elsewhere."
            yield CardFinding(path, "warning", message, "Keep one.")


def _about_self(card: CharacterCard, text: str, at: int) -> bool:
    """Whether the sentence with the age is about the character."""
    sentence = re.split(r"[.!?\n]", text[:at])[-1].lstrip().lower()
    names = {"{{char}}", card.char.lower(), card.name.lower(), card.name.split()[0].lower()}
    return not sentence or sentence.startswith((*names, "he ", "she ", "they ", "you ", "i ", "a "))


def _years_after_horizon(card: CharacterCard) -> Iterator[CardFinding]:
    """Years after ``knows_until``, of which the character cannot know."""
    if not re.match(r"\d{3,4}(?:-|$)", card.knows_until):
        return
    limit = int(card.knows_until.split("-")[0])
    for path, text in prose(card):
        if path[-1] == "user":
            continue
        years = [year for year in _YEAR.findall(text) if int(year) > limit]
        if years:
            message = f"{years[0]} is later than knows_until ({card.knows_until})."
            yield CardFinding(path, "warning", message, "Change one of the two.")
