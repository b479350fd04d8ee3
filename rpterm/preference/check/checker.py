"""Reads training data once and collects a report: quality, token counts, trainers' behaviour."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

from rpterm.errors import RptermError
from rpterm.preference.check import reading
from rpterm.preference.check.examples import Example
from rpterm.preference.check.findings import findings
from rpterm.preference.check.quality import Places, Quality
from rpterm.preference.check.reading import Located
from rpterm.preference.check.report import DataReport, Tokens
from rpterm.preference.check.trainers import Forecast
from rpterm.preference.scrub import REGION, Scrubber
from rpterm.preference.trainer_model import TrainerModel

_BATCH = 64


def check(
    path: Path, model: TrainerModel, *, limit: int | None = None, region: str = REGION
) -> DataReport:
    """Read all rows and report on them.

    Args:
        path: An export, a folder of files, or a file.
        limit: Maximum tokens per row in every trainer, instead of its default, or of the export's
            own limit if that is higher.
        region: Country for phone numbers in national notation.

    Raises:
        RptermError: There is nothing to read.
    """
    about = reading.manifest(path)
    report = _Check(model, about, limit, region).run(path)
    report.findings = findings(report)
    return report


class _Check:
    def __init__(
        self, model: TrainerModel, about: dict[str, Any], limit: int | None, region: str
    ) -> None:
        self.model, self.about = model, about
        options = about.get("about") or {}
        self.axolotl = options.get("format") == "axolotl"
        self.forecast = Forecast(limit, options.get("max_tokens") or 0)
        self.scrub = Scrubber(region=region)
        self.quality = Quality(self._personal)
        self.tokens = Tokens()
        self.bad, self.refused, self.refusal = Places(), Places(), ""

    def run(self, path: Path) -> DataReport:
        rows, empty = reading.read_rows(path), True
        while batch := list(islice(rows, _BATCH)):
            empty = False
            good = []
            for row in batch:
                if row.example is None:
                    self.bad.add(f"{row.where}: {row.error}")
                else:
                    good.append((row, self._with_reader(row.example)))
            self._measure(good)
        if empty:
            raise RptermError(f"There are no rows in {path}: it is empty.")
        return DataReport(
            str(path), self.model.name, self.model.exact, self.quality, self.forecast.outlooks(),
            self.tokens, self.bad, self.refused, self.refusal, self.about,
        )  # fmt: skip

    def _with_reader(self, example: Example) -> Example:
        # Some Axolotl rows look like TRL's; only the manifest tells them apart.
        return replace(example, reader="axolotl") if self.axolotl else example

    def _measure(self, rows: list[tuple[Located, Example]]) -> None:
        texts: list[str] = []
        rendered: list[tuple[Located, Example]] = []
        for row, example in rows:
            self.quality.add(example, row.split, row.where)
            try:
                texts += self.model.texts(example)
            except RptermError as error:
                self.refusal = self.refusal or str(error)
                self.refused.add(row.where)
                self.forecast.refused(example)
                continue
            rendered.append((row, example))
        sizes = iter(self.model.count(texts, special=True)() if texts else [])
        for row, example in rendered:
            prompt_size = next(sizes)
            longest = max((next(sizes) for _ in example.replies), default=0)
            self.tokens.add(prompt_size + longest)
            self.forecast.add(example, row.where, prompt_size, longest)

    def _personal(self, text: str) -> set[str]:
        self.scrub(text)
        kinds = {kind for kind, _ in self.scrub.found}
        self.scrub.found.clear()
        return kinds
