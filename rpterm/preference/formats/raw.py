"""Every record as it is, without any loss: including ties, flags and three stars.

The exact prompts (text and token ids) are included only without scrubbing, because they contain
what the scrubber removes.
"""

from __future__ import annotations

from rpterm.preference.formats.base import Format, Row, Shape, Table, meta, reply_row
from rpterm.preference.records import Record


def row(record: Record, shape: Shape) -> Row:
    """The record with its complete provenance."""
    exact = shape.exact(record.reply.turn) if shape.exact is not None else None
    return {
        "kind": record.kind,
        "prompt": shape.prompt(record),
        "reply": reply_row(record.reply),
        "other": reply_row(record.other) if record.other else None,
        "label": record.label,
        "span": list(record.meta.span) if record.meta.span else None,
        "edit": record.meta.edit,
        "live_score": record.meta.how.score,
        "exact": exact,
        "meta": meta(record),
    }


FORMAT = Format(
    "raw",
    "anything else",
    (Table("", frozenset({"pair", "tie", "both_bad", "label", "demo", "flag"}), row),),
)
