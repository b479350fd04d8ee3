"""ShareGPT conversations, which many trainers accept for supervised fine-tuning.

Most of them drop a conversation in which the user does not speak first.
"""

from __future__ import annotations

from rpterm.preference.formats.base import Format, Row, Shape, Table, meta
from rpterm.preference.records import Record

_FROM = {"system": "system", "user": "human", "assistant": "gpt"}


def row(record: Record, shape: Shape) -> Row:
    """A conversation that ends with a reply worth imitating."""
    turns = (*shape.messages(record, user_first=True), ("assistant", record.reply.text))
    return {
        "conversations": [{"from": _FROM[role], "value": text} for role, text in turns],
        "meta": meta(record),
    }


FORMAT = Format("sharegpt", "ShareGPT readers, SFT", (Table("", frozenset({"demo"}), row),))
