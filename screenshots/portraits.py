"""Renders the portraits of the included cards: ``portraits/NAME.svg`` → ``characters/NAME.png``.

Run it after changing a drawing: ``python screenshots/portraits.py [NAME …]``. It needs a package
that rpterm does not: ``pip install resvg_py``. The drawings contain no text, so they render the
same without any fonts.
"""

from __future__ import annotations

import sys
from io import BytesIO
from pathlib import Path

import resvg_py
from PIL import Image

HERE = Path(__file__).resolve().parent
DRAWINGS = HERE / "portraits"
CHARACTERS = HERE.parent / "characters"
COLOURS = 128
MAX_BYTES = 60_000


def draw(drawing: Path, target: Path) -> int:
    """Render a drawing as a PNG with a palette and return its size in bytes.

    Raises:
        ValueError: The PNG is larger than ``MAX_BYTES``.
    """
    rendered = bytes(resvg_py.svg_to_bytes(svg_string=drawing.read_text(encoding="utf-8")))
    with Image.open(BytesIO(rendered)) as image:
        flat = image.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    packed = BytesIO()
    flat.save(packed, "PNG", optimize=True)
    if packed.tell() > MAX_BYTES:
        raise ValueError(f"{target.name} takes {packed.tell()} bytes; {MAX_BYTES} are allowed.")
    target.write_bytes(packed.getvalue())
    return packed.tell()


def main(names: list[str]) -> None:
    """Render the named portraits, or all of them."""
    for drawing in sorted(DRAWINGS.glob("*.svg")):
        if not names or drawing.stem in names:
            size = draw(drawing, CHARACTERS / f"{drawing.stem}.png")
            sys.stdout.write(f"{drawing.stem}: {size} bytes\n")


if __name__ == "__main__":
    main(sys.argv[1:])
