"""Reads values of unknown JSON: what has another type than expected counts as empty."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def as_mapping(value: Any) -> Mapping[str, Any]:
    """The value if it is a mapping, else an empty one."""
    return value if isinstance(value, Mapping) else {}


def as_mappings(value: Any) -> list[Mapping[str, Any]]:
    """The mappings in a list."""
    listed = value if isinstance(value, list) else []
    return [each for each in listed if isinstance(each, Mapping)]


def as_texts(value: Any) -> list[str]:
    """The texts in a list."""
    listed = value if isinstance(value, list) else []
    return [each for each in listed if isinstance(each, str)]
