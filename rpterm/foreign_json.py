"""JSON that other programs wrote: any value may have any type, and one of a wrong type is empty."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def as_mapping(value: Any) -> Mapping[str, Any]:
    """The value if it is an object, else an empty one."""
    return value if isinstance(value, Mapping) else {}


def as_list(value: Any) -> list[Any]:
    """The value if it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def as_mappings(value: Any) -> list[Mapping[str, Any]]:
    """The objects in a list; empty for anything else."""
    return [each for each in as_list(value) if isinstance(each, Mapping)]


def as_texts(value: Any) -> list[str]:
    """The texts in a list; empty for anything else."""
    return [each for each in as_list(value) if isinstance(each, str)]


def as_text(value: Any) -> str:
    """The value if it is a text, else ""."""
    return value if isinstance(value, str) else ""
