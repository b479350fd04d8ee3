"""The review screen: rating by one key, filters, undo and pairs."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from tui_support import Stage, notices, running, screen_text, type_text, wait_until

from rpterm.errors import RptermError
from rpterm.preference.rating import Rater
from rpterm.preference.review_queue import Filter
from rpterm.store import Store
from rpterm.store.judgement_records import Rating
from rpterm.tui.app import RptermApp
from rpterm.tui.screens.review import ReviewScreen


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path, turns=12)


async def opened(pilot: Pilot[Any], app: RptermApp) -> ReviewScreen:
    await pilot.press("alt+v")
    await wait_until(pilot, lambda: isinstance(app.screen, ReviewScreen))
    screen = app.screen
    assert isinstance(screen, ReviewScreen)
    await wait_until(pilot, lambda: " of " in screen_text(app))
    return screen


def ratings(stage: Stage) -> list[tuple[str, int]]:
    store = stage.session.store
    found = Rater(store).judgements.ratings()
    return [(store.turn(each.turn_id).text, each.value) for each in found]


async def test_one_key_rates_and_shows_the_next_reply(stage: Stage) -> None:
    app = stage.app()
    async with running(app) as pilot:
        await opened(pilot, app)
        assert "1 of 6  ·  unrated · Mara Venn" in screen_text(app)
        assert "turn number 0" in screen_text(app) and "turn number 1" in screen_text(app)
        await pilot.press("4")
        await wait_until(pilot, lambda: "2 of 6" in screen_text(app))
        assert "turn number 3" in screen_text(app)
        await pilot.press("space", "minus")
        await wait_until(pilot, lambda: "4 of 6" in screen_text(app))
        await wait_until(
            pilot, lambda: ratings(stage) == [("turn number 1", 4), ("turn number 5", 0)]
        )
        how = next(iter(Rater(stage.session.store).judgements.ratings())).how
        assert how.method == "review" and how.seconds is not None
        await pilot.press("escape")
        await wait_until(pilot, lambda: not isinstance(app.screen, ReviewScreen))
        await wait_until(pilot, lambda: set(app.chat.transcript._marks.values()) == {"★★★★☆", "▼"})


async def test_scrolling_to_a_reply_after_the_screen_was_left_does_nothing(stage: Stage) -> None:
    app = stage.app()
    async with running(app) as pilot:
        screen = await opened(pilot, app)
        await pilot.press("escape")
        await wait_until(pilot, lambda: not screen.query("#middle"))
        screen._reveal()


async def test_quick_key_presses_rate_each_reply_once(stage: Stage) -> None:
    app = stage.app()
    async with running(app) as pilot:
        await opened(pilot, app)
        await pilot.press("1", "2", "3", "4", "5", "1")
        await wait_until(pilot, lambda: "That was the last one" in screen_text(app))
        await pilot.press("3")
        await wait_until(
            pilot, lambda: [value for _, value in ratings(stage)] == [1, 2, 3, 4, 5, 1]
        )
        assert len({text for text, _ in ratings(stage)}) == 6
        assert "6 rated" in screen_text(app)


async def test_leaving_the_review_waits_until_all_ratings_are_stored(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database may be busy with another program's write."""
    app, stored = stage.app(), Rater.stars

    def slowly(*args: Any, **kwargs: Any) -> Rating:
        time.sleep(0.3)
        return stored(*args, **kwargs)

    async with running(app) as pilot:
        await opened(pilot, app)
        monkeypatch.setattr(Rater, "stars", slowly)
        await pilot.press("1", "2", "3", "escape")
        await wait_until(pilot, lambda: not isinstance(app.screen, ReviewScreen))
        assert [value for _, value in ratings(stage)] == [1, 2, 3]


