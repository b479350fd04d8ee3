"""Records for Argilla: a field for each response, and the verdict as a ranking with ties."""

from __future__ import annotations

from rpterm.preference.formats.base import Format, Row, Shape, Table, meta
from rpterm.preference.records import Record

_RANKS = {"pair": (1, 2), "tie": (1, 1), "both_bad": (2, 2)}


def ranking(record: Record, shape: Shape) -> Row:
    """Two responses with ranks 1 and 2; both have rank 1 for a tie, and rank 2 if both are bad."""
    first, second = _RANKS[record.kind]
    return {
        "fields": {
            "prompt": _dialogue(record, shape),
            "response-1": record.reply.text,
            "response-2": record.rejected.text,
        },
        "suggestions": {"ranking": [
            {"value": "response-1", "rank": first}, {"value": "response-2", "rank": second},
        ]},
        "metadata": meta(record),
    }  # fmt: skip


def rating(record: Record, shape: Shape) -> Row | None:
    """One response with its stars; thumbs are left out."""
    if record.reply.score is None or record.meta.source != "stars":
        return None
    return {
        "fields": {"prompt": _dialogue(record, shape), "response": record.reply.text},
        "suggestions": {"rating": int(record.reply.score)},
        "metadata": meta(record),
    }


def _dialogue(record: Record, shape: Shape) -> str:
    return "\n\n".join(f"{role}: {text}" for role, text in shape.messages(record))


FORMAT = Format(
    "argilla",
    "Argilla, for people to review",
    (
        Table("ranking", frozenset({"pair", "tie", "both_bad"}), ranking),
        Table("rating", frozenset({"label"}), rating),
    ),
)
