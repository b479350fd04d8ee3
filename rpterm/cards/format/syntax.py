"""Parses TOML text into plain data and explains every syntax error to non-programmers.

A TOML parser stops at the first error. To report the others as well, the statement with the error
is blanked and the text is parsed again; the resulting data serves only to find more problems.
"""

from __future__ import annotations

import re
from itertools import chain
from typing import Any

import tomli

from rpterm.cards.format.locate import locate
from rpterm.cards.problems import Problem

_STATEMENT = re.compile(r"\s*(?:[A-Za-z0-9_-]+\s*=|\[\[?\s*[A-Za-z_][\w. -]*\]\]?\s*(?:#.*)?$)")
_MAX_ERRORS = 10

_BACKSLASH = "Write \\\\ for a backslash, or put the text between ''' and '''."

_SLIPS = (
    ("Invalid value", r"""[=\[,]\s*[“”„«‘’]""", 'Write straight quotes ("), not typographic ones.'),
    ("Expected newline", r"""["'\w]\s*,\s*$""", "Remove the comma at the end of the line."),
    (
        "Expected newline", r"""=\s*'[^']*'\w""",
        "Put a text with an apostrophe between \" and \", not between ' and '.",
    ),
)  # fmt: skip
"""A part of the message, a pattern of the line with the error, and what to do about both."""

_REMEDIES = (
    ("Unescaped '\\'", _BACKSLASH),
    ("Invalid hex value", _BACKSLASH),
    ("character '\\n'", 'End the text on the same line, or put it between """ and """.'),
    ("Expected '='", "Write it as: key = value."),
    ("Cannot overwrite", "This key or table appears twice: keep one."),
    ("Cannot declare", "This table appears twice: keep one; a list of tables has [[ and ]]."),
    ("Cannot mutate", "Put all of this table or list in one place."),
    ("Duplicate", "This key appears twice: keep one."),
    ("Illegal character", "Remove the control character."),
    ("Found invalid character", "Remove the character, or put the text in quotes."),
    ("Invalid value", "Put text between quotes; write true, false and numbers without."),
    ("Unclosed array", "Put commas between the items and ] at the end."),
    ("Unclosed inline table", "Put commas between the keys and } at the end."),
    ("Expected ']'", "A table begins with a line like [persona] or [[lore]]."),
    ("Expected newline", 'Put each key on a line of its own; inside text, write \\" for a quote.'),
    ("Unterminated string", "End the text with the same quotes it begins with."),
    ("Invalid statement", "Write it as: key = value."),
    ("Escaped character", "Use the code of a character that exists."),
)


def parse_toml(text: str, origin: str) -> tuple[dict[str, Any], list[Problem]]:
    """Parse TOML, continuing after syntax errors.

    Returns:
        The data and the syntax errors; the data lacks the statements that have errors.
    """
    problems: list[Problem] = []
    last = 0
    while True:
        try:
            return tomli.loads(text), problems
        except tomli.TOMLDecodeError as error:
            line = error.lineno if error.lineno > last else 0
            if problems and not line:
                return {}, problems
            problems.append(_problem(error, text, origin))
            last, end = _statement(text, line)
            if problems[-1].line != error.lineno or len(problems) >= _MAX_ERRORS:
                return {}, problems
            text = _blank(text, last, end)
        except (ValueError, RecursionError):
            problem = Problem(origin, 0, "", "A value is too long or too deeply nested to be read.")
            return {}, [*problems, problem]


def _problem(error: tomli.TOMLDecodeError, text: str, origin: str) -> Problem:
    message, line = error.msg, error.lineno
    statement = text.split("\n")[line - 1]
    slips = (tip for sign, slip, tip in _SLIPS if sign in message and re.search(slip, statement))
    remedies = (tip for sign, tip in _REMEDIES if sign in message)
    remedy = next(chain(slips, remedies), "")
    unterminated = "Unterminated string" in message or "character '\\n'" in message
    unterminated_at = locate(text).unterminated_at if unterminated else 0
    if 0 < unterminated_at <= line:
        message, line = "The text that begins here never ends", unterminated_at
        remedy = 'End it with the quotes it begins with; several lines stand between """ and """.'
    message = re.sub(r"'([^']*)'", r"`\1`", message)
    return Problem(origin, line, "", f"{message}.", remedy)


def _statement(text: str, line: int) -> tuple[int, int]:
    """First and last line of the statement that the line belongs to, 1-based."""
    lines = text.split("\n")
    first = line
    while first > 1 and not _STATEMENT.match(lines[first - 1]):
        first -= 1
    last = line
    while last < len(lines) and not _STATEMENT.match(lines[last]):
        last += 1
    return first, last


def _blank(text: str, first: int, last: int) -> str:
    lines = text.split("\n")
    lines[first - 1 : last] = [""] * (last - first + 1)
    return "\n".join(lines)
