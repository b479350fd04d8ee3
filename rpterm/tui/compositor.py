"""Draws no more of the screen than has changed.

Textual 8.2.8 draws every widget of the screen for each change of one, since what it compares with
the change is where a widget may be drawn, not where it is. While a reply streams that is most of
the terminal's work, on cores that the model would use. What comes out is the same.
"""

from __future__ import annotations

from collections.abc import Iterable

from textual._compositor import Compositor
from textual.geometry import Region
from textual.strip import Strip


class NarrowCompositor(Compositor):
    """A ``Compositor`` that asks only the widgets under a change, and only for its lines."""

    def _get_renders(
        self, crop: Region | None = None
    ) -> Iterable[tuple[Region, Region, list[Strip]]]:
        if crop is None:
            yield from super()._get_renders()
            return
        lines = Region(0, crop.y, self.size.width, crop.height)
        for widget, (region, clip) in self.visible_widgets.items():
            shown = region.intersection(clip).intersection(lines)
            if shown and shown.overlaps(crop):
                strips = widget.render_lines(shown.translate(-region.offset))
                yield region, clip.intersection(lines), strips
            if shown.contains_region(crop):
                return  # Front to back: what is left lies behind.
