"""The errors of import and export, and the size limits for untrusted files."""

from __future__ import annotations

from rpterm.errors import RptermError

MAX_FILE = 48 << 20
"""Maximum bytes of a file: a picture with a card in it, or an archive."""
MAX_JSON = 6 << 20
MAX_MARKS = 400_000
"""Maximum commas, colons and brackets in a JSON text; each may need 100 bytes of memory."""
MAX_DEPTH = 64
"""Maximum nesting depth of lists and tables."""


class ExchangeError(RptermError):
    """A file cannot be imported or exported; the message says why in one sentence."""


class NotACard(ExchangeError):
    """The file is something else, such as a mere picture or a settings file."""
