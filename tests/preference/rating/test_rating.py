"""Ratings of one person: stored with circumstances, replaced, withdrawn."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from killing import run_and_kill
from rating_support import Table

from rpterm.errors import RptermError
from rpterm.preference.rating import AUTOMATIC, DIMENSIONS, Mark
from rpterm.store import Store
from rpterm.store.errors import StoreError
from rpterm.store.judgement_records import Comparison, Rating
from rpterm.text.sentences import spans
from rpterm.types import Origin, Status


def test_a_rating_has_its_circumstances(table: Table) -> None:
    table.rater.mark_seen(table.two.id)
    table.clock.now += 3.5
    rating = table.rater.stars(table.two.id, 4)
    assert (rating.value, rating.how.seconds) == (4, 3.5)
    assert rating.how.position == "swipe 2 of 2"
    assert table.rater.thumb(table.one.id, True).how.seconds is None
    assert table.rater.marks(table.chat.id) == {
        table.two.id: Mark(stars=4), table.one.id: Mark(thumb=True),
    }  # fmt: skip


def test_the_last_rating_counts_and_undo_restores_the_previous(table: Table) -> None:
    rater, turn = table.rater, table.two.id
    rater.stars(turn, 2)
    rater.stars(turn, 5)
    assert rater.mark(turn).text == "★★★★★"
    undone = rater.undo(table.chat.id, turn)
    assert isinstance(undone, Rating) and undone.value == 5
    assert rater.mark(turn).text == "★★☆☆☆"
    rater.undo(table.chat.id)
    assert rater.mark(turn) == Mark()
    assert rater.undo(table.chat.id) is None


def test_tags_need_a_rating(table: Table) -> None:
    with pytest.raises(RptermError, match="as a whole first"):
        table.rater.tag(table.one.id, {"style": 1})
    table.rater.thumb(table.one.id, False)
    table.rater.tag(table.one.id, {"style": 1, "language": 5})
    mark = table.rater.mark(table.one.id)
    assert mark.thumb is False and mark.dimensions == {"style": 1, "language": 5}
    with pytest.raises(StoreError, match="from 1 to 5"):
        table.rater.tag(table.one.id, {"style": 7})


def test_the_seven_dimensions_have_keys_of_their_own() -> None:
    assert len(DIMENSIONS) == 7
    assert len({each.key for each in DIMENSIONS}) == len({each.id for each in DIMENSIONS}) == 7


def test_a_flag_may_mark_one_sentence(table: Table) -> None:
    first, second = spans(table.one.text)
    rating = table.rater.flag(table.one.id, second, " not her voice ")
    assert table.one.text[slice(*(rating.span or (0, 0)))] == "It has two sentences."
    assert rating.reason == "not her voice" and first == (0, 16)
    assert table.rater.mark(table.one.id).text == "⚑"


def test_a_streaming_reply_cannot_be_rated(table: Table) -> None:
    growing = table.say(table.user.id, "Half a", status=Status.STREAMING)
    with pytest.raises(RptermError, match="still being written"):
        table.rater.stars(growing.id, 3)


# What is noted by itself -----------------------------------------------------------------------
def kinds(table: Table) -> list[tuple[str, int, int, str]]:
    found = table.rater.judgements.comparisons(table.chat.id)
    return [(each.kind, each.left_id, each.right_id, each.how.method) for each in found]


def test_continuing_prefers_a_swipe_to_the_others_once(table: Table) -> None:
    table.rater.record_kept_swipes(table.two)
    table.rater.record_kept_swipes(table.two)
    table.rater.record_kept_swipes(table.store.turn(table.one.id))
    assert kinds(table) == [("swipe", table.two.id, table.one.id, AUTOMATIC)]


def test_edits_and_greetings_are_not_swipes(table: Table) -> None:
    edited = table.say(table.user.id, "My own words.", Origin.EDITED, edited_from=table.one.id)
    table.rater.kept_edit(table.one, edited)
    table.rater.record_kept_swipes(table.store.turn(edited.id))
    assert kinds(table) == [
        ("edit", edited.id, table.one.id, AUTOMATIC),
        ("swipe", edited.id, table.two.id, AUTOMATIC),
    ]
    other = table.say(None, "You again.", Origin.GREETING)
    table.rater.record_kept_swipes(table.store.turn(other.id))
    table.rater.kept_edit(table.greeting, other)
    assert len(kinds(table)) == 2


def test_a_pair_that_was_judged_in_a_duel_is_not_judged_again(table: Table) -> None:
    table.rater.duel(table.one.id, table.two.id, "tie")
    table.rater.record_kept_swipes(table.two)
    assert [kind for kind, *_ in kinds(table)] == ["duel"]


def test_undo_ignores_automatic_judgements(table: Table) -> None:
    table.rater.duel(table.one.id, table.two.id, "left")
    third = table.say(table.user.id, "A third.")
    table.rater.record_kept_swipes(table.store.turn(third.id))
    undone = table.rater.undo(table.chat.id)
    assert isinstance(undone, Comparison) and undone.kind == "duel"
    assert table.rater.undo(table.chat.id) is None
    assert len(kinds(table)) == 2


def test_nothing_is_exportable_without_consent(table: Table) -> None:
    assert not table.rater.judgements.exportable(table.chat.id)
    table.rater.judgements.consent(table.chat.id, True)
    assert table.rater.judgements.exportable(table.chat.id)
    table.rater.judgements.consent(table.chat.id, False)
    assert not table.rater.judgements.exportable(table.chat.id)


# Sentences -------------------------------------------------------------------------------------
def test_sentences_keep_their_quotes() -> None:
    text = '*He turns.* "You did, Mr. Holmes." It was 3.5 miles!\n\nNo end'
    assert [text[a:b] for a, b in spans(text)] == [
        "*He turns.*", '"You did, Mr. Holmes."', "It was 3.5 miles!", "No end",
    ]  # fmt: skip


@given(st.text(alphabet='ab .!?\n"*', max_size=60))
def test_sentences_hold_every_word_and_never_overlap(text: str) -> None:
    last = 0
    for first, end in spans(text):
        assert last <= first < end <= len(text)
        assert not text[last:first].strip()
        last = end
    assert not text[last:].strip()


# Kill -9 ---------------------------------------------------------------------------------------
RATE = """
import sys
from pathlib import Path
from rpterm.preference.rating import Rater
from rpterm.store import Store
rater = Rater(Store(Path(sys.argv[1])))
for n in range(10_000):
    rater.stars(int(sys.argv[2]), n % 5 + 1)
    print(n, flush=True)
"""


def test_kill_9_loses_no_confirmed_rating(tmp_path: Path) -> None:
    path = tmp_path / "kill.db"
    with Store(path) as store:
        table = Table(store)
        turn = table.one.id
    told = run_and_kill(RATE, str(path), str(turn), lines=20)
    with Store(path) as store:
        from rpterm.preference.rating import Rater

        kept = list(Rater(store).judgements.ratings())
    assert told <= len(kept) <= told + 1
    assert [each.value for each in kept] == [n % 5 + 1 for n in range(len(kept))]
