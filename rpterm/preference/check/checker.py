"""Reads training data once and collects a report: quality, token counts, trainers' behaviour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

from rpterm.errors import RptermError
from rpterm.preference.check import reading
from rpterm.preference.check.examples import Example
from rpterm.preference.check.findings import findings
from rpterm.preference.check.quality import Quality
from rpterm.preference.check.reading import Located
from rpterm.preference.check.report import DataReport
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
    quality = Quality(Scrubber(region=region))
    forecast = Forecast(limit, reading.limit_of(about))
    report = DataReport(str(path), model.name, model.exact, about, quality, forecast)
    rows = reading.read_rows(path)
    while batch := list(islice(rows, _BATCH)):
        _add(report, model, batch)
    if not (quality.rows or report.bad.count):
        raise RptermError(f"There are no rows in {path}: it is empty.")
    report.findings = findings(report)
    return report


def _add(report: DataReport, model: TrainerModel, rows: Sequence[Located]) -> None:
    """Add rows, whose tokens are counted together."""
    texts: list[str] = []
    rendered: list[tuple[str, Example]] = []
    for row in rows:
        if row.example is None:
            report.bad.add(f"{row.where}: {row.error}")
            continue
        # Some Axolotl rows look like TRL's; only the manifest tells them apart.
        example = replace(row.example, reader="axolotl") if report.for_axolotl else row.example
        report.quality.add(example, row.split, row.where)
        try:
            texts += model.texts(example.prompt, example.replies)
        except RptermError as error:
            report.refusal = report.refusal or str(error)
            report.refused.add(row.where)
            report.forecast.refused(example)
            continue
        rendered.append((row.where, example))
    sizes = iter(model.count(texts, special=True)() if texts else [])
    for where, example in rendered:
        prompt = next(sizes)
        longest = max((next(sizes) for _ in example.replies), default=0)
        report.tokens.append(prompt + longest)
        report.forecast.add(example, where, prompt, longest)
