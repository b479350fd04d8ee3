"""Reads the character's replies from any chat file, each with the turns before it.

Understood are files of JSON lines (or one JSON list) whose objects are
- this program's own export and the common chat log (one turn per line),
- single turns ``{"role"|"name"|"speaker": …, "content"|"text"|"value": …}``,
- complete dialogues: ``messages``, ``conversations``, ``dialogue``, ``turns``,
- rows of a reply and its context: ``reply`` (``response``, ``completion``, …) and ``history``
  (``context``, ``prompt``, …), as a list or as text; names may precede the turns,
- pairs of a ``chosen`` and a ``rejected`` reply, both of which are read.
A text may be a list of parts that have one.

If several characters speak and one of them has the character's name, only that one's turns are
replies. Unreadable lines are reported and left out. Does not know what a score is.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from rpterm.errors import RptermError
from rpterm.evaluation import speakers, turn_fields
from rpterm.evaluation.json_rows import Row, UnreadableRow, lookup, parse_rows
from rpterm.evaluation.turn_fields import CHARACTER_ROLES, SILENT_ROLES, TEXT_KEYS, USER_ROLES
from rpterm.foreign_json import as_mapping
from rpterm.types import History

MOST_BYTES = 256 << 20
MOST_REPORTED = 100
"""Unreadable lines that are reported one by one; the others are only counted."""
RECENT = 400
"""Turns before a reply that are kept: all of them with each reply would take memory that grows with
the square of the chat's length."""
_SHORT_PART = 3
"""Letters of "Mrs": a part of a name must be longer to stand for it."""


@dataclass(frozen=True, slots=True)
class RecordedReply:
    """One reply of the character.

    Attributes:
        line: Line of the file, from 1; in a JSON list the position in it.
        text: The reply.
        history: The last ``RECENT`` turns before it.
        user: The user's name, "" if unknown.
        turn: Position in the list of turns in this line, from 1; 0 if there is no list.
        fields: Everything else next to the reply, for labels.
    """

    line: int
    text: str
    history: History = ()
    user: str = ""
    turn: int = 0
    fields: Mapping[str, Any] = field(default_factory=dict)

    def number(self, name: str) -> float | None:
        """A finite numeric field; ``a.b`` looks into ``a``. Booleans count as 0 and 1."""
        value = lookup(self.fields, name)
        try:
            number = float(value) if isinstance(value, int | float) else math.nan
        except OverflowError:
            return None
        return number if math.isfinite(number) else None


def read(
    data: bytes,
    names: Sequence[str] = (),
    where: str = "the file",
    report: Callable[[str], object] = lambda problem: None,
) -> list[RecordedReply]:
    """All replies of the character that can be read.

    Args:
        data: The content of the file.
        names: Names of the character, for files that name the speakers.
        where: The file's name, for messages.
        report: Called with a sentence for each line that cannot be read and is left out.

    Raises:
        RptermError: No reply can be read, or the file is too large.
    """
    rows, problems = open_rows(data, where)
    replies, unreadable = read_rows(rows, names)
    report_problems(problems | unreadable, where, report)
    if not replies:
        raise RptermError(
            f"{where} has no reply of the character: expected were chat lines (name, is_user, "
            'mes), messages with roles "user" and "assistant", or rows with "history" and "reply".'
        )
    return replies


def open_rows(data: bytes, where: str) -> tuple[list[tuple[int, Row]], dict[int, str]]:
    """The rows of a chat file with their lines, and why other lines could not be read.

    Raises:
        RptermError: The file is empty or too large.
    """
    if len(data) > MOST_BYTES:
        raise RptermError(f"{where} has {len(data):,} bytes; at most {MOST_BYTES:,} are read.")
    if not data.strip():
        raise RptermError(f"{where} is empty: it has no reply to score.")
    return parse_rows(data, turn_fields.LIST_KEYS)


