"""Draws a reliability diagram as SVG: stated probability against observed frequency."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

from rpterm.paths import write_new

_SIDE, _EDGE = 360, 48
_HEAD = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {full} {full}" font-family="sans-serif" font-size="12">
<style>text,line{{fill:#333;stroke:none}}line{{stroke:#999}}rect.page{{fill:#fff}}
@media(prefers-color-scheme:dark){{text{{fill:#ddd}}rect.page{{fill:#1b1b1b}}}}</style>
<rect class="page" width="{full}" height="{full}"/>
"""  # noqa: E501 - one element, one line


def draw_reliability_diagram(bins: Sequence[Sequence[float]], path: Path, title: str) -> None:
    """Draw the bins of ``metrics.balanced_bins``; the area of a dot is the weight of its bin.

    Raises:
        RptermError: The file cannot be written.
    """
    full = _SIDE + 2 * _EDGE
    parts = [_HEAD.format(full=full)]
    parts.append(f'<text x="{_EDGE}" y="24" font-size="15">{escape(title)}</text>')
    parts += [_line(0, 0, 1, 1, ' stroke-dasharray="4 4"'), _line(0, 0, 1, 0), _line(0, 0, 0, 1)]
    for tick in (0, 0.25, 0.5, 0.75, 1):
        parts.append(f'<text x="{_x(tick) - 8:.0f}" y="{full - 28}">{tick:g}</text>')
        parts.append(f'<text x="12" y="{_y(tick) + 4:.0f}">{tick:g}</text>')
    for mean, true, weight in bins:
        radius = 3 + 30 * weight**0.5
        parts.append(
            f'<circle cx="{_x(mean):.1f}" cy="{_y(true):.1f}" r="{radius:.1f}" fill="#c77d2e" '
            f'fill-opacity="0.6"><title>stated {mean:.2f}, observed {true:.2f}</title></circle>'
        )
    parts.append(f'<text x="{full / 2 - 70:.0f}" y="{full - 8}">stated probability</text>')
    parts.append(f'<text x="{_EDGE}" y="40">observed share (dot size: weight of the bin)</text>')
    parts.append("</svg>")
    write_new(path, "\n".join(parts) + "\n", force=True)


def _x(value: float) -> float:
    return _EDGE + value * _SIDE


def _y(value: float) -> float:
    return _EDGE + (1 - value) * _SIDE


def _line(left: float, low: float, right: float, high: float, more: str = "") -> str:
    ends = f'x1="{_x(left)}" y1="{_y(low)}" x2="{_x(right)}" y2="{_y(high)}"'
    return f"<line {ends}{more}/>"
