"""TRL: rows as messages, which its trainers render with the model's own template."""

from __future__ import annotations

from rpterm.preference.formats.base import Format, Row, Shape, Table, meta
from rpterm.preference.records import Record


def pair(record: Record, shape: Shape) -> Row:
    """An explicit prompt with a chosen and a rejected reply."""
    return {
        "prompt": shape.prompt(record),
        "chosen": [record.reply.message],
        "rejected": [record.rejected.message],
        "meta": meta(record),
    }


def label(record: Record, shape: Shape) -> Row | None:
    """A reply with its label; three stars are neither good nor bad and have no row."""
    if record.label is None:
        return None
    return {
        "prompt": shape.prompt(record),
        "completion": [record.reply.message],
        "label": record.label,
        "meta": meta(record),
    }


def conversation(record: Record, shape: Shape) -> Row:
    """Prompt and a reply worth imitating in a single list of messages."""
    return {
        "messages": [*shape.prompt(record), record.reply.message],
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