def read_rows(
    rows: Sequence[tuple[int, Row]], names: Sequence[str]
) -> tuple[list[RecordedReply], dict[int, str]]:
    """A character's replies in numbered rows, and why some rows could not be read."""
    known = frozenset(part for name in names for part in _name_parts(name))
    names_character = any(
        turn_fields.name_of(turn) in known for _, row in rows for turn in turn_fields.turns_in(row)
    )
    reader = _Reader(known, names_character)
    replies: list[RecordedReply] = []
    problems: dict[int, str] = {}
    for line, row in rows:
        try:
            replies += list(reader.take(line, row))
        except UnreadableRow as error:
            problems[line] = str(error)
    return replies, problems


def strangers(replies: Sequence[RecordedReply], names: Sequence[str]) -> list[str]:
    """The names of those who speak the replies, if none of them is the character.

    Args:
        replies: What ``read`` returned.
        names: Names of the character, as given to ``read``.
    """
    known = {part for name in names for part in _name_parts(name)}
    turns = [each.fields for each in replies if turn_fields.text_of(each.fields) == each.text]
    found = dict.fromkeys(name for turn in turns if (name := turn_fields.name_of(turn)))
    return [] if known & found.keys() else list(found)


def report_problems(
    problems: Mapping[int, str], where: str, report: Callable[[str], object]
) -> None:
    """Report the unreadable lines: the first one by one, the others as a number."""
    for line in sorted(problems)[:MOST_REPORTED]:
        report(f"{where}, line {line}: {problems[line]}.")
    if len(problems) > MOST_REPORTED:
        report(f"{where}: {len(problems) - MOST_REPORTED:,} more lines cannot be read.")


def _name_parts(name: str) -> Iterator[str]:
    """A name and its parts, case-folded, as transcripts use them; "Dr" alone is not one."""
    if name := name.casefold():
        yield name
        yield from (part for part in name.split() if len(part.rstrip(".")) > _SHORT_PART)


def _recent(history: Sequence[tuple[bool, str]]) -> History:
    return tuple(history[-RECENT:])


