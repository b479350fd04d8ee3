"""What people said, beside the live score of the same replies."""

from __future__ import annotations

from pathlib import Path

from rpterm.evaluation.report import build
from rpterm.preference.overview import overview
from rpterm.store import Store
from rpterm.store.judgements import Judgements
from rpterm.store.scores import Scores, StoredScore
from rpterm.types import Generation, Origin, Persona, Sampling, Status

STARS = (1, 2, 2, 3, 3, 4, 4, 5, 5, 5)


def rated(store: Store, scores: tuple[float, ...], card: str = "Ada") -> None:
    """A chat whose replies have these scores and ``STARS``."""
    chat = store.create_chat(card_name=card, card_hash="c" * 64, persona=Persona("Me"))
    parent = store.add_turn(chat.id, None, "user", "Me", "Hello.", origin=Origin.TYPED).id
    for stars, score in zip(STARS, scores, strict=True):
        turn = store.add_turn(
            chat.id, parent, "assistant", card, "", origin=Origin.GENERATED, status=Status.STREAMING
        )
        made = Generation("scripted", "small", "h", Sampling(seed=1))
        parent = store.finish_reply(turn.id, f"{stars} bees.", Status.COMPLETE, made).id
        Judgements(store).stars(parent, stars)
        Scores(store).put(StoredScore(parent, "v1", "c", score, 0.0, 1.0))


def rows(store: Store, card: str) -> dict[str, tuple[str, ...]]:
    report = build(card, [], [], {}, [], overview(Judgements(store), card=card))
    return {row[0]: row for table in report.tables for row in table.rows}


def test_agreement_of_stars_and_score_is_reported_with_its_count(tmp_path: Path) -> None:
    with Store(tmp_path / "rp.db") as store:
        rated(store, tuple(stars / 6 for stars in STARS))
        rated(store, tuple(1 - stars / 6 for stars in STARS), "Bob")
        pair, value, _, count = rows(store, "Ada")["your stars – live score"]
        assert (pair, value, count) == ("your stars – live score", "+1.00", "10")
        assert rows(store, "Bob")["your stars – live score"][1] == "-1.00"
        assert rows(store, "Ada")["small"][1].startswith("3.40 ")


def test_no_agreement_with_constant_scores_or_without_ratings(tmp_path: Path) -> None:
    with Store(tmp_path / "rp.db") as store:
        rated(store, (0.5,) * len(STARS))
        assert set(rows(store, "Ada")) == {"small"}, "a score that never changes orders nothing"
        assert rows(store, "Nobody") == {}


def test_the_opposite_thumb_replaces_the_stars_of_the_same_rater(tmp_path: Path) -> None:
    with Store(tmp_path / "rp.db") as store:
        rated(store, tuple(stars / 6 for stars in STARS))
        assert rows(store, "Ada")["small"][2:] == ("10", "62% (31%–86%)", "8")
        first = next(iter(Judgements(store).ratings())).turn_id
        Judgements(store).thumb(first, True)
        assert rows(store, "Ada")["small"][2] == "9"
        assert rows(store, "Ada")["small"][3].startswith("75%")
