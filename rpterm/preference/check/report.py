"""The report on training data: its figures, and the findings that people should know about.

``STRICT`` names the findings that make ``--strict`` fail: each of them loses rows, stops a
training, or must not be published. Biases and phrases are reported and left to the reader.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import ceil
from typing import Any

from rpterm.preference.check.quality import Places, Quality
from rpterm.preference.check.reading import options_of
from rpterm.preference.check.trainers import Forecast, Outlook
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
class DataReport:
    """The result of a check.

    Attributes:
        model: The name of the model that counts tokens and renders the rows.
        exact: Whether the token counts are exact.
        about: The manifest of an export; empty for foreign data.
        tokens: The number of tokens of each row.
        bad: Rows that cannot be read, with the reason.
        refused: Rows that the model's template rejects.
        refusal: The template's first error message.
    """

    path: str
    model: str
    exact: bool
    about: dict[str, Any]
    quality: Quality
    forecast: Forecast
    tokens: list[int] = field(default_factory=list)
    bad: Places = field(default_factory=Places)
    refused: Places = field(default_factory=Places)
    refusal: str = ""
    findings: list[DataFinding] = field(default_factory=list)

    @property
    def for_axolotl(self) -> bool:
        """Whether the rows were exported for Axolotl."""
        return bool(options_of(self.about).get("format") == "axolotl")

    @property
    def outlooks(self) -> list[Outlook]:
        """The outlook of each trainer that reads any of these rows."""
        return list(self.forecast.outlooks.values())

    def quantile(self, share: float) -> int:
        """The number of tokens that this share of the rows does not exceed."""
        ranked = sorted(self.tokens)
        return ranked[max(0, ceil(share * len(ranked)) - 1)] if ranked else 0

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
