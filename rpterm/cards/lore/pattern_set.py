"""Searches a text for many ``/regex/`` keys at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rpterm.cards.lore.patterns import (
    Pattern,
    PatternError,
    compile_pattern,
    split_regex_key,
    with_inline_flags,
)

_CHUNK_SIZE = 500
_MAX_MEMORY = 16 << 20


class PatternSet:
    """The regex patterns of a book by key number.

    Attributes:
        broken: Key number → why the regex engine rejects the pattern.
    """

    def __init__(self, keys: Mapping[int, str]) -> None:
        self.broken: dict[int, str] = {}
        self._single: dict[int, Pattern] = {}
        self._sets: list[tuple[Any, list[int]]] | None = None
        self._bodies: dict[int, str] = {}
        for number, key in keys.items():
            parts = split_regex_key(key)
            if parts is None:
                continue
            try:
                self._single[number] = compile_pattern(*parts)
                self._bodies[number] = with_inline_flags(*parts)
            except PatternError as error:
                self.broken[number] = str(error)

    @staticmethod
    def takes(key: str) -> bool:
        """Whether a key is a regex pattern."""
        return key.startswith("/") and split_regex_key(key) is not None

    def hits(self, text: str) -> set[int]:
        """The numbers of the patterns that match anywhere in the text."""
        if not self._single:
            return set()
        text = text.encode("utf-8", "replace").decode()
        if self._sets is None:
            numbers = list(self._single)
            chunks = [numbers[at : at + _CHUNK_SIZE] for at in range(0, len(numbers), _CHUNK_SIZE)]
            self._sets = [(_combine(self._bodies, chunk), chunk) for chunk in chunks]
        found: set[int] = set()
        for combined, chunk in self._sets:
            matches = combined.Match(text) if combined else []
            # The empty pattern at the end always matches; if even that one does not, the automaton
            # ran out of memory and its result says nothing about the others.
            if len(chunk) in matches:
                found.update(chunk[index] for index in matches if index < len(chunk))
            else:
                found |= self._one_by_one(chunk, text)
        return found

    def _one_by_one(self, numbers: Any, text: str) -> set[int]:
        return {number for number in numbers if self._single[number].search(text)}


def _combine(bodies: Mapping[int, str], chunk: list[int]) -> Any:
    """One automaton for several patterns; ``None`` if they are too large together."""
    import re2  # type: ignore[import-untyped]

    options: Any = re2.Options()
    options.log_errors = False
    options.max_mem = _MAX_MEMORY
    combined = re2.Set.SearchSet(options)
    for number in chunk:
        combined.Add(bodies[number])
    combined.Add("")
    try:
        combined.Compile()
    except re2.error:
        return None
    return combined
