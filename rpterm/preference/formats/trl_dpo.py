"""TRL's DPO, ORPO and reward trainers: an explicit prompt with a chosen and a rejected reply."""

from __future__ import annotations

from rpterm.preference.formats.base import (
    Format,
    Row,
    Shape,
    Table,
    chat_messages,
    meta,
    other_text,
    reply_message,
)
from rpterm.preference.records import Record


def row(record: Record, shape: Shape) -> Row:
    """The row as messages, which the trainer renders with the model's own template."""
    return {
        "prompt": chat_messages(shape.messages(record)),
        "chosen": reply_message(record.reply.text),
        "rejected": reply_message(other_text(record)),
        "meta": meta(record),
    }


FORMAT = Format(
    "trl_dpo", "TRL: DPOTrainer, ORPOTrainer, RewardTrainer", (Table("", frozenset({"pair"}), row),)
)
