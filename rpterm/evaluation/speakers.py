"""Splits dialogue that is written as text, with a name before each turn: "Watson: Well?".

A line that starts like a name with a colon may as well be a list or a title ("Age: 40"). Unknown
names therefore count only next to a known one, or if the text has several of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

_NAMED = re.compile(
    r"\s*(?P<bold>\*\*|__)?[\[<(]?(?P<who>[^\W\d_][\w .'’-]{0,38})[\])>]?\s*"
    r"(?(bold)(?:[:：]\s*(?P=bold)|(?P=bold)\s*[:：])|[:：])\s*(?P<said>\S.*)",
    re.DOTALL,
)
_MAX_WORDS = 4
"""Words of a name."""
NamedTurn = tuple[str, str]
"""The case-folded name of the speaker ("" if unknown), and the text."""
IsSpeaker = Callable[[str], bool]
"""Whether a case-folded name belongs to a certain speaker or to any known one."""


def split_turn(text: str, is_known: IsSpeaker) -> NamedTurn | None:
    """The speaker and the text of a turn; ``None`` if no name precedes it."""
    match = _NAMED.fullmatch(text)
    if match is None:
        return None
    who = match["who"].strip()
    parts = who.split()
    is_name = len(parts) <= _MAX_WORDS and all(part[0] == part[0].upper() for part in parts)
    if not is_name and not is_known(who.casefold()):
        return None
    return who.casefold(), match["said"].strip()


def split_text(text: str, is_known: IsSpeaker) -> list[NamedTurn]:
    """The turns of a text; a line without a name continues the turn before it."""
    lines = [line for line in text.split("\n") if line.strip()]
    named = [split_turn(line, is_known) for line in lines]
    names = [each[0] for each in named if each is not None]
    accepts_names = len(names) > 1 or any(map(is_known, names))
    turns: list[NamedTurn] = []
    for line, each in zip(lines, named, strict=True):
        if each is not None and accepts_names:
            turns.append(each)
        elif turns:
            turns[-1] = (turns[-1][0], f"{turns[-1][1]}\n{line}")
        else:
            turns.append(("", line))
    return turns


def split_list(texts: Sequence[str], is_known: IsSpeaker) -> list[NamedTurn] | None:
    """The turns of a list of texts; ``None`` unless a name precedes every one."""
    turns = [turn for text in texts if (turn := split_turn(text, is_known)) is not None]
    return turns if turns and len(turns) == len(texts) else None


def find_character(
    names: Sequence[str], is_character: IsSpeaker, is_user: IsSpeaker, user_index: int
) -> IsSpeaker:
    """Which of the speakers is the character.

    If none has the character's name, it is, of exactly two, the one who is not the user.

    Args:
        names: The speaker of each turn.
        is_character, is_user: Whether a name is known to be the character's or the user's.
        user_index: The index of a turn that must be the user's.
    """
    if any(map(is_character, names)):
        return is_character
    speakers = set(names) - {""}
    users = {name for name in speakers if is_user(name)}
    if not users and len(names) > 2:
        users = {names[user_index]}
    return lambda name: len(speakers) == 2 and len(users) == 1 and name in speakers - users
