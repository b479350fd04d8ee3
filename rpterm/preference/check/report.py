"""The report on training data: its figures, and the findings that people should know about.

``STRICT`` names the findings that make ``--strict`` fail: each of them loses rows, stops a
training, or must not be published. Biases and phrases are reported and left to the reader.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from rpterm.preference.check.quality import Places, Quality
from rpterm.preference.check.trainers import Outlook
from rpterm.preference.stats.agreement import Proportion

STRICT = frozenset(
    {
        "bad rows", "refused", "dropped", "emptied", "leaks", "contradictions", "personal data",
        "one-sided",
    }
)  # fmt: skip
"""The findings that make ``--strict`` fail."""


@dataclass(frozen=True, slots=True)
class DataFinding:
    """Something a person should know; ``strict`` says whether ``--strict`` fails on it."""

    name: str
    text: str
    where: tuple[str, ...] = ()
    strict: bool = False


@dataclass(slots=True)
class Tokens:
    """Token counts of the rows."""

    longest: int = 0
    total: int = 0
    sizes: list[int] = field(default_factory=list)

    def add(self, size: int) -> None:
        """Take one row in."""
        self.longest = max(self.longest, size)
        self.total += size
        self.sizes.append(size)

    def quantile(self, share: float) -> int:
        """The size that this share of the rows does not exceed."""
        ranked = sorted(self.sizes)
        return ranked[min(len(ranked) - 1, int(share * len(ranked)))] if ranked else 0


@dataclass(slots=True)
class DataReport:
    """The result of a check.

    Attributes:
        bad: Rows that cannot be read, with the reason.
        refused: Rows that the model's template rejects.
        refusal: The template's first error message.
        about: The manifest of an export; empty for foreign data.
    """

    path: str
    model: str
    exact: bool
    quality: Quality
    outlooks: list[Outlook]
    tokens: Tokens
    bad: Places
    refused: Places
    refusal: str
    about: dict[str, Any]
    findings: list[DataFinding] = field(default_factory=list)

    @property
    def left_wins(self) -> Proportion:
        """The share of duels that the left reply won: of all duels, if the manifest has them."""
        recorded = (self.about.get("duels") or {}).get("left_wins") or {}
        if recorded.get("total"):
            return Proportion(int(recorded["hits"]), int(recorded["total"]))
        return self.quality.left

    @property
    def strict(self) -> list[DataFinding]:
        """The findings that make ``--strict`` fail."""
        return [each for each in self.findings if each.strict]
