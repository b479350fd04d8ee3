"""``mes_example`` ↔ example dialogues.

Blocks are divided by ``<START>``; a line that begins with ``{{user}}:``, ``{{char}}:``, their old
forms or the character's own name begins what that one says.
"""

from __future__ import annotations

import re
from typing import Literal

from rpterm.cards.card import Example

_START = re.compile(r"<START>", re.IGNORECASE)
_USER = ("{{user}}", "<user>", "user", "you")
_CHAR = ("{{char}}", "<bot>", "<char>", "char")
_SPEAKER = re.compile(r"^[ \t]*([^\n:]{1,80}?):[ \t]*")

Speaker = Literal["user", "char"]


def parse(text: str, name: str) -> tuple[Example, ...]:
    """The dialogues of a text; a block without a speaker is the character's.

    Args:
        name: The character's, which some cards write out.
    """
    blocks = (_block(block, name) for block in _START.split(text))
    return tuple(Example(lines) for lines in blocks if lines)


def render(examples: tuple[Example, ...]) -> str:
    """As other programs read it."""
    blocks = []
    for example in examples:
        lines = [f"{{{{{speaker}}}}}: {text}" for speaker, text in example.dialogue]
        blocks.append("<START>\n" + "\n".join(lines))
    return "\n".join(blocks)


def _block(block: str, name: str) -> tuple[tuple[Speaker, str], ...]:
    turns: list[tuple[Speaker, list[str]]] = []
    for line in block.strip().split("\n"):
        speaker, rest = _speaker(line, name)
        if speaker is not None:
            turns.append((speaker, [rest]))
        elif turns:
            turns[-1][1].append(line)
        elif line.strip():
            turns.append(("char", [line]))
    said = ((speaker, "\n".join(lines).strip()) for speaker, lines in turns)
    return tuple((speaker, text) for speaker, text in said if text)


def _speaker(line: str, name: str) -> tuple[Speaker | None, str]:
    found = _SPEAKER.match(line)
    if found is None:
        return None, line
    who = found[1].strip().casefold()
    rest = line[found.end() :]
    if who in _USER:
        return "user", rest
    if who in _CHAR or (name and who == name.casefold()):
        return "char", rest
    return None, line
