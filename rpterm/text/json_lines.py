"""Writes JSON lines that people can read, too."""

from __future__ import annotations

import json
from collections.abc import Mapping

_encode = json.JSONEncoder(ensure_ascii=False, check_circular=False).encode


def json_line(row: Mapping[str, object]) -> str:
    """A row as one line, without its end; lone surrogates in an exact prompt are escaped."""
    line = _encode(row)
    try:
        line.encode()
    except UnicodeEncodeError:
        return json.dumps(row)
    return line
