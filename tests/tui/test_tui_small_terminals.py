"""Small and resized terminals: everything needed is visible or can be scrolled to."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from textual.widgets import TextArea
from textual.widgets._toast import Toast
from tui_support import CARD, Stage, phase, running, screen_text, wait_until

from rpterm.scoring.coefficients import load_coefficients
from rpterm.scoring.scorer import Score
from rpterm.scoring.signal import Evidence, Reading
from rpterm.tui.screens.chooser import Choice, Chooser
from rpterm.tui.screens.form import Field, Form
from rpterm.tui.screens.tour import PAGES, TourScreen, page_text
from rpterm.tui.widgets.alarm import Alarm
from rpterm.tui.widgets.panes.consistency import ConsistencyPane, ConsistencyState
from rpterm.tui.widgets.turn_editor import TurnEditor

SMALL = (40, 12)


# Forms -----------------------------------------------------------------------------------------
@pytest.mark.parametrize("size", [(80, 24), SMALL])
async def test_a_form_scrolls_to_its_focused_field(stage: Stage, size: tuple[int, int]) -> None:
    app = stage.app()
    fields = [Field(f"line{at}", f"Line {at}", f"old{at}", lines=3) for at in range(6)]
    async with running(app, size) as pilot:
        app.push_screen(Form("Example", fields))
        await wait_until(pilot, lambda: "Line 0" in screen_text(app))
        for at in range(6):
            await wait_until(pilot, lambda at=at: f"old{at}" in screen_text(app))  # type: ignore[misc]
            assert isinstance(app.focused, TextArea)
            app.focused.insert("\n" * 9 + f"new{at}")
            await wait_until(pilot, lambda at=at: f"new{at}" in screen_text(app))  # type: ignore[misc]
            await pilot.press("tab")


async def test_the_depth_field_of_a_note_is_always_visible(stage: Stage) -> None:
    app = stage.app()
    async with running(app, SMALL) as pilot:
        await pilot.press("f5")
        await wait_until(pilot, lambda: isinstance(app.screen, Form))
        await pilot.press("tab", "7")
        await wait_until(pilot, lambda: "│ 7" in screen_text(app))
        await pilot.resize_terminal(40, 10)
        await wait_until(pilot, lambda: "│ 7" in screen_text(app))


# Lists -----------------------------------------------------------------------------------------
async def test_the_hints_of_a_list_fit_into_sixty_columns(stage: Stage) -> None:
    app = stage.app()
    async with running(app, (60, 20)) as pilot:
        await pilot.press("f6")
        hints = "⏎ choose · ^N new · ^R rename · ^D delete · Esc leave"
        await wait_until(pilot, lambda: hints in screen_text(app))


# Turns -----------------------------------------------------------------------------------------
async def test_an_edited_turn_stays_visible_when_the_terminal_shrinks(tmp_path: Path) -> None:
    app = Stage(tmp_path, turns=12).app()
    async with running(app, (80, 24)) as pilot:
        await pilot.press("up")
        await wait_until(pilot, lambda: "Editing Ansel" in screen_text(app))
        await pilot.resize_terminal(*SMALL)
        await wait_until(pilot, lambda: "Editing Ansel" in screen_text(app))
        await pilot.press("X")
        await wait_until(pilot, lambda: "turn number 10X" in screen_text(app))


async def test_a_selected_turn_stays_visible_when_the_terminal_shrinks(tmp_path: Path) -> None:
    app = Stage(tmp_path, turns=12).app()
    async with running(app, (80, 24)) as pilot:
        for number in (11, 10, 9):
            await pilot.press("ctrl+up")
            await wait_until(
                pilot,
                lambda number=number: (  # type: ignore[misc]
                    app.chat.transcript.selected is not None
                    and app.chat.transcript.selected.text == f"turn number {number}"
                ),
            )
        await pilot.resize_terminal(*SMALL)
        await wait_until(pilot, lambda: "turn number 9" in screen_text(app))


@pytest.mark.parametrize("size", [(80, 12), SMALL])
async def test_the_cursor_of_a_long_edit_is_always_visible(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    app = Stage(tmp_path, turns=12).app()
    async with running(app, (80, 24)) as pilot:
        await pilot.press("up")
        await wait_until(pilot, lambda: isinstance(app.focused, TurnEditor))
        assert isinstance(app.focused, TurnEditor)
        app.focused.insert("\n".join(f"line {number}" for number in range(400)))
        await wait_until(pilot, lambda: "line 399" in screen_text(app))
        await pilot.resize_terminal(*size)
        await wait_until(pilot, lambda: "Editing" in screen_text(app))
        await pilot.press(*["up"] * 14, "X")
        await wait_until(pilot, lambda: "X" in screen_text(app))
        await wait_until(pilot, lambda: "⏎ keep" in screen_text(app))


# What says more than fits ----------------------------------------------------------------------
async def test_every_word_of_the_tour_can_be_read(stage: Stage) -> None:
    app = stage.app()
    read = ""
    async with running(app, SMALL) as pilot:
        await pilot.press("alt+i")
        await wait_until(pilot, lambda: isinstance(app.screen, TourScreen))
        while isinstance(app.screen, TourScreen):
            await pilot.pause()
            read += screen_text(app)
            await pilot.press("enter")
    for page in PAGES:
        for word in page_text(page.text, {}).plain.split():
            assert word in read


@pytest.mark.parametrize("starter", [True, False])
def test_the_tour_says_if_the_starter_model_plays(starter: bool) -> None:
    told = PAGES[-1].full_text(loading=False, starter=starter)
    assert ("rpterm models" in told) is starter


async def test_back_in_the_tour_scrolls_up_before_it_turns_the_page(stage: Stage) -> None:
    app = stage.app()
    async with running(app, (40, 9)) as pilot:
        await pilot.press("alt+i")
        await wait_until(pilot, lambda: "This is a stage" in screen_text(app))
        await pilot.press("right")
        await wait_until(pilot, lambda: "Write as in a story" in screen_text(app))
        await pilot.press("right")
        await wait_until(pilot, lambda: "Not what you" in screen_text(app))
        await pilot.press("right")
        await wait_until(pilot, lambda: "there." in screen_text(app))
        await pilot.press("left")
        await wait_until(pilot, lambda: "Not what you" in screen_text(app))
        await pilot.press("left")
        await wait_until(pilot, lambda: "Write as in a story" in screen_text(app))


async def test_the_alarm_shows_every_remedy(stage: Stage) -> None:
    app = stage.app()
    async with running(app, (40, 20)) as pilot:
        alarm = app.chat.query_one(Alarm)
        alarm.show("Sherlock Holmes has been slipping for some replies.")
        for words in ("with a hint", "best of N", "pin example", "note", "✕"):
            await wait_until(pilot, lambda words=words: words in screen_text(app))  # type: ignore[misc]
        alarm.show("Maximilian " * 40 + "fell out of character.")
        await wait_until(pilot, lambda: "Maximilian" in screen_text(app))
        await wait_until(pilot, lambda: "✕" in screen_text(app))


async def test_in_a_low_terminal_the_alarm_takes_one_line(stage: Stage) -> None:
    app = stage.app()
    async with running(app, (40, 20)) as pilot:
        alarm = app.chat.query_one(Alarm)
        alarm.show("Sherlock Holmes has been slipping for some replies.")
        await wait_until(pilot, lambda: alarm.size.height > 1)
        await pilot.resize_terminal(*SMALL)
        await wait_until(pilot, lambda: "▽ Sherlock Holmes has…  F12" in screen_text(app))
        assert alarm.size.height == 1
        await pilot.resize_terminal(40, 20)
        await wait_until(pilot, lambda: "best of N" in screen_text(app))


async def test_the_review_shows_its_counts_in_a_small_terminal(tmp_path: Path) -> None:
    app = Stage(tmp_path, turns=12).app()
    async with running(app, SMALL) as pilot:
        await pilot.press("alt+v")
        await wait_until(pilot, lambda: "1 of 6" in screen_text(app))
        await wait_until(pilot, lambda: "0 rated" in screen_text(app))


async def test_the_hints_of_a_small_terminal_show_leave_and_help(
    tmp_path: Path,
) -> None:
    app = Stage(tmp_path, turns=12).app()
    async with running(app, (80, 24)) as pilot:
        await wait_until(pilot, lambda: "^P commands  F1 help" in screen_text(app))
        assert "^O continue" in screen_text(app)
        await pilot.press("ctrl+up")
        await wait_until(pilot, lambda: "Esc back  F1 help" in screen_text(app))
        for hint in ("b branch", "d delete", "1-5 rate"):
            assert hint in screen_text(app).splitlines()[-1]
        await pilot.press("escape", "alt+v")
        await wait_until(pilot, lambda: "1 of 6" in screen_text(app))
        last = screen_text(app).splitlines()[-1]
        for hint in ("Space skip", "u undo", "f filter", "m context", "Esc leave", "F1 help"):
            assert hint in last


async def test_the_findings_of_the_consistency_pane_can_be_scrolled_to(stage: Stage) -> None:
    app = stage.app()
    found = Reading(1.0, 1.0, (Evidence(0, 3, "an assistant"),))
    score = Score(
        0.03, 0.02, 0.04, {"persona": 0.03, "behaviour": 0.5, "boundaries": 0.1},
        {"assistant_voice": found, "contradiction": found}, True, load_coefficients().version,
    )  # fmt: skip
    async with running(app, SMALL) as pilot:
        await pilot.press("alt+c")
        await wait_until(pilot, lambda: app.chat.panes.pane("consistency") is not None)
        pane = app.chat.panes.pane("consistency")
        assert isinstance(pane, ConsistencyPane)
        pane.show(ConsistencyState(app.chat.transcript.turns[-1], score, (0.5, 0.4, 0.03)))
        await wait_until(pilot, lambda: "in character 3%" in screen_text(app))
        await pilot.press("down", "down")
        await wait_until(pilot, lambda: "“Sh”: an assistant" in screen_text(app))
        await pilot.press("down")
        await wait_until(pilot, lambda: "contradicts" in screen_text(app))
        await pilot.press("up", "up")
        await wait_until(pilot, lambda: "in character 3%" in screen_text(app))


async def test_little_evidence_is_called_little_and_told_once(stage: Stage) -> None:
    app = stage.app()
    answer = Evidence(0, 3, "answers this", "turn:-1", "What then?")
    little = Reading(-9.0, 1.0, (answer, answer))
    elsewhere = Reading(-9.0, 1.0, (Evidence(0, 3, "sounds like somebody else"),))
    score = Score(
        0.3, 0.2, 0.4, {"conversation": 0.1}, {"context": little, "voice_words": elsewhere}, True,
        load_coefficients().version,
    )  # fmt: skip
    async with running(app, (80, 30)) as pilot:
        await pilot.press("alt+c")
        await wait_until(pilot, lambda: app.chat.panes.pane("consistency") is not None)
        pane = app.chat.panes.pane("consistency")
        assert isinstance(pane, ConsistencyPane)
        pane.show(ConsistencyState(app.chat.transcript.turns[-1], score))
        await wait_until(pilot, lambda: "EVIDENCE AGAINST" in screen_text(app))
        assert "somebody else" in screen_text(app)
        assert screen_text(app).count("less than usual, only this:") == 1
        assert screen_text(app).count("answers this") == 1


async def test_a_confirmation_names_its_keys_and_shows_which_answer_has_the_focus(
    tmp_path: Path,
) -> None:
    app = Stage(tmp_path, turns=2).app()
    async with running(app, SMALL) as pilot:
        await pilot.press("ctrl+up", "d")
        await wait_until(pilot, lambda: "n no" in screen_text(app))
        focused = app.screen.query_one("#no").styles.background
        assert focused != next(iter(app.screen.query("Button.-error"))).styles.background
        await pilot.press("escape", "escape", "alt+r")
        await wait_until(pilot, lambda: "⏎ save · Esc leave" in screen_text(app))


async def test_a_value_in_the_settings_is_not_cut_for_its_origin(tmp_path: Path) -> None:
    card = replace(CARD, sampling={"temperature": 0.75})
    stage = Stage(tmp_path, card=card)
    app = stage.app(card)
    async with running(app, SMALL) as pilot:
        await pilot.press("alt+s")
        await wait_until(pilot, lambda: "temperature" in screen_text(app))
        row = next(line for line in screen_text(app).splitlines() if "temperature" in line)
        assert "0.75" in row and "Mar" in row


# Lists and notices -----------------------------------------------------------------------------
async def test_a_list_is_laid_out_again_when_the_terminal_is_resized(stage: Stage) -> None:
    app = stage.app()
    title = "The night on which nobody came"
    choices = [Choice(str(number), f"{title}, {number}", right="just now") for number in range(3)]
    async with running(app, (40, 24)) as pilot:
        chooser = Chooser("Nights", choices)
        app.push_screen(chooser)
        await wait_until(pilot, lambda: "just now" in screen_text(app))
        await pilot.press("down")
        for width, whole in ((120, True), (40, False)):
            await pilot.resize_terminal(width, 24)
            await wait_until(
                pilot, lambda whole=whole: (f"{title}, 1" in screen_text(app)) is whole
            )  # type: ignore[misc]
            assert chooser.list.highlighted == 1


@pytest.mark.parametrize("size", [(80, 24), SMALL])
async def test_notices_do_not_cover_the_input(stage: Stage, size: tuple[int, int]) -> None:
    app = stage.app()
    async with app.run_test(size=size, notifications=True) as pilot:
        await wait_until(pilot, lambda: phase(app) == "ready")
        app.chat.say("There is " + "a lot to say " * 5 + "here.", error=True)
        await wait_until(pilot, lambda: "here." in screen_text(app))
        toast = app.screen.query_one(Toast)
        assert toast.region.bottom <= app.chat.input.region.y
        assert app.screen.region.contains_region(toast.region)
        app.close_session()


# Short terminals, such as the lower half of a split window -------------------------------------
@pytest.mark.parametrize("size", [SMALL, (50, 16)])
async def test_every_list_shows_several_entries_in_a_short_terminal(
    stage: Stage, size: tuple[int, int]
) -> None:
    app = stage.app()
    async with running(app, size) as pilot:
        choices = [Choice(str(at), f"Entry {at}", right="long ago and " * 9) for at in range(9)]
        app.push_screen(Chooser("Example", choices))
        await wait_until(pilot, lambda: "Entry 5" in screen_text(app))
        await pilot.press("escape")
        await pilot.press("alt+s")
        await wait_until(pilot, lambda: "top_k" in screen_text(app))
        assert "Randomness" in screen_text(app)
        await pilot.press("escape")
        await pilot.press("ctrl+p")
        await wait_until(pilot, lambda: screen_text(app).count("│  Ctrl+") >= 5)
