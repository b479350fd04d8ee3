"""Renders a report as a self-contained HTML page, and as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources
from importlib.util import find_spec
from pathlib import Path

from rpterm.errors import RptermError
from rpterm.evaluation.legend import METRICS, title
from rpterm.evaluation.metrics import SHARES
from rpterm.evaluation.report import Bar, EvaluationReport


def html(report: EvaluationReport) -> str:
    """The page with all answers and legends; every text in it is escaped."""
    from jinja2 import Environment

    source = resources.files("rpterm.evaluation").joinpath("page.html.jinja").read_text("utf-8")
    jinja = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    return jinja.from_string(source).render(
        report=report, title=title, scale=_scale, span=span, metrics=METRICS
    )


def span(metric: str, bars: Sequence[Bar]) -> tuple[float, float]:
    """The range of a metric's axis; always includes 0, so that a small difference looks small."""
    if metric in SHARES:
        return -0.02, 1.02
    low, high = min(0.0, *(bar.low for bar in bars)), max(0.0, *(bar.high for bar in bars))
    margin = 0.02 * (high - low) or 1.0
    return low - margin, high + margin


def _scale(low: float, high: float, value: float) -> float:
    """The position of a value between two others, in percent."""
    return 100 * (value - low) / (high - low) if high > low else 0.0


def check_pictures() -> None:
    """Check that pictures can be drawn.

    Raises:
        RptermError: The extra is not installed.
    """
    if find_spec("matplotlib") is None:
        raise RptermError('Pictures need the extra: pip install "rpterm[eval]".')


def picture(report: EvaluationReport, path: Path) -> None:
    """Draw means with intervals by metric and model; the suffix says PNG, SVG or PDF.

    Raises:
        RptermError: The extra is not installed, there is nothing to draw, or the file cannot be
            written.
    """
    check_pictures()
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    metrics = [name for name, bars in report.bars.items() if bars]
    if not metrics:
        raise RptermError("There is nothing to draw: no answer could be measured.")
    figure = Figure(figsize=(8, 0.6 + 0.9 * len(metrics)), layout="constrained")
    FigureCanvasAgg(figure)
    for at, metric in enumerate(metrics, 1):
        axes = figure.add_subplot(len(metrics), 1, at)
        for row, bar in enumerate(reversed(report.bars[metric])):
            errors = [[bar.mean - bar.low], [bar.high - bar.mean]]
            colour = f"C{report.models.index(bar.model)}"
            axes.errorbar([bar.mean], [row], xerr=errors, fmt="o", capsize=3, color=colour)
        axes.set_xlim(*span(metric, report.bars[metric]))
        axes.set_yticks(range(len(report.bars[metric])))
        axes.set_yticklabels([bar.model for bar in reversed(report.bars[metric])], fontsize=7)
        axes.set_ylim(-0.6, len(report.bars[metric]) - 0.4)
        axes.set_title(title(metric), fontsize=8, loc="left")
        axes.tick_params(axis="x", labelsize=7)
    try:
        figure.savefig(path, dpi=120)
    except (OSError, ValueError) as error:
        raise RptermError(f"{path} cannot be written: {error}.") from None
