"""What to show the user of an error in a background thread that has to keep running."""

from __future__ import annotations

from rpterm.types import RptermError


def told(error: Exception) -> str:
    """The error as one message; anything but an ``RptermError`` is reported as a bug in rpterm."""
    if isinstance(error, RptermError):
        return str(error)
    return f"rpterm itself failed ({type(error).__name__}: {error}). Nothing is lost."


def traced(error: BaseException) -> str:
    """The full traceback as text, for whoever fixes the bug."""
    import traceback  # Only needed after a crash.

    return "".join(traceback.format_exception(error))
