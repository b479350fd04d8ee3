"""The errors that a user can act on, and the wording of all others."""

from __future__ import annotations


class RptermError(Exception):
    """An error that the user can act on.

    Its text is one or more plain sentences: what went wrong, where, and what to do. Every user
    interface prints it unchanged. Any other exception is a bug in rpterm.
    """


class InvalidChoice(RptermError):
    """The command line has a value that is not one of the choices; the text lists them."""


def user_message(error: Exception) -> str:
    """The error as one message; anything but an ``RptermError`` is reported as a bug in rpterm."""
    if isinstance(error, RptermError):
        return str(error)
    return f"rpterm itself failed ({type(error).__name__}: {error}). Nothing is lost."


def traceback_text(error: BaseException) -> str:
    """The full traceback as text, for whoever fixes the bug."""
    import traceback  # Only needed after a crash.

    return "".join(traceback.format_exception(error))


def cause_of(error: Exception) -> str:
    """Why a file could not be read or written, without Python's own vocabulary."""
    if isinstance(error, UnicodeDecodeError):
        return f"it is not UTF-8 text (at byte {error.start:,})"
    return getattr(error, "strerror", None) or str(error)
