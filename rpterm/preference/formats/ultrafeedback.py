"""Rows as in the UltraFeedback data sets: whole conversations with a score each.

Where nobody gave stars, the chosen reply scores 1 and the rejected one 0.
"""

from __future__ import annotations

import hashlib

from rpterm.preference.formats.base import Format, Row, Shape, Table, chat, meta, other_text, said
from rpterm.preference.records import Record


def row(record: Record, shape: Shape) -> Row:
    """Prompt text, its digest, both conversations and both scores."""
    messages = shape.messages(record)
    head, text = chat(messages), record.prompt[-1][1] if record.prompt else ""
    digest = hashlib.sha256(repr(messages).encode("utf-8", "surrogatepass")).hexdigest()
    stars, other = record.reply.score, record.other
    return {
        "prompt": text,
        "prompt_id": digest,
        "chosen": head + said(record.reply.text),
        "rejected": head + said(other_text(record)),
        "messages": head + said(record.reply.text),
        "score_chosen": 1.0 if stars is None else stars,
        "score_rejected": 0.0 if other is None or other.score is None else other.score,
        "meta": meta(record),
    }


FORMAT = Format(
    "ultrafeedback", "UltraFeedback-like readers", (Table("", frozenset({"pair"}), row),)
)