class _Reader:
    """Takes rows in the order of the file; rows that are single turns form one running chat."""

    def __init__(self, names: frozenset[str], names_character: bool) -> None:
        """Args:
        names: The character's names, case-folded.
        names_character: Whether the file uses one of them, so that another name is another
            character.
        """
        self._names, self._names_character = names, names_character
        self._history: History = ()
        self._history_after: dict[int, History] = {}
        self._user = ""

    def take(self, line: int, row: Row) -> Iterator[RecordedReply]:
        """The replies in one row.

        Raises:
            UnreadableRow: A turn has no text, or no known speaker.
        """
        turns = turn_fields.list_of(row)
        if replies := turn_fields.replies_in(row):
            before, user = self._context(row), turn_fields.user_name_of(row)
            for text, fields in replies:
                if text.strip():
                    yield RecordedReply(line, self._without_name(text), before, user, fields=fields)
        elif turns is not None:
            yield from self._dialogue(line, row, turns)
        elif turn_fields.is_header(row):
            self._history, self._history_after = (), {}
            self._user = turn_fields.user_name_of(row)
        else:
            yield from self._turn(line, row)

    def _turn(self, line: int, row: Row) -> Iterator[RecordedReply]:
        spoken = self._spoken(row)
        added = () if spoken is None else (spoken,)
        before = self._history
        if isinstance(row.get("id"), int) and "parent_id" in row:  # The chat is a tree.
            parent = row["parent_id"]
            before = self._history_after.get(parent, ()) if isinstance(parent, int) else ()
            self._history_after[row["id"]] = _recent((*before, *added))
        self._history = _recent((*before, *added))
        # A greeting, as our own exports mark it, is part of the card and not a reply.
        if spoken is not None and spoken[0] and row.get("origin") != "greeting":
            yield RecordedReply(line, spoken[1], before, self._user, fields=row)

    def _dialogue(self, line: int, row: Row, turns: Sequence[Any]) -> Iterator[RecordedReply]:
        history: list[tuple[bool, str]] = []
        replies: list[RecordedReply] = []
        user = turn_fields.user_name_of(row)
        for position, turn in enumerate(self._with_roles(turns, user_index=0), 1):
            spoken = self._listed(turn, is_character=len(history) % 2 == 1)
            if spoken is None:
                continue
            if spoken[0]:
                fields = as_mapping(turn)
                replies.append(
                    RecordedReply(line, spoken[1], _recent(history), user, position, fields)
                )
            history.append(spoken)
        if replies:  # Labels next to the complete dialogue belong to its last reply.
            replies[-1] = replace(replies[-1], fields={**row, **replies[-1].fields})
        yield from replies

    def _context(self, row: Row) -> History:
        """Everything said before the reply of a row, under whatever keys."""
        history: list[tuple[bool, str]] = []
        for key in turn_fields.CONTEXT_KEYS:
            context = row.get(key)
            if isinstance(context, str) and context.strip():
                history += self._split_text(context)
            elif isinstance(context, list):
                for at, turn in enumerate(self._with_roles(context, user_index=-1)):
                    spoken = self._listed(turn, is_character=(len(context) - at) % 2 == 0)
                    history += [spoken] if spoken is not None else []
        return _recent(history)

    def _listed(self, turn: Any, *, is_character: bool) -> tuple[bool, str] | None:
        """A turn of a list.

        Args:
            turn: An object, a pair of role and text, or a text.
            is_character: Whose turn it is if it is only a text: user and character alternate, and
                the last turn before a reply is the user's.
        """
        if isinstance(turn, Mapping):
            return self._spoken(turn)
        if isinstance(turn, list) and len(turn) == 2 and all(isinstance(p, str) for p in turn):
            return self._spoken({"role": turn[0], "content": turn[1]})
        if not isinstance(turn, str):
            raise UnreadableRow("a turn is neither a text nor an object")
        return self._split_name(turn) or (is_character, turn)

    def _with_roles(self, turns: Sequence[Any], *, user_index: int) -> Sequence[Any]:
        """Texts with a name before each of them as turns with roles; other turns unchanged."""
        if not all(isinstance(turn, str) for turn in turns):
            return turns
        named = speakers.split_list(turns, self._is_known)
        if named is None:
            return turns
        is_own = self._find_character(named, user_index)
        return [
            {"role": "assistant" if is_own(who) else "user", "text": text} for who, text in named
        ]

    def _split_text(self, text: str) -> History:
        """A history that is one text: lines that start with a name, or a single user turn."""
        named = speakers.split_text(text, self._is_known)
        is_own = self._find_character(named, user_index=-1)
        return tuple((is_own(who), said) for who, said in named)

    def _find_character(
        self, named: Sequence[speakers.NamedTurn], user_index: int
    ) -> speakers.IsSpeaker:
        return speakers.find_character(
            [who for who, _ in named], self._is_character, USER_ROLES.__contains__, user_index
        )

    def _is_character(self, who: str) -> bool:
        return who in self._names or who in CHARACTER_ROLES

    def _is_known(self, who: str) -> bool:
        return self._is_character(who) or who in USER_ROLES

    def _split_name(self, text: str) -> tuple[bool, str] | None:
        """A turn with a known name before it."""
        named = speakers.split_turn(text, self._is_known)
        if named is None or not self._is_known(named[0]):
            return None
        return self._is_character(named[0]), named[1]

    def _without_name(self, reply: str) -> str:
        """A reply without the character's name before it."""
        named = self._split_name(reply)
        return named[1] if named is not None and named[0] else reply

    def _is_other_character(self, turn: Row) -> bool:
        name = turn_fields.name_of(turn)
        return self._names_character and bool(name) and name not in self._names

    def _spoken(self, turn: Row) -> tuple[bool, str] | None:
        """Whether the character speaks, and the text; ``None`` if nobody says it."""
        text = turn_fields.text_of(turn)
        if text is None and turn_fields.is_silent(turn):
            return None
        if text is None:
            raise UnreadableRow(f"a turn has no text; expected one of {', '.join(TEXT_KEYS)}")
        if not text.strip() or turn_fields.is_hidden(turn):
            return None
        if isinstance(turn.get("is_user"), bool):
            return not turn["is_user"] and not self._is_other_character(turn), text
        who = turn_fields.speaker_of(turn)
        if who in SILENT_ROLES:
            return None
        if self._is_character(who):
            return not self._is_other_character(turn), text
        if who in USER_ROLES or (who and self._names):
            return False, text
        raise UnreadableRow('the speaker is unknown; expected a role such as "user" or "assistant"')
