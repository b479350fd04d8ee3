"""TRL's SFT trainer: complete conversations that end with a reply worth imitating."""

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


def row(record: Record, shape: Shape) -> Row:
    """Prompt and reply in a single list of messages."""
    return {
        "messages": chat_messages(shape.messages(record)) + reply_message(record.reply.text),
        "meta": meta(record),
    }


FORMAT = Format("trl_sft", "TRL: SFTTrainer", (Table("", frozenset({"demo"}), row),))
