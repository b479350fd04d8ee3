"""Converts other programs' JSON data to TOML values and back without loss.

JSON has null and lone surrogates, TOML has neither. A value that TOML cannot represent is written
as ``{ "$json" = "…" }``. Only tables named ``extensions`` use this.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import date, time
from typing import Any

_MARK = "$json"
_MAX_DEPTH = 30
_SURROGATES = re.compile("[\ud800-\udfff]")


def encode(value: Any, depth: int = 0) -> Any:
    """Convert to a value that TOML can hold; very deeply nested data is boxed as JSON too.

    Raises:
        TypeError: The value is neither plain data nor a date or time.
    """
    if depth > _MAX_DEPTH and isinstance(value, (Mapping, list, tuple)):
        return _boxed(value)
    if isinstance(value, Mapping):
        if _MARK in value or not all(
            isinstance(key, str) and _is_valid_unicode(key) for key in value
        ):
            return _boxed(value)
        return {key: encode(item, depth + 1) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [encode(item, depth + 1) for item in value]
    if value is None or (isinstance(value, str) and not _is_valid_unicode(value)):
        return _boxed(value)
    if isinstance(value, int) and not -(1 << 63) <= value < 1 << 63:
        return _boxed(value)
    if isinstance(value, (str, bool, int, float, date, time)):
        return value
    raise TypeError(f"{type(value).__name__} is not plain data")


def decode(value: Any) -> Any:
    """Undo ``encode``.

    Raises:
        ValueError: A ``$json`` value is not valid JSON.
    """
    if isinstance(value, dict):
        if len(value) == 1 and isinstance(value.get(_MARK), str):
            return json.loads(value[_MARK])
        return {key: decode(item) for key, item in value.items()}
    if isinstance(value, list):
        return [decode(item) for item in value]
    return value


def _boxed(value: Any) -> dict[str, str]:
    return {_MARK: json.dumps(value)}


def _is_valid_unicode(text: str) -> bool:
    return text.isascii() or not _SURROGATES.search(text)
