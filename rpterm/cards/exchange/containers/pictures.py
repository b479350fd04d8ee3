"""Opens pictures of unknown origin with Pillow."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from warnings import catch_warnings

if TYPE_CHECKING:
    from PIL import Image

MAX_PIXELS = 40_000_000
"""Larger pictures are not decoded: one takes seconds and much memory."""

_Result = TypeVar("_Result")


def read_picture(
    source: bytes | Path, formats: tuple[str, ...], read: Callable[[Image.Image], _Result]
) -> _Result | None:
    """What ``read`` makes of a picture; ``None`` if it is damaged or of another format.

    Args:
        read: May decode it, after ``check_size``.
    """
    from PIL import Image

    file = io.BytesIO(source) if isinstance(source, bytes) else source
    try:
        with catch_warnings(action="ignore"), Image.open(file, formats=formats) as picture:
            return read(picture)
    # Which of these a damaged picture raises depends on its format; AVIF has RuntimeError.
    except (
        OSError, RuntimeError, SyntaxError, ValueError, struct.error, Image.DecompressionBombError,
    ):  # fmt: skip
        return None


def check_size(picture: Image.Image) -> None:
    """Refuse to decode a picture of more than ``MAX_PIXELS``.

    Raises:
        ValueError: It has more; ``read_picture`` then gives ``None``.
    """
    if picture.width * picture.height > MAX_PIXELS:
        raise ValueError("too many pixels")
