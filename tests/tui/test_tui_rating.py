"""Ratings in a chat, and duels in a chat."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from tui_support import REPLIES, Stage, notices, running, say, screen_text, send, texts, wait_until

from rpterm.config import DuelSettings, Settings
from rpterm.engine.scripted import ScriptedEngine
from rpterm.preference.rating import Mark
from rpterm.store.judgement_records import Comparison
from rpterm.tui.app import RptermApp
from rpterm.tui.screens.flag import FlagScreen
from rpterm.tui.screens.tags import TagScreen
from rpterm.tui.widgets.candidates import Candidates


def marks(stage: Stage) -> list[Mark]:
    found = stage.session.rater.marks(stage.session.chat_id)
    return [found.get(turn.id, Mark()) for turn in stage.session.path()]


def duels(stage: Stage) -> list[Comparison]:
    found = stage.session.rater.judgements.comparisons(stage.session.chat_id)
    return [each for each in found if each.kind == "duel"]


async def test_one_key_rates_the_selected_reply_and_another_undoes_it(stage: Stage) -> None:
    app = stage.app()
    async with running(app) as pilot:
        await say(pilot, app, "Good evening")
        await pilot.press("alt+up", "4")
        await wait_until(pilot, lambda: "Mara Venn  ★★★★☆" in screen_text(app))
        assert marks(stage)[-1].stars == 4
        assert app.chat.transcript.selected is not None
        rating = next(iter(stage.session.rater.judgements.ratings()))
        assert rating.how.seconds is not None and rating.how.method == "key"
        await pilot.press("minus")
        await wait_until(pilot, lambda: "★★★★☆ ▼" in screen_text(app))
        await pilot.press("u")
        await wait_until(pilot, lambda: "▼" not in screen_text(app))
        await pilot.press("u")
        await wait_until(pilot, lambda: "★" not in screen_text(app))
        await pilot.press("u")
        await wait_until(pilot, lambda: "nothing to undo" in notices(app))


async def test_the_last_reply_is_rated_without_selecting(stage: Stage) -> None:
    app = stage.app()
    async with running(app) as pilot:
        await say(pilot, app, "Good evening")
        app.chat.input.put("half a line")
        await pilot.press("alt+g")
        await wait_until(pilot, lambda: "▲" in screen_text(app))
        assert marks(stage)[-1].thumb is True
        await pilot.press("alt+w")
        await wait_until(pilot, lambda: marks(stage)[-1].thumb is False)
        assert app.chat.input.text == "half a line"


async def test_digits_typed_in_the_input_do_not_rate(stage: Stage) -> None:
    app = stage.app()
    async with running(app) as pilot:
        await pilot.press("5", "u", "plus")
        assert app.chat.input.text == "5u+"
        assert marks(stage) == [Mark()]


async def test_a_user_turn_cannot_be_rated(stage: Stage) -> None:
    app = stage.app()
    async with running(app) as pilot:
        await say(pilot, app, "Good evening")
        await pilot.press("alt+up", "alt+up", "3")
        await wait_until(pilot, lambda: "Only replies can be rated" in notices(app))


async def test_ratings_are_shown_again_after_reopening_the_chat(stage: Stage) -> None:
    app = stage.app()
    async with running(app) as pilot:
        await say(pilot, app, "Good evening")
        await pilot.press("alt+up", "2")
        await wait_until(pilot, lambda: "★★☆☆☆" in screen_text(app))
    again = stage.app()
    async with running(again) as pilot:
        await wait_until(pilot, lambda: "★★☆☆☆" in screen_text(again))


async def test_tags_require_an_overall_rating_first(stage: Stage) -> None:
    app = stage.app()
    async with running(app) as pilot:
        await say(pilot, app, "Good evening")
        await pilot.press("alt+up", "t")
        await wait_until(pilot, lambda: isinstance(app.screen, TagScreen))
        await pilot.press("s", "l", "l", "c", "3", "enter")
        await wait_until(pilot, lambda: "Rate the reply as a whole first" in screen_text(app))
        await pilot.press("2", "enter")
        await wait_until(pilot, lambda: not isinstance(app.screen, TagScreen))
        await wait_until(pilot, lambda: marks(stage)[-1].stars == 2)
        assert marks(stage)[-1].dimensions == {"style": 1, "language": 5, "coherence": 3}
        assert "★★☆☆☆ 3±" in screen_text(app)


async def test_a_flag_covers_the_sentence_chosen_with_the_arrows(stage: Stage) -> None:
    app = stage.app()
    async with running(app) as pilot:
        await say(pilot, app, "Good evening")
        await pilot.press("alt+up", "x")
        await wait_until(pilot, lambda: isinstance(app.screen, FlagScreen))
        await pilot.press("down", "down", *"no", "space", *"charts", "enter")
        await wait_until(pilot, lambda: marks(stage)[-1].flags == 1)
        rating = next(iter(stage.session.rater.judgements.ratings()))
        assert rating.span is not None and rating.reason == "no charts"
        assert REPLIES[0][slice(*rating.span)] == '"Sit down.'
        assert "⚑" in screen_text(app)


@pytest.mark.parametrize("key", ["t", "x"])
async def test_tags_and_flags_are_refused_while_the_reply_is_generated(
    tmp_path: Path, key: str
) -> None:
    stage = Stage(tmp_path, engine=ScriptedEngine(REPLIES, delay_s=0.3))
    app = stage.app()
    async with running(app) as pilot:
        await send(pilot, app, "Good evening")
        await wait_until(pilot, lambda: "She" in screen_text(app).split("Good evening")[-1])
        await pilot.press("alt+up", key)
        await wait_until(pilot, lambda: "still being written" in notices(app))
        assert app.screen is app.chat
        stage.engine._delay = 0.0


async def test_edits_and_kept_swipes_are_recorded_as_preferences(stage: Stage) -> None:
    app = stage.app()
    async with running(app) as pilot:
        await say(pilot, app, "Good evening")
        await pilot.press("ctrl+r")
        await wait_until(pilot, lambda: texts(app)[-1] == REPLIES[1] and not app.chat.state.busy)
        await say(pilot, app, "Go on")
        kept = list(stage.session.rater.judgements.comparisons())
        assert [(each.kind, each.how.position) for each in kept] == [("swipe", "swipe 2 of 2")]
        assert stage.session.store.turn(kept[0].left_id).text == REPLIES[1]
        await pilot.press("alt+up", "e")
        await wait_until(pilot, lambda: app.chat.state.editor is not None)
        assert app.chat.state.editor is not None
        app.chat.state.editor.text = "My own words."
        await pilot.press("enter")
        await wait_until(pilot, lambda: texts(app)[-1] == "My own words.")
        kept = list(stage.session.rater.judgements.comparisons())
        assert [each.kind for each in kept] == ["swipe", "edit"]


async def test_consent_to_export_is_given_and_withdrawn(stage: Stage) -> None:
    app = stage.app()
    async with running(app) as pilot:
        chat_id = stage.session.chat_id
        await pilot.press("alt+e")
        await wait_until(pilot, lambda: "may include this chat" in notices(app))
        assert stage.session.rater.judgements.exportable(chat_id)
        await pilot.press("alt+e")
        await wait_until(pilot, lambda: "stays private" in notices(app))
        assert not stage.session.rater.judgements.exportable(chat_id)


# Duel ------------------------------------------------------------------------------------------
async def duel(pilot: Pilot[Any], app: RptermApp, words: str = "Who is there?") -> Candidates:
    app.chat.input.put(words)
    await pilot.press("alt+d")
    await wait_until(
        pilot, lambda: isinstance(app.chat.state.choosing, Candidates) and not app.chat.state.busy
    )
    shown = app.chat.state.choosing
    assert isinstance(shown, Candidates)
    return shown


@pytest.mark.parametrize(
    ("key", "verdict"),
    [("left", "left"), ("right", "right"), ("equals_sign", "tie"), ("0", "both_bad")],
)
async def test_a_verdict_is_stored_for_the_side_on_screen(
    stage: Stage, key: str, verdict: str
) -> None:
    app = stage.app()
    async with running(app) as pilot:
        left, right = (await duel(pilot, app)).sides
        assert {left.text, right.text} == set(REPLIES[:2])
        picture = screen_text(app)
        assert "← left" in picture and "right →" in picture
        assert "seed" not in picture and "tokens ✓" not in picture
        await pilot.press(key)
        await wait_until(pilot, lambda: app.chat.state.choosing is None)
        (stored,) = duels(stage)
        assert (stored.left_id, stored.right_id, stored.verdict) == (left.id, right.id, verdict)
        assert stored.how.seconds is not None and stored.how.method == "duel"
        wanted = {"left": left.text, "right": right.text}.get(verdict)
        await wait_until(pilot, lambda: wanted is None or texts(app)[-1] == wanted)
        shape = {"left": "◆", "right": "◆", "tie": "Mara Venn", "both_bad": "◇"}[verdict]
        await wait_until(pilot, lambda: shape in screen_text(app))
        assert "only chance differed" in notices(app)


async def test_a_verdict_pressed_twice_is_stored_once(stage: Stage) -> None:
    app = stage.app()
    async with running(app) as pilot:
        await duel(pilot, app)
        app.chat.command("duel-left")
        app.chat.command("duel-left")
        await wait_until(pilot, lambda: app.chat.state.choosing is None)
        await wait_until(pilot, lambda: not app.chat.state.keeping)
        assert len(duels(stage)) == 1


async def test_both_sides_share_one_prompt_and_leaving_stores_no_verdict(stage: Stage) -> None:
    app = stage.app()
    async with running(app) as pilot:
        left, right = (await duel(pilot, app)).sides
        made = [stage.session.store.generation(turn.id) for turn in (left, right)]
        assert made[0] and made[1] and made[0].prompt_ids == made[1].prompt_ids
        await pilot.press("enter")
        await wait_until(pilot, lambda: "for the better one" in notices(app))
        await pilot.press("escape")
        await wait_until(pilot, lambda: app.chat.state.choosing is None)
        assert duels(stage) == []
        assert len(stage.session.store.siblings(left.id)) == 2


async def test_a_duel_with_another_sampler_is_judged_once_both_replies_are_complete(
    tmp_path: Path,
) -> None:
    stage = Stage(
        tmp_path, settings=Settings(theme="lamplight", duel=DuelSettings("temperature=1.5"))
    )
    app = stage.app()
    async with running(app) as pilot:
        left, right = (await duel(pilot, app)).sides
        made = {
            turn.id: generation.sampling.temperature
            for turn in (left, right)
            if (generation := stage.session.store.generation(turn.id)) is not None
        }
        assert sorted(made.values()) == [0.8, 1.5]
        first, second = stage.engine.requests[-2:]
        assert first.prompt_ids == second.prompt_ids
        await pilot.press("right")
        await wait_until(pilot, lambda: f"right was temperature={made[right.id]}" in notices(app))
        assert texts(app)[-1] == right.text


async def test_the_sides_of_a_duel_are_random(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = stage.app()
    async with running(app) as pilot:
        for first, key in ((0, "left"), (1, "left")):
            monkeypatch.setattr("secrets.randbelow", lambda n, first=first: first)
            shown = await duel(pilot, app)
            assert shown.sides[0] == shown._all[first].turn
            await pilot.press(key)
            await wait_until(pilot, lambda: app.chat.state.choosing is None)
        assert len(duels(stage)) == 2


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (200, 50), (50, 24)])
async def test_a_duel_in_the_chat_can_be_read_at_any_terminal_size(
    stage: Stage, size: tuple[int, int]
) -> None:
    app = stage.app()
    async with running(app, size) as pilot:
        shown = await duel(pilot, app)
        assert shown.columns == (1 if size[0] < 66 else 2)
        picture = screen_text(app)
        assert "left" in picture and "right" in picture
