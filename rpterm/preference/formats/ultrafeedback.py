"""Rows as in the UltraFeedback datasets: complete conversations with a score each.

Without stars, the chosen reply scores 1 and the rejected one 0.
"""

from __future__ import annotations

import hashlib

from rpterm.preference.formats.base import Format, Row, Shape, Table, meta
from rpterm.preference.records import Record


def row(record: Record, shape: Shape) -> Row:
    """The prompt's last message and digest, both conversations, and both scores."""
    messages = repr(shape.messages(record)).encode("utf-8", "surrogatepass")
    prompt, stars = shape.prompt(record), record.reply.score
    chosen = [*prompt, record.reply.message]
    return {
        "prompt": record.prompt[-1][1] if record.prompt else "",
        "prompt_id": hashlib.sha256(messages).hexdigest(),
        "chosen": chosen,
        "rejected": [*prompt, record.rejected.message],
        "messages": chosen,
        "score_chosen": 1.0 if stars is None else stars,
        "score_rejected": record.rejected.score or 0.0,
        "meta": meta(record),
    }


FORMAT = Format(
    "ultrafeedback", "UltraFeedback-like readers", (Table("", frozenset({"pair"}), row),)
)