async def test_unchanged_tags_store_nothing_and_a_thumb_next_to_stars_is_kept(stage: Stage) -> None:
    app = stage.app()
    async with running(app) as pilot:
        await opened(pilot, app)
        await pilot.press("3", "left")
        await wait_until(pilot, lambda: "★★★☆☆" in screen_text(app))
        await pilot.press("t", "enter")
        await wait_until(pilot, lambda: isinstance(app.screen, ReviewScreen))
        await pilot.press("t", "5", "plus", "enter")
        await wait_until(pilot, lambda: isinstance(app.screen, ReviewScreen))
        await wait_until(pilot, lambda: "2 rated" in screen_text(app))
        await pilot.press("left")
        await wait_until(pilot, lambda: "★★★☆☆ ▲" in screen_text(app))


async def test_undo_removes_the_rating_and_shows_the_reply_again(stage: Stage) -> None:
    app = stage.app()
    async with running(app) as pilot:
        await opened(pilot, app)
        await pilot.press("u")
        await wait_until(pilot, lambda: "nothing to undo" in notices(app))
        await pilot.press("5", "5")
        await wait_until(pilot, lambda: "3 of 6" in screen_text(app))
        await pilot.press("u")
        await wait_until(pilot, lambda: "2 of 6" in screen_text(app))
        assert ratings(stage) == [("turn number 1", 5)]
        await pilot.press("left")
        await wait_until(pilot, lambda: "★★★★★" in screen_text(app))


async def flagged(pilot: Pilot[Any], app: RptermApp) -> None:
    """Say that something is wrong with the reply that is shown."""
    await pilot.press("x")
    await wait_until(pilot, lambda: "What is wrong here" in screen_text(app))
    await type_text(pilot, "dull")
    await pilot.press("enter")
    await wait_until(pilot, lambda: "⚑" in screen_text(app))


async def test_an_undo_that_failed_can_be_tried_again(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(*_: object) -> None:
        raise RptermError("The database is locked.")

    app = stage.app()
    async with running(app) as pilot:
        await opened(pilot, app)
        await pilot.press("3")
        await wait_until(pilot, lambda: "1 rated" in screen_text(app))
        with monkeypatch.context() as patch:
            patch.setattr(Rater, "undo", locked)
            await pilot.press("u")
            await wait_until(pilot, lambda: "The database is locked." in notices(app))
        assert "1 rated" in screen_text(app) and "2 of 6" in screen_text(app)
        await pilot.press("u")
        await wait_until(pilot, lambda: "0 rated" in screen_text(app))
        assert ratings(stage) == []


async def test_undo_after_a_flag_removes_only_the_flag(stage: Stage) -> None:
    app = stage.app()
    async with running(app) as pilot:
        await opened(pilot, app)
        await pilot.press("3")
        await wait_until(pilot, lambda: "2 of 6" in screen_text(app))
        await flagged(pilot, app)
        await pilot.press("u")
        await wait_until(pilot, lambda: "⚑" not in screen_text(app))
        assert "2 of 6" in screen_text(app) and "1 rated" in screen_text(app)
        assert ratings(stage) == [("turn number 1", 3)]
        await pilot.press("left")
        await wait_until(pilot, lambda: "1 of 6" in screen_text(app))
        await flagged(pilot, app)
        await pilot.press("u")
        await wait_until(pilot, lambda: "⚑" not in screen_text(app))
        assert "★★★☆☆" in screen_text(app) and "1 rated" in screen_text(app)
        await pilot.press("u")
        await wait_until(pilot, lambda: "0 rated" in screen_text(app))
        assert ratings(stage) == []


async def test_the_filter_shows_the_number_of_matches(stage: Stage) -> None:
    app = stage.app()
    async with running(app) as pilot:
        screen = await opened(pilot, app)
        await pilot.press("2")
        await wait_until(pilot, lambda: "2 of 6" in screen_text(app))
        await pilot.press("f")
        await wait_until(pilot, lambda: "Which replies" in screen_text(app))
        await pilot.press("left", "left")
        await wait_until(pilot, lambda: "‹ rated ›" in screen_text(app))
        assert "1 reply" in screen_text(app)
        await pilot.press("enter")
        await wait_until(pilot, lambda: "1 of 1  ·  rated" in screen_text(app))
        assert screen.wanted.kind == "rated" and "★★☆☆☆" in screen_text(app)


async def test_more_context_is_shown_on_request(stage: Stage) -> None:
    app = stage.app()
    async with running(app, (100, 50)) as pilot:
        await opened(pilot, app)
        await pilot.press("space", "space", "space", "space")
        await wait_until(pilot, lambda: "5 of 6" in screen_text(app))
        assert "turn number 3" not in screen_text(app)
        await pilot.press("m")
        await wait_until(pilot, lambda: "turn number 0" in screen_text(app))


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (200, 50)])
async def test_a_long_reply_is_scrolled_to_its_beginning(
    stage: Stage, size: tuple[int, int]
) -> None:
    app = stage.app()
    async with running(app, size) as pilot:
        session = stage.session
        path = session.path()
        session.store.add_turn(
            session.chat_id, path[1].id, "assistant", "Mara Venn",
            "It begins here. " + "word " * 1500, origin=path[2].origin,
        )  # fmt: skip
        await opened(pilot, app)
        for _ in range(6):
            await pilot.press("space")
        await wait_until(pilot, lambda: "7 of 7" in screen_text(app))
        await wait_until(pilot, lambda: "It begins here." in screen_text(app))
        await pilot.press("pagedown")
        await wait_until(pilot, lambda: "It begins here." not in screen_text(app))


