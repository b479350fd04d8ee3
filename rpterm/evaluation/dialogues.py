"""Replies to judge, out of any chat file: each with what was said before it. Pure.

Understood are files of JSON lines (or one JSON list) whose objects are
- this program's own export and the common chat log (one turn a line),
- single turns ``{"role"|"name"|"speaker": …, "content"|"text"|"value": …}``,
- whole dialogues: ``messages``, ``conversations``, ``dialogue``, ``turns``,
- rows of a reply and its context: ``reply`` (``response``, ``completion``, …) and ``history``
  (``context``, ``prompt``, …), as a list or as text; names may stand before the turns,
- pairs of a ``chosen`` and a ``rejected`` reply, of which both are taken.
A text may be a list of parts that have one.

Where several characters talk and one has the character's name, only that one's turns are replies.
It does not know what a score is.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from rpterm.evaluation import speakers
from rpterm.thinking import split
from rpterm.types import History, RptermError

MOST_BYTES = 256 << 20
RECENT = 400
"""Turns before a reply that are kept: what was said long ago is remembered, too, but all of it with
each reply would take memory by the square of a long chat."""

_OWN = frozenset(("assistant", "gpt", "char", "character", "model", "bot", "ai", "chatgpt"))
_OTHER = frozenset(("user", "human", "you", "person", "player"))
_SILENT = frozenset(("system", "tool", "function", "developer", "ipython"))
_WHO = ("role", "from", "speaker", "name", "author", "sender")
_NAMES = ("name", "speaker", "author", "sender")
_TEXT = ("content", "text", "value", "mes", "message", "utterance")
_HIDDEN = ("hidden", "is_system")
_HEAD = ("user_name", "character_name", "chat_metadata")
_LISTS = ("messages", "conversations", "conversation", "dialogue", "dialog", "turns")
_REPLIES = (
    "reply", "response", "completion", "answer", "output", "generated", "prediction",
    "model_output",
)  # fmt: skip
_PAIR = ("chosen", "rejected")
_PRINTED = re.compile(r"\{\s*\n")
"""An object that is printed over several lines."""
_TITLE = 3
"""Letters of "Mrs": shorter parts of a name name nobody."""
_CONTEXTS = ("context", "history", "dialogue_history", "prompt", "question", "input", *_LISTS)


class DialogueError(RptermError):
    """A file without replies; the text says where and what was expected."""


@dataclass(frozen=True, slots=True)
class Said:
    """One reply of the character.

    Attributes:
        line: Of the file, from 1; in a JSON list the place in it.
        turn: In the list of turns that stands in this line, from 1; 0 where there is none.
        history: The last ``RECENT`` turns before it.
        fields: Everything else that stood beside the reply, for labels.
    """

    line: int
    text: str
    history: History = ()
    user: str = ""
    turn: int = 0
    fields: Mapping[str, Any] = field(default_factory=dict)

    def number(self, name: str) -> float | None:
        """A finite numeric field; ``a.b`` looks into ``a``. Booleans count as 0 and 1."""
        value: Any = self.fields
        for part in name.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
        try:
            number = float(value) if isinstance(value, int | float) else math.nan
        except OverflowError:
            return None
        return number if math.isfinite(number) else None


def read(data: bytes, names: Sequence[str] = (), where: str = "the file") -> list[Said]:
    """All replies of the character.

    Args:
        names: What the character is called, for files that name the speakers.
        where: The file's name, for errors.

    Raises:
        DialogueError: With the line, and what was expected there.
    """
    if len(data) > MOST_BYTES:
        raise DialogueError(f"{where} has {len(data):,} bytes; at most {MOST_BYTES:,} are read.")
    objects = list(_objects(data, where))
    known = frozenset(called for name in names if name for called in _called(name.casefold()))
    several = any(_name_of(turn) in known for _, value in objects for turn in _turns_in(value))
    reader = _Reader(known, where, several)
    found = [said for line, value in objects for said in reader.take(line, value)]
    if not data.strip():
        raise DialogueError(f"{where} is empty: it has no reply to score.")
    if not found:
        raise DialogueError(
            f"{where} has no reply of the character: expected were chat lines (name, is_user, "
            'mes), messages with roles "user" and "assistant", or rows with "history" and "reply".'
        )
    return found


def strangers(replies: Sequence[Said], names: Sequence[str]) -> list[str]:
    """Who says the replies, by name, where none of them is the character.

    Args:
        names: As ``read`` had them.
    """
    known = {called for name in names for called in _called(name.casefold())}
    turns = [each.fields for each in replies if _first(each.fields, _TEXT) == each.text]
    found = dict.fromkeys(name for turn in turns if (name := _name_of(turn)))
    return [] if known & found.keys() else list(found)


def _called(name: str) -> Iterator[str]:
    """A name and its parts, as transcripts have them; not "Dr" alone."""
    yield name
    yield from (part for part in name.split() if len(part.rstrip(".")) > _TITLE)


def _objects(data: bytes, where: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        place = data[: error.start].count(b"\n") + 1
        raise DialogueError(
            f"{where}, line {place}: this is no UTF-8 text: save it as UTF-8."
        ) from None
    if (values := _whole(text, where)) is not None:
        for at, value in enumerate(values, 1):
            yield at, _object(value, at, where)
        return
    for at, row in enumerate(text.split("\n"), 1):
        if row.strip():
            yield at, _object(_json(row, at, where), at, where)


def _whole(text: str, where: str) -> list[Any] | None:
    """The rows of a file that is one JSON list, or one object over several lines."""
    start = text.lstrip()
    if start.startswith("["):
        return list(_json(text, 1, where))
    if _PRINTED.match(start) is None:
        return None
    value = _json(text, 1, where)
    inner = [each for each in value.values() if isinstance(each, list)]
    rows = inner[0] if len(inner) == 1 and not any(key in value for key in _LISTS) else [value]
    return list(rows)


def _json(text: str, line: int, where: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        deep = isinstance(error, RecursionError)
        why = getattr(error, "msg", "nested too deeply" if deep else "a number is too long")
        raise DialogueError(f"{where}, line {line}: this is no JSON ({why}).") from None


def _object(value: Any, line: int, where: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise DialogueError(f"{where}, line {line}: expected an object in braces.")
    return value


def _first(value: Mapping[str, Any], keys: Sequence[str]) -> str | None:
    """The first of the texts that stand under these keys."""
    return next((text for key in keys if (text := _said(value.get(key))) is not None), None)


def _said(value: Any) -> str | None:
    """A text, without what was thought before it, or parts of one as OpenAI writes them, or a
    completion of turns as TRL does."""
    if isinstance(value, list) and value and all(isinstance(each, Mapping) for each in value):
        parts = [each.get("text", each.get("content")) for each in value]
        value = "\n".join(part for part in parts if isinstance(part, str)) or None
    return split(value)[1] if isinstance(value, str) else None


def _replies(value: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    """What a row says, with the row; of a pair both, with which one it is as ``chosen``."""
    reply = _first(value, _REPLIES)
    if reply is not None:
        return [(reply, value)]
    pair = [_last(value.get(key)) for key in _PAIR]
    return [
        (text, {**value, "chosen": key == "chosen"})
        for key, text in zip(_PAIR, pair, strict=True)
        if text is not None and None not in pair
    ]


def _last(value: Any) -> str | None:
    """A reply, or the turn in which it is, or the last of several."""
    if isinstance(value, list):
        value = value[-1] if value else None
    return _first(value, _TEXT) if isinstance(value, Mapping) else _said(value)


def _recent(history: Sequence[tuple[bool, str]]) -> History:
    return tuple(history[-RECENT:])


def _turns_in(value: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """An object as a turn, and the turns that it lists."""
    yield value
    for key in _LISTS:
        if isinstance(listed := value.get(key), list):
            yield from (turn for turn in listed if isinstance(turn, Mapping))


def _name_of(turn: Mapping[str, Any]) -> str:
    """Who speaks, by name; "" where only a role is told."""
    found = next((turn[key] for key in _NAMES if isinstance(turn.get(key), str)), "")
    name = str(found).casefold()
    return "" if name in _OWN else name


class _Reader:
    """Takes objects in the order of the file; single turns make one running chat.

    Args:
        several: The file names the character, so that another name is another character.
    """

    def __init__(self, names: frozenset[str], where: str, several: bool) -> None:
        self._names, self._where, self._several = names, where, several
        self._history: History = ()
        self._below: dict[int, History] = {}
        self._user = ""

    def take(self, line: int, value: Mapping[str, Any]) -> Iterator[Said]:
        """The replies in one object."""
        replies = _replies(value)
        listed = next((key for key in _LISTS if isinstance(value.get(key), list)), None)
        if replies and not any(key in value for key in ("role", "is_user", "from")):
            before, user = self._context(value, line), self._name(value)
            for text, fields in replies:
                if text.strip():
                    yield Said(line, self._unnamed(text), before, user, fields=fields)
        elif listed is not None:
            yield from self._dialogue(value, value[listed], line)
        elif value.get("type") == "chat" or ("mes" not in value and any(map(value.get, _HEAD))):
            self._begin(value)
        else:
            yield from self._turn(value, line)

    def _begin(self, value: Mapping[str, Any]) -> None:
        self._history, self._below, self._user = (), {}, self._name(value)

    def _name(self, value: Mapping[str, Any]) -> str:
        persona = value.get("persona")
        inner = persona.get("name") if isinstance(persona, Mapping) else None
        found = next((n for n in (value.get("user_name"), value.get("user"), inner) if n), "")
        return found if isinstance(found, str) else ""

    def _turn(self, value: Mapping[str, Any], line: int) -> Iterator[Said]:
        spoken = self._spoken(value, line)
        added = () if spoken is None else (spoken,)
        before = self._history
        if isinstance(value.get("id"), int) and "parent_id" in value:  # A tree, not a line.
            parent = value["parent_id"]
            before = self._below.get(parent, ()) if isinstance(parent, int) else ()
            self._below[value["id"]] = _recent((*before, *added))
        self._history = _recent((*before, *added))
        # A greeting, as our own exports mark it, is the card's word and no reply.
        if spoken is not None and spoken[0] and value.get("origin") != "greeting":
            yield Said(line, spoken[1], before, self._user, fields=value)

    def _dialogue(
        self, value: Mapping[str, Any], turns: Sequence[Any], line: int
    ) -> Iterator[Said]:
        history: History = ()
        replies = []
        said = 0
        for at, turn in enumerate(self._roles(turns, asks=0), 1):
            spoken = self._listed(turn, line, own=said % 2 == 1)
            if spoken is None:
                continue
            if spoken[0]:
                own = turn if isinstance(turn, Mapping) else {}
                replies.append(Said(line, spoken[1], history, self._name(value), at, own))
            history = _recent((*history, spoken))
            said += 1
        if replies:  # What stands beside the whole dialogue is said of its last reply.
            last = replies.pop()
            beside = {**value, **last.fields}
            replies.append(replace(last, fields=beside))
        yield from replies

    def _context(self, value: Mapping[str, Any], line: int) -> History:
        """Everything said before the reply of a row, whatever it is called there."""
        history: list[tuple[bool, str]] = []
        for key in _CONTEXTS:
            given = value.get(key)
            if isinstance(given, str) and given.strip():
                history += self._lines(given)
            elif isinstance(given, list):
                for at, turn in enumerate(self._roles(given, asks=-1)):
                    spoken = self._listed(turn, line, own=(len(given) - at) % 2 == 0)
                    history += [spoken] if spoken is not None else []
        return _recent(history)

    def _listed(self, turn: Any, line: int, *, own: bool) -> tuple[bool, str] | None:
        """A turn of a list.

        Args:
            own: Whose a plain text is: they alternate, and the last before a reply is the user's.
        """
        if isinstance(turn, Mapping):
            return self._spoken(turn, line)
        if (
            isinstance(turn, list | tuple)
            and len(turn) == 2
            and all(isinstance(part, str) for part in turn)
        ):
            return self._spoken({"role": turn[0], "content": turn[1]}, line)
        if not isinstance(turn, str):
            raise DialogueError(f"{self._where}, line {line}: a turn is neither text nor object.")
        return self._named(turn) or (own, turn)

    def _roles(self, given: Sequence[Any], *, asks: int) -> Sequence[Any]:
        """Texts with names before them as turns with a role; other turns as they are."""
        texts = [turn for turn in given if isinstance(turn, str)]
        named = speakers.listed(texts, self._known) if len(texts) == len(given) else None
        if named is None:
            return given
        own = self._character(named, asks)
        return [{"role": "assistant" if own(who) else "user", "text": said} for who, said in named]

    def _lines(self, text: str) -> History:
        """A history as one text: lines that begin with a name, or one turn of the user."""
        named = speakers.turns(text, self._known)
        own = self._character(named, asks=-1)
        return tuple((own(who), said) for who, said in named)

    def _character(self, named: Sequence[speakers.Named], asks: int) -> speakers.Known:
        whos = [who for who, _ in named]
        return speakers.character(whos, self._own, _OTHER.__contains__, asks)

    def _own(self, who: str) -> bool:
        return who in self._names or who in _OWN

    def _known(self, who: str) -> bool:
        return self._own(who) or who in _OTHER

    def _named(self, text: str) -> tuple[bool, str] | None:
        """A turn with a known name before it."""
        named = speakers.split(text, self._known)
        if named is None or not self._known(named[0]):
            return None
        return self._own(named[0]), named[1]

    def _unnamed(self, reply: str) -> str:
        """A reply without the character's name before it."""
        named = self._named(reply)
        return named[1] if named is not None and named[0] else reply

    def _of_another(self, turn: Mapping[str, Any]) -> bool:
        name = _name_of(turn)
        return self._several and bool(name) and name not in self._names

    def _spoken(self, turn: Mapping[str, Any], line: int) -> tuple[bool, str] | None:
        """Who spoke and what; ``None`` for what nobody said."""
        text = _first(turn, _TEXT)
        if text is None and any(turn.get(key, "") is None for key in _TEXT):
            return None  # A call of a tool: {"role": "assistant", "content": null}.
        if text is None:
            raise DialogueError(
                f"{self._where}, line {line}: a turn has no text; expected one of "
                f"{', '.join(_TEXT)}."
            )
        if not text.strip() or any(turn.get(key) is True for key in _HIDDEN):
            return None
        if isinstance(turn.get("is_user"), bool):
            return not turn["is_user"] and not self._of_another(turn), text
        who = next((str(turn[key]).casefold() for key in _WHO if turn.get(key)), "")
        if who in _SILENT:
            return None
        if self._own(who):
            return not self._of_another(turn), text
        if who in _OTHER or (who and self._names):
            return False, text
        raise DialogueError(
            f"{self._where}, line {line}: who speaks here? Expected was a role such as "
            '"user" or "assistant".'
        )
