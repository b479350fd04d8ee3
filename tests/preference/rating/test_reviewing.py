"""The review queue: which replies are worth another look."""

from __future__ import annotations

import pytest
from preference_support import MODEL
from rating_support import Table

from rpterm.preference.rating import Mark
from rpterm.preference.review_queue import Filter, ReviewQueue, _gap
from rpterm.store import Store
from rpterm.types import Origin, Status


def ids(review: ReviewQueue, **wanted: str) -> list[int]:
    review.read()
    return [item.reply.turn_id for item in review.queue(Filter(**wanted))]  # type: ignore[arg-type]


def test_only_complete_replies_that_answer_something_are_in_the_queue(table: Table) -> None:
    table.say(table.user.id, "Half a", status=Status.PARTIAL)
    table.say(table.user.id, "")
    assert ids(ReviewQueue(table.store)) == [table.one.id, table.two.id]


def test_judged_replies_leave_the_queue_and_return_when_withdrawn(table: Table) -> None:
    review = ReviewQueue(table.store)
    review.rater.stars(table.one.id, 3)
    assert ids(review) == [table.two.id]
    assert ids(review, kind="rated") == [table.one.id]
    review.rater.undo(table.chat.id)
    assert ids(review) == [table.one.id, table.two.id]
    review.rater.duel(table.one.id, table.two.id, "left")
    assert ids(review) == []


def test_close_duels_are_doubtful(table: Table) -> None:
    review = ReviewQueue(table.store)
    first = review.rater.duel(table.one.id, table.two.id, "left")
    assert ids(review, kind="doubtful") == []
    review.rater.duel(table.two.id, table.one.id, "right", asked_again=first.id)
    assert ids(review, kind="doubtful") == []
    review.rater.duel(table.two.id, table.one.id, "left", asked_again=first.id)
    assert ids(review, kind="doubtful") == [table.one.id]
    (item,) = review.queue(Filter("doubtful"))
    assert item.doubt.startswith("the duel ended differently")
    assert item.rival is not None and item.rival.turn_id == table.two.id
    assert ids(review, kind="all") == [table.one.id, table.two.id]
    review.rater.duel(table.one.id, table.two.id, "tie", method="review")
    assert ids(review, kind="doubtful") == []


def test_a_reviewed_pair_resolves_the_conflict_in_training_data(table: Table) -> None:
    """The verdicts stay, and the majority of them makes the pair."""
    from rpterm.preference.prompt_builder import PromptBuilder
    from rpterm.preference.record_builder import ChatJudgements, Selection, build_records

    review = ReviewQueue(table.store)
    one, two = table.one.id, table.two.id
    first = review.rater.duel(one, two, "left")
    review.rater.duel(two, one, "left", asked_again=first.id)
    judge = review.rater.judgements

    def pairs() -> list[tuple[int, int]]:
        history = PromptBuilder(table.store.tree(table.chat.id), "", MODEL, max_tokens=0)
        material = ChatJudgements(table.chat, history, [], list(judge.comparisons()), {})
        records = build_records(material, Selection()).records
        return [(each.reply.turn, each.other.turn) for each in records if each.other]

    assert pairs() == []
    review.rater.duel(two, one, "right", method="review")
    assert pairs() == [(one, two)]


@pytest.mark.parametrize(
    ("score", "mark", "doubtful"),
    [
        (0.9, Mark(stars=1), True), (0.9, Mark(stars=5), False), (0.1, Mark(stars=4), True),
        (0.5, Mark(stars=1), False), (0.1, Mark(thumb=True), True), (0.9, Mark(thumb=False), True),
        (0.9, Mark(), False), (None, Mark(stars=1), False), (0.9, Mark(stars=3), False),
    ],
)  # fmt: skip
def test_a_rating_that_contradicts_the_score_is_doubtful(
    score: float | None, mark: Mark, doubtful: bool
) -> None:
    gap, why = _gap(score, mark)
    assert bool(why) is doubtful and (gap > 0) is doubtful


def test_scores_are_read_if_there_are_any(table: Table) -> None:
    from rpterm.store.scores import Scores, StoredScore

    Scores(table.store).put(StoredScore(table.one.id, "1", "c", 0.95, 0.9, 0.99))
    review = ReviewQueue(table.store)
    assert review.rater.stars(table.one.id, 1).how.score == 0.95
    assert review.rater.stars(table.two.id, 1).how.score is None
    assert ids(review, kind="doubtful") == [table.one.id]
    assert "95%" in review.queue(Filter("doubtful"))[0].doubt


def test_filters_by_character_and_source(store: Store) -> None:
    one, other = Table(store, "Mara"), Table(store, "Holmes")
    edited = other.say(other.user.id, "My words.", Origin.EDITED)
    review = ReviewQueue(store)
    assert ids(review, card="Mara") == [one.one.id, one.two.id]
    assert ids(review, source="edited") == [edited.id]
    assert review.choices()["card"] == ["Holmes", "Mara"]
    review.rater.flag(edited.id, None, "odd")
    assert ids(review, kind="flagged", card="Holmes") == [edited.id]
    assert ids(review, kind="flagged", card="Mara") == []


def test_exportable_chats_are_read(table: Table) -> None:
    from rpterm.store.reply_queries import exportable_chats

    assert exportable_chats(table.store) == set()
    table.rater.judgements.consent(table.chat.id, True)
    assert exportable_chats(table.store) == {table.chat.id}
    table.rater.judgements.consent(table.chat.id, False)
    assert exportable_chats(table.store) == set()
