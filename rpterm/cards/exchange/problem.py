"""The one error of this room, and the limits that a stranger's file must keep."""

from __future__ import annotations

from rpterm.types import RptermError

MAX_FILE = 48 << 20
"""Bytes of a whole file: a picture with a card in it, or an archive."""
MAX_JSON = 6 << 20
MAX_MARKS = 400_000
"""Commas, brackets and braces of a JSON text: each may cost a hundred bytes once it is read."""
MAX_DEPTH = 64
"""How deep lists and tables may be nested."""


class ExchangeError(RptermError):
    """A file that cannot be imported or exported; the text says why, in a sentence."""


class NotACard(ExchangeError):
    """A file that is simply something else: a picture, settings."""
