"""Splits what a card says of its character into single claims. Pure.

A reply relies on one claim, not on a whole portrait. Beside prose it knows two notations of old
cards, W++ (``likes("rain" + "moths")``, also a line each without quotes) and lists in brackets
(``[Ann: tall, shy; likes: rain]``), and the marks of Markdown.
"""

from __future__ import annotations

import re

from rpterm.text.sentences import sentences
from rpterm.text.unspaced import word_count

_LONG_LINE = 25
"""Words; a longer line makes more than one claim."""
_QUOTED = r"[\"“”][^\"“”]*[\"“”]"
_ENTRY = re.compile(
    r"(?P<key>[A-Za-z][\w /'-]{0,40}?)\s?\(\s*"
    rf"(?P<values>{_QUOTED}(?:\s*[+,]?\s*{_QUOTED})*)\s*\)"
)
_VALUE = re.compile(r"[\"“”]([^\"“”]*)[\"“”]")
_LIST = re.compile(r"\[(?P<body>[^\[\]]*:[^\[\]]*;[^\[\]]*)\]")
_LEAST_ENTRIES = 2
_BARE_ENTRY = re.compile(
    r"^\s*(?P<key>[A-Za-z][\w /'-]{0,30}?)\s?\(\s*(?P<values>[^()\n\"“”]+?)\s*\)[,;]?\s*$",
    re.MULTILINE,
)
_MARKDOWN = re.compile(r"^[^\S\n]*(?:[-*•][^\S\n]+|#{1,6}[^\S\n]*)|\*\*|__", re.MULTILINE)
"""Bullets, headings and bold type."""


def claims(description: str) -> tuple[str, ...]:
    """The claims of a description, in order: entries of a list, then sentences."""
    listed, prose = _entries(_MARKDOWN.sub("", description))
    return (*listed, *(text for text in sentences(prose) if word_count(text) > 1))


def split_long(line: str) -> tuple[str, ...]:
    """The line itself; a long one claim by claim."""
    is_long = word_count(line) > _LONG_LINE or _is_listed(line)
    return (claims(line) or (line,)) if is_long else (line,)


def _is_listed(text: str) -> bool:
    """Whether a text is in W++."""
    return "(" in text and len(_ENTRY.findall(text)) >= _LEAST_ENTRIES


def _entries(text: str) -> tuple[list[str], str]:
    """The entries of W++ and of lists in brackets, as "key: values", and the remaining text."""
    if len(_BARE_ENTRY.findall(text)) >= _LEAST_ENTRIES:
        text = _BARE_ENTRY.sub(_quoted, text)
    if _is_listed(text):
        listed = [
            f"{match['key']}: {', '.join(_VALUE.findall(match['values']))}"
            for match in _ENTRY.finditer(text)
        ]
        return listed, re.sub(
            r"[\[\]{}]|\w{1,40}\s?\([^)]{0,80}\)\s?(?=\{)", " ", _ENTRY.sub(" ", text)
        )
    listed = [
        part.strip()
        for match in _LIST.finditer(text)
        for part in match["body"].split(";")
        if part.strip()
    ]
    return listed, _LIST.sub(" ", text)


def _quoted(entry: re.Match[str]) -> str:
    """An entry with each of its values in quotes."""
    values = " + ".join(f'"{each.strip()}"' for each in entry["values"].split("+"))
    return f"{entry['key']}({values})"
