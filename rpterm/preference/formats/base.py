"""The building blocks of formats: tables of rows, and extra files for the trainer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from rpterm.preference.message_shape import Greeting, shape_messages, without_system
from rpterm.preference.records import Kind, Messages, Record, Reply

Row = dict[str, Any]
_REPLY_FIELDS = tuple(each.name for each in fields(Reply))
Render = Callable[[Messages], str]


@dataclass(frozen=True, slots=True)
class Shape:
    """How prompts are written.

    Attributes:
        greeting: How to export a greeting before the first user turn.
        user_first: Whether the model's template requires the user to speak first.
        render: Renders messages with the model's template, up to where the reply starts.
        end: The text that ends a reply in that template.
        exact: Returns the prompt text and token ids of a turn, for the raw format; ``None`` leaves
            them out.
        no_system: Whether the model's template rejects system messages, so that their text is
            moved to the first user message.
    """

    greeting: Greeting
    user_first: bool
    render: Render
    end: str = ""
    exact: Callable[[int], Row | None] | None = None
    no_system: bool = False

    def messages(self, record: Record, *, user_first: bool = False) -> Messages:
        """The prompt's messages; ``user_first`` says that the trainer requires it, too."""
        user_first = user_first or self.user_first
        messages = shape_messages(record.prompt, self.greeting, user_first=user_first)
        return without_system(messages) if self.no_system else messages

    def prompt(self, record: Record) -> list[Row]:
        """The messages as the role/content objects that nearly every trainer accepts."""
        return [{"role": role, "content": content} for role, content in self.messages(record)]


@dataclass(frozen=True, slots=True)
class Table:
    """One kind of row; ``row`` returns ``None`` for a record that it cannot express."""

    name: str
    kinds: frozenset[Kind]
    row: Callable[[Record, Shape], Row | None]


@dataclass(frozen=True, slots=True)
class Format:
    """One format.

    Attributes:
        reader: The software that reads it, for help and dataset card.
        extras: Returns the text of further files by name, from the paths of the data files (by
            table and split) and the maximum number of tokens in a row (0: no limit).
    """

    name: str
    reader: str
    tables: tuple[Table, ...]
    extras: Callable[[Mapping[tuple[str, str], str], int], dict[str, str]] | None = None


def reply_message(text: str) -> list[Row]:
    """A reply as a list with one message."""
    return [{"role": "assistant", "content": text}]


def meta(record: Record) -> Row:
    """Provenance, with the same keys in every row, so that readers infer a single schema."""
    origin, other = record.meta, record.other
    return {
        "source": origin.source.value,
        "judgements": list(origin.judgements),
        "chat": origin.chat,
        "turns": [record.reply.turn] + ([other.turn] if other else []),
        "character": origin.card,
        "card_hash": origin.card_hash,
        "models": _of_replies(record, "model"),
        "model_hashes": _of_replies(record, "model_hash"),
        "adapter_hashes": _of_replies(record, "adapter_hash"),
        "template_hashes": _of_replies(record, "template_hash"),
        "seeds": [str(seed) for seed in _of_replies(record, "seed")],
        "rater": origin.rater,
        "method": origin.method,
        "position": origin.position,
        "side": origin.side,
        "seconds": origin.seconds or 0.0,
        "created_at": origin.created_at,
        "dimensions": [f"{name}={value}" for name, value in origin.dimensions],
        "reason": origin.reason,
    }


def _of_replies(record: Record, name: str) -> list[Any]:
    replies: Sequence[Reply] = (record.reply, *((record.other,) if record.other else ()))
    found = [getattr(reply, name) for reply in replies]
    return ["" if value is None else value for value in found]


def reply_row(reply: Reply) -> Row:
    """A reply with its complete provenance."""
    return {name: getattr(reply, name) for name in _REPLY_FIELDS}  # ``asdict`` is ten times slower.


def other_text(record: Record) -> str:
    """The text of the second reply."""
    assert record.other is not None
    return record.other.text
