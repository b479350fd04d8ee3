"""TRL's KTO trainer: single replies labelled good or bad. It needs a batch size above one."""

from __future__ import annotations

from rpterm.preference.formats.base import (
    Format,
    Row,
    Shape,
    Table,
    chat_messages,
    meta,
    reply_message,
)
from rpterm.preference.records import Record


def row(record: Record, shape: Shape) -> Row | None:
    """A reply with its label; three stars are neither good nor bad and have no row."""
    if record.label is None:
        return None
    return {
        "prompt": chat_messages(shape.messages(record)),
        "completion": reply_message(record.reply.text),
        "label": record.label,
        "meta": meta(record),
    }


FORMAT = Format("trl_kto", "TRL: KTOTrainer", (Table("", frozenset({"label"}), row),))
