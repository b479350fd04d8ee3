"""The building blocks of formats: tables of rows, and extra files for the trainer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from rpterm.errors import RptermError
from rpterm.preference.message_shape import Greeting, shape_messages, without_system
from rpterm.preference.records import Kind, Messages, Record, Reply
from rpterm.preference.trainer_model import TrainerModel

Row = dict[str, Any]
_REPLY_FIELDS = tuple(each.name for each in fields(Reply))


@dataclass(frozen=True, slots=True)
class Shape:
    """How prompts are written.

    Attributes:
        greeting: How to export a greeting before the first user turn.
        model: The model whose template renders the rows.
        exact: Returns the prompt text and token ids of a turn, for the raw format; ``None`` leaves
            them out.
    """

    greeting: Greeting
    model: TrainerModel
    exact: Callable[[int], Row | None] | None = None

    def messages(self, record: Record, *, user_first: bool = False) -> Messages:
        """The prompt's messages; ``user_first`` says that the trainer requires it, too."""
        user_first = user_first or self.model.user_first
        messages = shape_messages(record.prompt, self.greeting, user_first=user_first)
        return without_system(messages) if self.model.no_system else messages

    def prompt(self, record: Record) -> list[Row]:
        """The messages as the role/content objects that nearly every trainer accepts."""
        return [{"role": role, "content": content} for role, content in self.messages(record)]

    def rendered(self, record: Record) -> str:
        """The prompt as the model's template renders it, up to where the reply starts.

        Raises:
            RptermError: The template rejects the messages.
        """
        try:
            return self.model.render(self.messages(record), reply=True)
        except RptermError as error:
            raise RptermError(
                f"The template of {self.model.name} refuses the messages ({error}): use --greeting "
                "auto."
            ) from error


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
        "rater": origin.how.rater,
        "method": origin.how.method,
        "position": origin.how.position,
        "side": origin.side,
        "seconds": origin.how.seconds or 0.0,
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
