"""TRL: rows as messages, which its trainers render with the model's own template."""

from __future__ import annotations

from rpterm.preference.formats.base import (
    Format,
    Row,
    Shape,
    Table,
    meta,
    other_text,
    reply_message,
)
from rpterm.preference.records import Record


def pair(record: Record, shape: Shape) -> Row:
    """An explicit prompt with a chosen and a rejected reply."""
    return {
        "prompt": shape.prompt(record),
        "chosen": reply_message(record.reply.text),
        "rejected": reply_message(other_text(record)),
        "meta": meta(record),
    }


def label(record: Record, shape: Shape) -> Row | None:
    """A reply with its label; three stars are neither good nor bad and have no row."""
    if record.label is None:
        return None
    return {
        "prompt": shape.prompt(record),
        "completion": reply_message(record.reply.text),
        "label": record.label,
        "meta": meta(record),
    }


def conversation(record: Record, shape: Shape) -> Row:
    """Prompt and a reply worth imitating in a single list of messages."""
    return {
        "messages": shape.prompt(record) + reply_message(record.reply.text),
        "meta": meta(record),
    }


DPO = Format(
    "trl_dpo",
    "TRL: DPOTrainer, ORPOTrainer, RewardTrainer",
    (Table("", frozenset({"pair"}), pair),),
)
# KTO needs a batch size above one.
KTO = Format("trl_kto", "TRL: KTOTrainer", (Table("", frozenset({"label"}), label),))
SFT = Format("trl_sft", "TRL: SFTTrainer", (Table("", frozenset({"demo"}), conversation),))