def test_an_empty_store_has_an_empty_review_queue(tmp_path: Path) -> None:
    from rpterm.preference.review_queue import Filter, ReviewQueue

    with Store(tmp_path / "empty.db") as store:
        review = ReviewQueue(store)
        review.read()
        assert review.queue(Filter()) == []


def tie(stage: Stage) -> tuple[int, int]:
    """Two replies to one turn that tied in a duel, by who stood left and right."""
    session = stage.session
    path = session.path()
    rival = session.store.add_turn(
        session.chat_id, path[1].id, "assistant", "Mara Venn", "another one", origin=path[2].origin
    )
    Rater(session.store).duel(path[2].id, rival.id, "tie")
    return path[2].id, rival.id


async def test_a_close_duel_is_judged_as_a_pair_with_its_sides_swapped(stage: Stage) -> None:
    app = stage.app()
    async with running(app, (110, 40)) as pilot:
        left, right = tie(stage)
        screen = await opened(pilot, app)
        screen.wanted = Filter("doubtful")
        await screen._restart()
        await wait_until(pilot, lambda: "a tie in a duel" in screen_text(app))
        lines = screen_text(app).splitlines()
        assert any("← left" in line and "right →" in line for line in lines)
        assert "← left" in lines[-1] and "⌫ back" in lines[-1]
        first = stage.session.store.turn(left).text
        assert any(re.search(f"another one .*{first}", line) for line in lines)
        await pilot.press("5", "left")
        judge = Rater(stage.session.store).judgements
        await wait_until(pilot, lambda: len(list(judge.comparisons())) == 2)
        *_, last = judge.comparisons()
        assert (last.left_id, last.right_id, last.verdict) == (right, left, "left")
        assert last.how.method == "review" and not list(judge.ratings())
        await screen._restart()
        await wait_until(pilot, lambda: "Nothing to review here" in screen_text(app))


async def test_a_pair_can_be_skipped_and_undone(stage: Stage) -> None:
    app = stage.app()
    async with running(app, (100, 40)) as pilot:
        tie(stage)
        screen = await opened(pilot, app)
        screen.wanted = Filter("doubtful")
        await screen._restart()
        await pilot.press("space")
        await wait_until(pilot, lambda: "That was the last one" in screen_text(app))
        await pilot.press("backspace", "0")
        judge = Rater(stage.session.store).judgements
        await wait_until(
            pilot, lambda: [e.verdict for e in judge.comparisons()][1:] == ["both_bad"]
        )
        await pilot.press("u")
        await wait_until(pilot, lambda: len(list(judge.comparisons())) == 1)
        await wait_until(pilot, lambda: "1 of 1" in screen_text(app))
