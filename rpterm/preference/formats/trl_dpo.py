"""TRL's DPO, ORPO and reward trainers: an explicit prompt with a chosen and a rejected reply."""

from __future__ import annotations

from rpterm.preference.formats.base import Format, Row, Shape, Table, chat, meta, other_text, said
from rpterm.preference.records import Record


def row(record: Record, shape: Shape) -> Row:
    """The row as messages, which the trainer renders with the model's own template."""
    return {
        "prompt": chat(shape.messages(record)),
        "chosen": said(record.reply.text),
        "rejected": said(other_text(record)),
        "meta": meta(record),
    }


FORMAT = Format(
    "trl_dpo", "TRL: DPOTrainer, ORPOTrainer, RewardTrainer", (Table("", frozenset({"pair"}), row),)
)
