"""Tells who talks like a line, by the words each person uses elsewhere in the book. Pure.

A word speaks for a person by how much oftener they use it than everybody together, smoothed with a
Dirichlet prior (Zhai and Lafferty 2001), so that a person of few words sounds like everybody. One
line tells little; the lines of a long exchange without names add up.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping

_WORD = re.compile(r"[a-z]+(?:['’][a-z]+)?")
_PRIOR_WORDS = 4000
"""Words of everybody's speech that are added to each person's own."""
_MAX_LOG_RATIO = 3.0
"""What one line can say for or against a person at most."""


class Voices:
    """The words of each person.

    Args:
        speeches: For each line whose speaker is nearly certain its number, speaker and text.
    """

    def __init__(self, speeches: Iterable[tuple[int, str, str]]) -> None:
        self._speakers: dict[int, str] = {}
        self._own: dict[str, Counter[str]] = {}
        for number, name, text in speeches:
            self._speakers[number] = name
            self._own.setdefault(name, Counter()).update(_words(text))
        self._all = sum(self._own.values(), Counter[str]())
        self._totals = {name: own.total() for name, own in self._own.items()}

    def log_ratios(self, number: int, text: str, names: Iterable[str]) -> dict[str, float]:
        """For each of these people, the log of how much likelier they say a line than others do.

        The line itself is not among the words of its speaker.
        """
        said, speaker = Counter(_words(text)), self._speakers.get(number)
        held_out = said if speaker is not None else Counter[str]()
        total = sum(self._totals.values()) - held_out.total()
        counts = {word: self._all[word] - held_out[word] for word in said}
        prior = {word: _PRIOR_WORDS * n / total for word, n in counts.items() if n}
        return {
            name: self._log_ratio(name, said, prior, held_out if name == speaker else None)
            for name in names
            if name in self._own
        }

    def _log_ratio(
        self,
        name: str,
        said: Counter[str],
        prior: Mapping[str, float],
        held_out: Counter[str] | None,
    ) -> float:
        own, held_out = self._own[name], held_out or Counter()
        by_chance = math.log(1 + (self._totals[name] - held_out.total()) / _PRIOR_WORDS)
        ratio = sum(
            said[word] * math.log(1 + (own[word] - held_out[word]) / expected)
            for word, expected in prior.items()
            if word in own
        )
        ratio -= by_chance * sum(said[word] for word in prior)
        return max(-_MAX_LOG_RATIO, min(_MAX_LOG_RATIO, ratio))


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())
