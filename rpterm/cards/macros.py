"""Expands macros in card text, such as ``{{char}}`` and ``{{random:A,B}}``, in one pass.

The result of a macro is not expanded again, so that text cannot grow without end. Randomness comes
only from the seeds, and the time is passed in: the same arguments always give the same text. A draw
depends on its own words and not on its place: ``{{pick:red,green}}`` is the same in two texts, and
differs only where one text repeats it. The one thing that a text may change are the variables of
its scope. This module knows no card, chat or prompt.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from hashlib import blake2b
from zlib import crc32

from rpterm.cards import variables
from rpterm.humanize import counted
from rpterm.text.calendar_names import MONTHS, WEEKDAYS

_DELIMITERS = re.compile(r"\{\{|\}\}|<(?:user|bot|char)>", re.IGNORECASE)
_DICE = re.compile(r"(\d{0,3})d?(\d{1,9})([+-]\d{1,9})?", re.IGNORECASE)
_RANDOM = re.compile(r"\{\{\s*(?:random|pick|roll)\b", re.IGNORECASE)
_UTC_TIME = re.compile(r"time_utc([+-]\d{1,2})")
_COMMA = re.compile(r"(?<!\\),")
_TRIM = re.compile(r"(?:\r?\n)*\{\{trim\}\}(?:\r?\n)*", re.IGNORECASE)
_MAX_DICE = 100
_MAX_REPEATS = 100


@dataclass(frozen=True, slots=True)
class MacroScope:
    """The values of macros.

    Attributes:
        seed: For ``random`` and ``roll``; differs from turn to turn.
        chat_seed: For ``pick``; constant within a chat, so that a pick stays the same.
        now: Local time, for the date and time macros; ``None`` leaves them unexpanded.
        idle: Seconds since the turn before; ``None`` leaves the macro unexpanded.
        values: Further macros: name in lower case → value.
        variables: The chat's variables, which macros may change.
    """

    char: str
    user: str
    seed: int = 0
    chat_seed: int = 0
    now: datetime | None = None
    idle: float | None = None
    values: Mapping[str, str] = field(default_factory=dict)
    variables: variables.Variables = field(default_factory=dict)


def expand(text: str, *, char: str, user: str) -> str:
    """Expand the macros of a text that stands in no chat.

    Macro names are case-insensitive. Unknown macros stay unexpanded.
    """
    return expand_with(text, MacroScope(char, user))


def may_have_macros(text: str) -> bool:
    """Whether a text has to be expanded at all; most messages do not."""
    return "{{" in text or "<" in text


def expand_with(text: str, scope: MacroScope) -> str:
    """Like ``expand``, with a ``MacroScope`` that can be shared by many texts."""
    if not may_have_macros(text):
        return text
    stack: list[list[str]] = [[]]
    end = 0
    draws: Counter[int] = Counter()
    for match in _DELIMITERS.finditer(text):
        stack[-1].append(text[end : match.start()])
        end = match.end()
        token = match[0]
        if token == "{{":
            stack.append([])
        elif token == "}}" and len(stack) > 1:
            body = "".join(stack.pop())
            key = crc32(body.encode("utf-8", "replace"))  # Nested bodies may be long.
            draws[key] += 1
            value = _value(body, draws[key], scope)
            stack[-1].append("{{" + body + "}}" if value is None else value)
        elif token == "}}":
            stack[-1].append(token)
        else:
            stack[-1].append(scope.user if token[1] in "uU" else scope.char)
    stack[-1].append(text[end:])
    whole = "{{".join("".join(parts) for parts in stack)
    # Only now, because the lines around it may consist of macros without a value.
    return _TRIM.sub("", whole) if "{{" in whole else whole


def _value(body: str, draw: int, scope: MacroScope) -> str | None:
    """The value of one macro, or ``None`` if it is unknown."""
    if body.lstrip().startswith("//"):
        return ""
    name, colon, argument = body.partition(":")
    name = name.strip().lower()
    if not colon and name not in scope.values:
        name, _, argument = body.strip().partition(" ")
        name = name.lower()
    if name in _WITH_ARGUMENT and (colon or argument):
        return _WITH_ARGUMENT[name](argument, draw, scope)
    if colon or argument:
        return None
    if name in scope.values:
        return scope.values[name]
    if zone := _UTC_TIME.fullmatch(name):
        return _time_in_zone(int(zone[1]), scope)
    plain = _PLAIN.get(name)
    return plain(scope) if plain else None


def _choices(argument: str) -> list[str]:
    argument = argument.removeprefix(":")
    if "::" in argument:
        return argument.split("::")
    return [part.strip().replace("\\,", ",") for part in _COMMA.split(argument)]


def _draw(seed: int, draw: int, body: str, sides: int) -> int:
    """A number from 0 to ``sides - 1`` that depends only on the arguments."""
    digest = blake2b(f"{seed}\0{draw}\0{body}".encode("utf-8", "replace"), digest_size=8)
    return int.from_bytes(digest.digest(), "big") % sides


def _random(argument: str, draw: int, scope: MacroScope) -> str:
    choices = _choices(argument)
    return choices[_draw(scope.seed, draw, argument, len(choices))]


def _pick(argument: str, draw: int, scope: MacroScope) -> str:
    choices = _choices(argument)
    return choices[_draw(scope.chat_seed, draw, argument, len(choices))]


def _roll(argument: str, draw: int, scope: MacroScope) -> str | None:
    match = _DICE.fullmatch(argument.removeprefix(":").strip())
    if not match:
        return None
    if "d" not in match[0].lower():
        count, sides = 1, int(match[0].partition("+")[0].partition("-")[0])
    else:
        count, sides = int(match[1] or 1), int(match[2])
    if not sides or not 0 < count <= _MAX_DICE:
        return None
    dice = (_draw(scope.seed, draw, f"{argument}\0{die}", sides) + 1 for die in range(count))
    return str(sum(dice) + int(match[3] or 0))


def _empty(argument: str, draw: int, scope: MacroScope) -> str:
    return ""


def _reverse(argument: str, draw: int, scope: MacroScope) -> str:
    return argument.removeprefix(":")[::-1]


def _repeated(text: str) -> Callable[[str, int, MacroScope], str | None]:
    def repeat(argument: str, draw: int, scope: MacroScope) -> str | None:
        count = argument.removeprefix(":").strip()
        is_number = count.isdecimal() and len(count) < 10
        return text * min(int(count), _MAX_REPEATS) if is_number else None

    return repeat


def _variable(
    apply: Callable[[variables.Variables, str, str], str], mark: str = ""
) -> Callable[[str, int, MacroScope], str | None]:
    def carry_out(argument: str, draw: int, scope: MacroScope) -> str:
        name, _, value = argument.removeprefix(":").partition("::")
        return apply(scope.variables, mark + name.strip(), value)

    return carry_out


def _time_formatter(style: str) -> Callable[[MacroScope], str | None]:
    return lambda scope: None if scope.now is None else scope.now.strftime(style)


def _time_in_zone(hours: int, scope: MacroScope) -> str | None:
    if scope.now is None or abs(hours) >= 24:
        return None
    return scope.now.astimezone(timezone(timedelta(hours=hours))).strftime("%H:%M")


def _date(scope: MacroScope) -> str | None:
    if scope.now is None:
        return None
    month = MONTHS[scope.now.month - 1]
    return f"{scope.now.day} {month} {scope.now.year}"


def _weekday(scope: MacroScope) -> str | None:
    return None if scope.now is None else WEEKDAYS[scope.now.weekday()]


def _idle(scope: MacroScope) -> str | None:
    return None if scope.idle is None else duration_in_words(scope.idle)


def draws_at_random(text: str) -> bool:
    """Whether a text depends on the seeds."""
    return _RANDOM.search(text) is not None


def duration_in_words(seconds: float) -> str:
    """A duration in words: ``3 hours``, ``just now``."""
    for size, unit in ((86400, "day"), (3600, "hour"), (60, "minute")):
        count = int(seconds // size)
        if count >= 1:
            return counted(count, unit)
    return "just now"


OF_CARD = frozenset(("description", "personality", "scenario", "persona"))
"""Macros that insert a part of the card, or the user's persona; see ``MacroScope.values``."""
OF_TURN = frozenset(("lastmessage", "lastusermessage", "lastcharmessage"))
"""Macros that change with every message, and so cannot be part of a prompt's static block."""

_WITH_ARGUMENT: dict[str, Callable[[str, int, MacroScope], str | None]] = {
    "random": _random,
    "pick": _pick,
    "roll": _roll,
    "comment": _empty,
    "hidden_key": _empty,
    "reverse": _reverse,
    "newline": _repeated("\n"),
    "space": _repeated(" "),
    **{name: _variable(apply) for name, apply in variables.MACROS.items()},
    **{name: _variable(apply, "$") for name, apply in variables.GLOBAL_MACROS.items()},
}
_PLAIN: dict[str, Callable[[MacroScope], str | None]] = {
    "char": lambda scope: scope.char,
    "bot": lambda scope: scope.char,
    "user": lambda scope: scope.user,
    "charifnotgroup": lambda scope: scope.char,
    "notchar": lambda scope: scope.user,
    "newline": lambda scope: "\n",
    "space": lambda scope: " ",
    "noop": lambda scope: "",
    "time": _time_formatter("%H:%M"),
    "isotime": _time_formatter("%H:%M"),
    "isodate": _time_formatter("%Y-%m-%d"),
    "date": _date,
    "weekday": _weekday,
    "idle_duration": _idle,
}
