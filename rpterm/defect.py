"""What is told of an error that ended a piece of work, in a thread that must go on."""

from __future__ import annotations

from rpterm.types import RptermError


def told(error: Exception) -> str:
    """What a user is told of an error; one that is not rpterm's own kind is a defect of rpterm."""
    if isinstance(error, RptermError):
        return str(error)
    return f"rpterm itself failed ({type(error).__name__}: {error}). Nothing is lost."


def traced(error: BaseException) -> str:
    """Where an error came from, for those who mend rpterm."""
    import traceback  # Only a defect needs it.

    return "".join(traceback.format_exception(error))
