"""What a text opened and did not close: quotes, *actions* and brackets. Pure.

Only the last paragraph counts: speech may go on over several paragraphs, each with an opening quote
of its own, and a mark forgotten further up cannot be closed at the end. Text with code in it is
left alone.
"""

from __future__ import annotations

import re

_MARKS = '*"“”„«»「」『』()（）'
_MARK = re.compile(rf"\*+|[{_MARKS}]")
_CLOSER = {"“": "”", "„": "“", "«": "»", "»": "«", "「": "」", "『": "』", "(": ")", "（": "）"}
_STRAIGHT_OPENS = re.compile(r"(?<![\w.!?…,~”’»)\]。！？，、；」』）])$")
"""What stands before a mark that looks the same on both sides (``"``, ``*``) if it opens."""
_EYES = re.compile(r"[:;=]['-]?$")


def closing_marks(text: str) -> str:
    """What to append to close everything that the last paragraph left open, innermost first."""
    if "`" in text:
        return ""
    opened = open_marks(text.rstrip().rpartition("\n\n")[2])
    return "".join(closer for _, closer in reversed(opened))


def open_marks(paragraph: str) -> list[tuple[int, str]]:
    """The offsets of the marks that a paragraph leaves open, each with what would close it."""
    opened: list[tuple[int, str]] = []
    for match in _MARK.finditer(paragraph):
        mark = match[0]
        opens = _opens(mark, paragraph[: match.start()], paragraph[match.end() :])
        closers = [closer for _, closer in opened]
        if mark in closers and not (opens and mark not in _CLOSER):
            del opened[len(closers) - 1 - closers[::-1].index(mark) :]
        elif mark not in closers and opens:
            opened.append((match.start(), _CLOSER.get(mark, mark)))
    return opened


def _opens(mark: str, before: str, after: str) -> bool:
    if after[:1].isspace() or not after.strip(_MARKS):
        return False
    if mark == "(":
        return not _EYES.search(before)
    return mark in _CLOSER or (mark[0] in '"*' and bool(_STRAIGHT_OPENS.search(before)))
