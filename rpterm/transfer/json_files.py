"""Reads the JSON files of other programs, of which any may be damaged or something else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from rpterm.cards.exchange.containers import jsonio
from rpterm.cards.exchange.errors import MAX_JSON, ExchangeError
from rpterm.foreign_json import as_mapping
from rpterm.text.encoding import to_utf8


def read_object(path: Path, marks: Iterable[bytes] = ()) -> Mapping[str, Any]:
    """The JSON object in a file; an empty one if it has none or cannot be read.

    Args:
        marks: Texts of which the file must contain one, which is quicker than to parse it.
    """
    try:
        if path.stat().st_size > MAX_JSON:
            return {}
        data = to_utf8(path.read_bytes())
        if marks and not any(mark in data for mark in marks):
            return {}
        return as_mapping(jsonio.loads(data, path.name))
    except (OSError, ExchangeError):
        return {}
