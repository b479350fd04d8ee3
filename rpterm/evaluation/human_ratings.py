"""People's ratings of a card's replies by model, and their agreement with the live score.

Only reads the store.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from rpterm.preference.latest_ratings import latest_ratings
from rpterm.preference.overview import overview
from rpterm.preference.stats.score_validity import Figure, validate_score
from rpterm.store import Store
from rpterm.store.judgements import Judgements


@dataclass(frozen=True, slots=True)
class HumanRatings:
    """Ratings of one model's replies; stars 1 to 5, thumbs 0 or 1."""

    model: str
    stars: tuple[int, ...]
    thumbs: tuple[int, ...]


def ratings(store: Store, card_name: str) -> list[HumanRatings]:
    """The ratings by model, over all chats with this card."""
    judged = Judgements(store)
    stars: dict[str, list[int]] = defaultdict(list)
    thumbs: dict[str, list[int]] = defaultdict(list)
    for chat in store.chats(card_name=card_name, limit=100_000):
        origins = judged.origins(chat.id)
        for rating in latest_ratings(judged.ratings(chat.id)):
            origin = origins.get(rating.turn_id)
            if origin is not None and rating.kind in ("stars", "thumb"):
                (stars if rating.kind == "stars" else thumbs)[origin.model].append(rating.value)
    return [HumanRatings(m, tuple(stars[m]), tuple(thumbs[m])) for m in sorted({*stars, *thumbs})]


def with_score(store: Store, card_name: str) -> Figure | None:
    """Spearman's correlation of stars and live score, bootstrapped by chat.

    ``None`` if there are too few ratings, or if they are all alike.
    """
    result = validate_score(overview(Judgements(store), card=card_name).judged)
    if result is None or result.spearman.value != result.spearman.value:
        return None
    return result.spearman
