"""The screen of ``rpterm duel``: judging while replies are generated, undo, fresh messages."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from textual.pilot import Pilot
from tui_support import CARD, REPLIES, notices, screen_text, wait_until

from rpterm.chat.session import Session
from rpterm.config import Settings
from rpterm.dueling.contender import Contender
from rpterm.dueling.duel import Duel, DuelSetup
from rpterm.dueling.reply_generator import ReplyGenerator
from rpterm.engine.scripted import ScriptedEngine
from rpterm.preference.review_queue import Filter
from rpterm.store import Store
from rpterm.tui.screen_app import ScreenApp
from rpterm.tui.screens.duel import DuelScreen
from rpterm.tui.screens.review import ReviewScreen
from rpterm.types import Persona

SETTINGS = Settings(theme="lamplight")


def begin(store: Store, count: int = 3, lines: tuple[str, ...] = ("Who is there?", "Why?")) -> Duel:
    setup = DuelSetup(CARD.name, ("", "temperature=1.5"), count, 7, lines)
    return Duel.begin(store, CARD, f"name = '{CARD.name}'", Persona("Ansel"), setup)


def maker(duel: Duel, **engine: Any) -> ReplyGenerator:
    scripted = ScriptedEngine(REPLIES, **engine)

    def opened(contender: Contender) -> Session:
        chat = duel.store.chat(duel.chat_id)
        return Session(duel.store, scripted, CARD, chat, contender.settings(SETTINGS))

    return ReplyGenerator(duel, opened)


@asynccontextmanager
async def running(
    duel: Duel, size: tuple[int, int] = (100, 30), **engine: Any
) -> AsyncIterator[Pilot[None]]:
    app = ScreenApp(SETTINGS, screen=DuelScreen(duel, maker(duel, **engine)))
    async with app.run_test(size=size) as pilot:
        await wait_until(pilot, lambda: isinstance(app.screen, DuelScreen))
        yield pilot


async def test_one_key_judges_a_round_and_shows_the_next(store: Store) -> None:
    duel = begin(store)
    async with running(duel) as pilot:
        await wait_until(pilot, lambda: "right →" in screen_text(pilot.app))
        picture = screen_text(pilot.app)
        assert "Round 1 of 3" in picture and "Who is there?" in picture
        assert "temperature" not in picture and "1.5" not in picture
        await pilot.press("left")
        await wait_until(pilot, lambda: "Round 2 of 3" in screen_text(pilot.app))
        assert "undecided (evidence" in screen_text(pilot.app)
        await pilot.press("u")
        await wait_until(pilot, lambda: "Round 1 of 3" in screen_text(pilot.app))
        await pilot.press("equals_sign")
        await wait_until(pilot, lambda: "Round 2 of 3" in screen_text(pilot.app))
        await pilot.press("0")
        await wait_until(pilot, lambda: "Round 3 of 3" in screen_text(pilot.app))
        await pilot.press("escape")
        await wait_until(pilot, lambda: "That was the last round" in screen_text(pilot.app))
    (match,) = duel.tally().matches
    assert (match.ties, match.both_bad, match.wins, match.losses) == (1, 1, 0, 0)
    seconds = [each.how.seconds for each in duel.rater.judgements.comparisons()]
    assert len(seconds) == 2 and None not in seconds


async def test_leaving_a_duel_while_replies_are_generated_keeps_the_verdicts(store: Store) -> None:
    duel = begin(store, 40)
    async with running(duel, delay_s=0.01) as pilot:
        await wait_until(pilot, lambda: "right →" in screen_text(pilot.app), 20)
        await pilot.press("right")
        await wait_until(pilot, lambda: duel.done() == 1)
        await pilot.press("q")
        await wait_until(pilot, lambda: not isinstance(pilot.app.screen, DuelScreen))
    again = Duel.resume(store, duel.setup)
    assert again is not None and again.done() == 1


async def test_a_model_error_is_shown_in_the_duel(store: Store) -> None:
    async with running(begin(store), fail_at=0) as pilot:
        await wait_until(pilot, lambda: "Side A: " in screen_text(pilot.app))
        await pilot.press("u")
        await wait_until(pilot, lambda: "Nothing was judged" in notices(pilot.app))  # type: ignore[arg-type]


async def test_a_fresh_duel_asks_for_each_message(store: Store) -> None:
    duel = begin(store, 2, ())
    async with running(duel) as pilot:
        await wait_until(pilot, lambda: "Your turn." in screen_text(pilot.app))
        await pilot.press(*"quit", "question_mark", "enter")
        await wait_until(pilot, lambda: "right →" in screen_text(pilot.app))
        assert "quit?" in screen_text(pilot.app)
        await pilot.press("right")
        await wait_until(pilot, lambda: "Your turn." in screen_text(pilot.app))
        await pilot.press(*"again", "enter")
        await wait_until(pilot, lambda: "right →" in screen_text(pilot.app))
        await pilot.press("left")
        await wait_until(pilot, lambda: "That was the last round" in screen_text(pilot.app))
    assert duel.tally().votes == 2


async def test_a_missing_reply_of_a_fresh_duel_is_generated_without_asking_again(
    store: Store,
) -> None:
    duel = begin(store, 1, ())
    message = duel.say("Who is there?")
    maker(duel).answer(0, duel.contenders[0], message)
    async with running(duel) as pilot:
        await wait_until(pilot, lambda: "right →" in screen_text(pilot.app))
        assert "Who is there?" in screen_text(pilot.app)
    assert {store.turn(turn).parent_id for turn in duel.replies().values()} == {message.id}
    assert len(duel.replies()) == 2


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (200, 50), (48, 20)])
async def test_both_replies_can_be_read_at_any_terminal_size(
    store: Store, size: tuple[int, int]
) -> None:
    async with running(begin(store), size) as pilot:
        await wait_until(pilot, lambda: "right →" in screen_text(pilot.app))
        lines = screen_text(pilot.app).splitlines()
        beside = any("← left" in line and "right →" in line for line in lines)
        assert beside is (size[0] >= 64)


async def test_a_review_runs_without_a_chat(store: Store) -> None:
    duel = begin(store)
    maker(duel).run()
    kept: list[tuple[str, str]] = []
    app = ScreenApp(SETTINGS, lambda *setting: kept.append(setting), ReviewScreen(store, Filter()))
    async with app.run_test(size=(90, 28)) as pilot:
        await wait_until(pilot, lambda: "1 of 6" in screen_text(app))
        await pilot.press("f10", "down", "enter")
        await wait_until(pilot, lambda: kept == [("theme", app.theme)])
        await pilot.press("3", "escape")
        await wait_until(pilot, lambda: not isinstance(app.screen, ReviewScreen))
    assert len(list(duel.rater.judgements.ratings())) == 1
