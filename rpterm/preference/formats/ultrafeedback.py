"""Rows as in the UltraFeedback datasets: complete conversations with a score each.

Without stars, the chosen reply scores 1 and the rejected one 0.
"""

from __future__ import annotations

import hashlib

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


def row(record: Record, shape: Shape) -> Row:
    """The prompt's last message and digest, both conversations, and both scores."""
    messages = repr(shape.messages(record)).encode("utf-8", "surrogatepass")
    prompt, stars, other = shape.prompt(record), record.reply.score, record.other
    chosen = prompt + reply_message(record.reply.text)
    return {
        "prompt": record.prompt[-1][1] if record.prompt else "",
        "prompt_id": hashlib.sha256(messages).hexdigest(),
        "chosen": chosen,
        "rejected": prompt + reply_message(other_text(record)),
        "messages": chosen,
        "score_chosen": 1.0 if stars is None else stars,
        "score_rejected": 0.0 if other is None or other.score is None else other.score,
        "meta": meta(record),
    }


FORMAT = Format(
    "ultrafeedback", "UltraFeedback-like readers", (Table("", frozenset({"pair"}), row),)
)
