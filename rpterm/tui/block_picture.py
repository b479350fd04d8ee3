"""Draws a picture with block characters, for any terminal with 256 colours or more.

A cell shows two by two pixels in two colours. Of the eight ways to split the four pixels into two
groups, it takes the one whose groups are nearest to their mean colours. Knows no card and no widget
but the strips that widgets draw.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from rpterm.cards.exchange.containers.pictures import check_size, read_picture

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Colours = NDArray[np.float32]

FORMATS = ("PNG", "JPEG", "WEBP", "GIF")

_BLOCKS = " ▘▝▀▖▌▞▛"
"""By the pixels in the first colour: 1 upper left, 2 upper right, 4 lower left."""


def draw(path: Path, columns: int, rows: int, background: str) -> list[Strip]:
    """The picture in a file as strips, one per row of cells, in its own proportions.

    Args:
        columns: Most cells in a row.
        rows: Most rows. A cell is taken to be twice as high as wide.
        background: The colour behind transparent parts, as ``#rrggbb``.

    Returns:
        No strips if the file is missing, unreadable, too large or not a picture.
    """
    from PIL import Image

    def flattened(image: Image.Image) -> tuple[bytes, int, int]:
        check_size(image)
        width, height = fit(image.width, image.height, columns, rows)
        image.thumbnail((width * 8, height * 8))
        small = image.convert("RGBA").resize((width * 2, height * 2), Image.Resampling.LANCZOS)
        behind = Image.new("RGBA", small.size, background)
        return Image.alpha_composite(behind, small).convert("RGB").tobytes(), width, height

    drawn = read_picture(path, FORMATS, flattened)
    return [] if drawn is None else _strips(*drawn)


def fit(width: int, height: int, columns: int, rows: int) -> tuple[int, int]:
    """The largest columns and rows within the given ones that keep a picture's proportions."""
    scale = min(columns / width, 2 * rows / height)
    return max(1, round(width * scale)), max(1, round(height * scale / 2))


def _strips(pixels: bytes, columns: int, rows: int) -> list[Strip]:
    import numpy as np

    cells = np.frombuffer(pixels, dtype=np.uint8).reshape(rows, 2, columns, 2, 3)
    cells = cells.transpose(0, 2, 1, 3, 4).reshape(rows, columns, 4, 3)
    blocks, first, second = _two_colours(cells.astype(np.float32))
    return [
        Strip([
            Segment(_BLOCKS[blocks[row, column]], _style(first[row, column], second[row, column]))
            for column in range(columns)
        ], columns)
        for row in range(rows)
    ]  # fmt: skip


def _two_colours(cells: Colours) -> tuple[NDArray[np.int64], Colours, Colours]:
    """Split the pixels of each cell into two groups.

    Args:
        cells: Rows × columns × 4 pixels × 3 channels, 0 to 255.

    Returns:
        Rows × columns indices into ``_BLOCKS``, and rows × columns × 3 mean colours of the pixels
        inside and outside of the block.
    """
    import numpy as np

    inside = np.array([[split >> pixel & 1 for pixel in range(4)] for split in range(8)])
    # The last pixel is never inside, so the eight splits differ in more than their colours' order.
    inside = inside.astype(np.float32)
    outside = 1 - inside
    first = np.einsum("rcpk,sp->rcsk", cells, inside / np.maximum(inside.sum(1), 1)[:, None])
    second = np.einsum("rcpk,sp->rcsk", cells, outside / outside.sum(1)[:, None])
    shown = np.einsum("rcsk,sp->rcspk", first, inside) + np.einsum(
        "rcsk,sp->rcspk", second, outside
    )
    errors = ((cells[:, :, None] - shown) ** 2).sum((3, 4))
    best = errors.argmin(2)
    chosen = best[:, :, None, None]
    first, second = (np.take_along_axis(each, chosen, 2)[:, :, 0] for each in (first, second))
    return best, first, second


def _style(first: Colours, second: Colours) -> Style:
    red, green, blue = (int(value) for value in first)
    behind = (int(value) for value in second)
    return Style(color=Color.from_rgb(red, green, blue), bgcolor=Color.from_rgb(*behind))
