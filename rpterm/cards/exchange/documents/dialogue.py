"""Converts between ``mes_example`` text and example dialogues.

``<START>`` separates the dialogues, as does Character.AI's ``END_OF_DIALOG``. A line that begins
with ``{{user}}:``, ``{{char}}:``, one of their older forms or the character's own name starts a
turn of that speaker; Character.AI's ``{{random_user_1}}:`` is a user, too. A long dialogue becomes
several, because a prompt leaves out whole dialogues; side by side they read as before.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from rpterm.cards.card import Example

_START = re.compile(r"<START>|^[ \t]*END_OF_DIALOG[ \t]*$", re.IGNORECASE | re.MULTILINE)
_USER_NAMES = ("{{user}}", "<user>", "user", "you")
_CHAR_NAMES = ("{{char}}", "<bot>", "<char>", "char")
_SPEAKER = re.compile(
    r"^[ \t]*(?:(?P<mark>[*_]+)(?P<marked>[^\n:：]{1,80}?)(?:[:：](?P=mark)|(?P=mark)[:：])"
    r"|(?P<plain>[^\n:：]{1,80}?)[:：])[ \t]*"
)
"""A name before a colon; asterisks may surround both or the name alone."""
_LONG = 1500
"""Characters of a dialogue beyond which the user's next turn begins another: 400 tokens."""

Speaker = Literal["user", "char"]
Lines = tuple[tuple[Speaker, str], ...]


def parse_examples(text: str, name: str) -> tuple[Example, ...]:
    """Parse the dialogues of a text; a block without speakers belongs to the character.

    Args:
        name: The character's name; some cards use it, or its first word, instead of ``{{char}}``.
    """
    blocks = (_parse_block(block, name) for block in _START.split(text))
    return tuple(Example(lines) for block in blocks for lines in _parts(block) if lines)


def render_examples(examples: tuple[Example, ...]) -> str:
    """Write dialogues in the form other programs read."""
    blocks = []
    for example in examples:
        lines = [f"{{{{{speaker}}}}}: {text}" for speaker, text in example.dialogue]
        blocks.append("<START>\n" + "\n".join(lines))
    return "\n".join(blocks)


def _parts(block: Lines) -> Iterator[Lines]:
    """The dialogue as one or several of moderate length, each beginning with the user."""
    start = size = 0
    for at, (speaker, text) in enumerate(block):
        if speaker == "user" and size > _LONG:
            yield block[start:at]
            start, size = at, 0
        size += len(text)
    yield block[start:]


def _parse_block(block: str, name: str) -> Lines:
    turns: list[tuple[Speaker, list[str]]] = []
    for line in block.strip().split("\n"):
        speaker, rest = _split_speaker(line, name)
        if speaker is not None:
            turns.append((speaker, [rest]))
        elif turns:
            turns[-1][1].append(line)
        elif line.strip():
            turns.append(("char", [line]))
    texts = ((speaker, "\n".join(lines).strip()) for speaker, lines in turns)
    return tuple((speaker, text) for speaker, text in texts if text)


def _split_speaker(line: str, name: str) -> tuple[Speaker | None, str]:
    found = _SPEAKER.match(line)
    if found is None:
        return None, line
    who = (found["marked"] or found["plain"]).strip().casefold()
    rest = line[found.end() :]
    if who in _USER_NAMES or who.startswith("{{random_user_"):
        return "user", rest
    if who in _CHAR_NAMES or who in (name.casefold(), *name.casefold().split()[:1]):
        return "char", rest
    return None, line
