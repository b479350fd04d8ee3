"""What a format is: tables of rows, and files that tell a reader about them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from rpterm.preference.records import Kind, Messages, Record, Reply
from rpterm.preference.shaping import Greeting, shaped, without_system

Row = dict[str, Any]
_OF_REPLY = tuple(each.name for each in fields(Reply))
Render = Callable[[Messages], str]


@dataclass(frozen=True, slots=True)
class Shape:
    """How prompts are written.

    Attributes:
        greeting: What becomes of a greeting before the first user turn.
        user_first: The model's template wants the user to speak first.
        render: Messages as the model's template writes them, up to where the reply begins.
        end: The text that ends a reply in that template.
        exact: Prompt text and token ids of a turn, for the raw format; ``None`` leaves them out.
        no_system: The model's template refuses system messages: their text goes to the user's.
    """

    greeting: Greeting
    user_first: bool
    render: Render
    end: str = ""
    exact: Callable[[int], Row | None] | None = None
    no_system: bool = False

    def messages(self, record: Record, *, user_first: bool = False) -> Messages:
        """The prompt for a reader that may want the user to speak first, too."""
        user_first = user_first or self.user_first
        messages = shaped(record.prompt, self.greeting, user_first=user_first)
        return without_system(messages) if self.no_system else messages


@dataclass(frozen=True, slots=True)
class Table:
    """One kind of row; ``row`` gives ``None`` for a record that has no place in it."""

    name: str
    kinds: frozenset[Kind]
    row: Callable[[Record, Shape], Row | None]


@dataclass(frozen=True, slots=True)
class Format:
    """One format.

    Attributes:
        reader: Who reads it, for help and dataset card.
        extras: More files by name, made from the names of the data files (by table and split)
            and the tokens that a row has at most (0: no limit).
    """

    name: str
    reader: str
    tables: tuple[Table, ...]
    extras: Callable[[Mapping[tuple[str, str], str], int], dict[str, str]] | None = None


def chat(messages: Messages) -> list[Row]:
    """Messages as nearly every reader takes them."""
    return [{"role": role, "content": content} for role, content in messages]


def said(text: str) -> list[Row]:
    """A reply as a list of one message."""
    return [{"role": "assistant", "content": text}]


def meta(record: Record) -> Row:
    """Provenance with the same keys in every row, so that readers infer one schema."""
    about, other = record.meta, record.other
    return {
        "source": about.source.value,
        "judgements": list(about.judgements),
        "chat": about.chat,
        "turns": [record.reply.turn] + ([other.turn] if other else []),
        "character": about.card,
        "card_hash": about.card_hash,
        "models": _each(record, "model"),
        "model_hashes": _each(record, "model_hash"),
        "adapter_hashes": _each(record, "adapter_hash"),
        "template_hashes": _each(record, "template_hash"),
        "seeds": [str(seed) for seed in _each(record, "seed")],
        "rater": about.rater,
        "method": about.method,
        "position": about.position,
        "side": about.side,
        "seconds": about.seconds or 0.0,
        "created_at": about.created_at,
        "dimensions": [f"{name}={value}" for name, value in about.dimensions],
        "reason": about.reason,
    }


def _each(record: Record, name: str) -> list[Any]:
    replies: Sequence[Reply] = (record.reply, *((record.other,) if record.other else ()))
    found = [getattr(reply, name) for reply in replies]
    return ["" if value is None else value for value in found]


def reply_row(reply: Reply) -> Row:
    """A reply with all that is known of it."""
    return {name: getattr(reply, name) for name in _OF_REPLY}  # ``asdict`` copies: ten times slower


def other_text(record: Record) -> str:
    """The text of the second reply."""
    assert record.other is not None
    return record.other.text
