"""Every record as it is, ties, flags and three stars included: nothing is lost here.

Without a scrub the exact prompts (text and token ids) are in it; with one they are not, because
they would hold what was taken out.
"""

from __future__ import annotations

from rpterm.preference.formats.base import Format, Row, Shape, Table, chat, meta, reply_row
from rpterm.preference.records import Record


def row(record: Record, shape: Shape) -> Row:
    """The record with all that is known about it."""
    exact = shape.exact(record.reply.turn) if shape.exact is not None else None
    return {
        "kind": record.kind,
        "prompt": chat(shape.messages(record)),
        "reply": reply_row(record.reply),
        "other": reply_row(record.other) if record.other else None,
        "label": record.label,
        "span": list(record.meta.span) if record.meta.span else None,
        "edit": record.meta.edit,
        "live_score": record.meta.live_score,
        "exact": exact,
        "meta": meta(record),
    }


FORMAT = Format(
    "raw",
    "anything else",
    (Table("", frozenset({"pair", "tie", "both_bad", "label", "demo", "flag"}), row),),
)
