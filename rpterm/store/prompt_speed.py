"""How fast a model evaluated the prompts of its last replies, read from their provenance."""

from __future__ import annotations

import statistics

from rpterm.store.store import Store

_REPLIES = 5
_TELLING = 64
"""Tokens a reply's prompt must have had evaluated for its speed to mean something."""
_NEWEST = 1000
"""How far back to look, in turns: a model that was never used would read the whole table."""


def prompt_speed(store: Store, model: str, model_hash: str) -> float:
    """The prompt tokens that a model evaluates per second: the median of its last replies.

    Returns:
        Tokens per second, or 0 if nothing tells.
    """
    rows = store.connections.rows(
        "SELECT evaluated / first_token_s FROM generations "
        "WHERE turn_id > (SELECT max(turn_id) FROM generations) - ? "
        "AND model = ? AND model_hash = ? AND evaluated >= ? AND first_token_s > 0 "
        "ORDER BY turn_id DESC LIMIT ?",
        (_NEWEST, model, model_hash, _TELLING, _REPLIES),
    )
    return statistics.median([float(row[0]) for row in rows]) if rows else 0.0
