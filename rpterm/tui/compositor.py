"""A compositor that renders only the widgets a change touches.

Textual 8.2.8 renders every widget of the screen when one changes, because it compares the changed
region with each widget's clip region, not with the region of the widget itself. While a reply
streams, that is most of the terminal's work, on cores the model would use. The output is the same.
"""

from __future__ import annotations

from collections.abc import Iterable

from textual._compositor import Compositor
from textual.geometry import Region
from textual.strip import Strip


class NarrowCompositor(Compositor):
    """A ``Compositor`` that renders only the widgets under a change, and only its lines."""

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
                return  # Widgets come front to back, so all others lie behind this one.
