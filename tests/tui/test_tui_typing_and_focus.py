"""Where typed text goes, zero-width joiners, and the tour and help on top of each other."""

from __future__ import annotations

import contextlib
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from textual.events import Key, Paste
from textual.widgets import Input, Static, TextArea
from tui_support import (
    CARD,
    SlowLoad,
    Stage,
    notices,
    phase,
    running,
    say,
    screen_text,
    texts,
    wait_until,
)

from rpterm.tui.screens.form import Field, Form
from rpterm.tui.screens.help import HelpScreen
from rpterm.tui.screens.tour import TourScreen
from rpterm.tui.widgets.turn_editor import TurnEditor


async def test_ctrl_u_and_ctrl_k_delete_to_the_ends_of_a_line_however_it_is_wrapped(
    stage: Stage,
) -> None:
    app = stage.app()
    async with running(app, (60, 24)) as pilot:
        app.chat.input.put("first\n" + "long " * 40)
        await pilot.press("ctrl+u")
        assert app.chat.input.text == "first\n"
        app.chat.input.put("long " * 40)
        app.chat.input.move_cursor((0, 4))
        await pilot.press("ctrl+k")
        assert app.chat.input.text == "long"


# Panes -----------------------------------------------------------------------------------------
@pytest.mark.parametrize("key", ["f2", "f3", "f4"])
async def test_a_pane_that_covers_the_chat_after_a_resize_gets_the_focus(
    stage: Stage, key: str
) -> None:
    app = stage.app()
    async with running(app, (130, 24)) as pilot:
        await pilot.press(key)
        await wait_until(pilot, lambda: app.chat.panes.shown)
        assert app.chat.input.has_focus
        await pilot.resize_terminal(80, 24)
        await wait_until(pilot, lambda: not app.chat.query_one("#main").display)
        await wait_until(pilot, lambda: not app.chat.input.has_focus)
        await pilot.press("x", "enter")
        assert app.chat.input.empty and len(texts(app)) == 1
        await pilot.resize_terminal(130, 24)
        await wait_until(pilot, lambda: app.chat.input.has_focus)


async def test_a_resize_that_covers_nothing_keeps_the_selection(stage: Stage) -> None:
    app = stage.app()
    async with running(app, (130, 24)) as pilot:
        await pilot.press("alt+up")
        await pilot.resize_terminal(80, 24)
        await wait_until(pilot, lambda: app.size.width == 80)
        await pilot.pause()
        assert app.chat.transcript.selected is not None and app.chat.transcript.has_focus


@pytest.mark.parametrize("key", ["f2", "f3", "f4", "f12"])
async def test_text_typed_or_pasted_in_a_pane_goes_to_the_input(stage: Stage, key: str) -> None:
    app = stage.app()
    async with running(app, (120, 40)) as pilot:
        await pilot.press(key)
        await wait_until(pilot, lambda: "Tab next pane" in screen_text(app).splitlines()[-1])
        await pilot.press("tab")
        await wait_until(pilot, lambda: "↑↓" in screen_text(app).splitlines()[-1])
        last = screen_text(app).splitlines()[-1]
        assert "Tab next" in last and "Esc back" in last and "edit last" not in last
        for letter in "lost words?":  # In one go, as a fast typist's.
            app.post_message(Key("space" if letter == " " else letter, letter))
        await wait_until(pilot, lambda: app.chat.input.text == "lost words?")
        await pilot.press("tab")
        app.post_message(Paste(" Found."))
        await wait_until(pilot, lambda: app.chat.input.text == "lost words? Found.")


async def test_a_panes_keys_run_its_commands_and_other_letters_go_to_the_input(
    stage: Stage,
) -> None:
    app = stage.app()
    async with running(app, (120, 40)) as pilot:
        await pilot.press("alt+x")
        await wait_until(pilot, lambda: app.chat.panes.active == "examples")
        await pilot.press("p")
        await wait_until(pilot, lambda: "Mark an example first." in notices(app))
        await pilot.press("h", "p")
        await wait_until(pilot, lambda: app.chat.input.text == "hp")


@pytest.mark.parametrize("letters", [["d", "n"], ["x", "z", "w", "escape"]])
async def test_what_is_typed_in_a_dialog_leaves_the_focus_behind_it(
    stage: Stage, letters: list[str]
) -> None:
    app = stage.app()
    async with running(app) as pilot:
        await say(pilot, app, "Hello")
        await pilot.press("alt+up", letters[0])
        await wait_until(pilot, lambda: app.screen is not app.chat)
        await pilot.press(*letters[1:])
        await wait_until(pilot, lambda: app.screen is app.chat)
        assert app.chat.transcript.selected is not None and app.chat.transcript.has_focus


# Writing ---------------------------------------------------------------------------------------
@pytest.mark.parametrize("joiner", ["\u200c", "\u200d"])
async def test_zero_width_joiners_can_be_typed_in_the_input(stage: Stage, joiner: str) -> None:
    app = stage.app()
    async with running(app) as pilot:
        for letter in ("a", joiner, "b"):
            app.post_message(Key(letter, letter))
        await wait_until(pilot, lambda: app.chat.input.text == f"a{joiner}b")
        app.chat.input.read_only = True
        app.post_message(Key(joiner, joiner))
        await pilot.pause()
        assert app.chat.input.text == f"a{joiner}b"


async def test_zero_width_joiners_can_be_typed_in_forms(stage: Stage) -> None:
    app = stage.app()
    asked = [Field("line", "A line"), Field("area", "Lines", lines=2)]
    async with running(app) as pilot:
        app.push_screen(form := Form("Names", asked))
        await wait_until(pilot, lambda: app.screen is form and form.focused is not None)
        line, area = form.query_one("#field-line", Input), form.query_one("#field-area", TextArea)
        for written in (line, area):
            written.focus()
            for letter in ("\u06cc", "\u200c", "\u06a9"):
                app.post_message(Key(letter, letter))
            await pilot.pause()
        assert line.value == area.text == "\u06cc\u200c\u06a9"


async def test_zero_width_joiners_can_be_typed_in_a_turn_editor(stage: Stage) -> None:
    app = stage.app()
    async with running(app) as pilot:
        await say(pilot, app, "Hello")
        await pilot.press("up")
        await wait_until(pilot, lambda: app.chat.query(TurnEditor))
        app.post_message(Key("\u200d", "\u200d"))
        await wait_until(pilot, lambda: app.chat.query_one(TurnEditor).text == "Hello\u200d")


async def test_the_external_editor_opens_the_turn_that_is_being_edited(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "editor.py"
    script.write_text("import sys; open(sys.argv[1], 'a').write(' Goodbye.')")
    monkeypatch.setenv("VISUAL", f"{sys.executable} {script}")
    app = stage.app()
    async with running(app) as pilot:
        monkeypatch.setattr(app, "suspend", contextlib.nullcontext)
        await say(pilot, app, "Hello.")
        await pilot.press("up")
        await wait_until(pilot, lambda: app.chat.state.editor is not None)
        editor = app.chat.state.editor
        assert editor is not None
        await pilot.press("ctrl+e")
        await wait_until(pilot, lambda: editor.text == "Hello. Goodbye.")
        assert app.chat.input.empty and editor.has_focus
        app.chat.input.put("A draft.")
        app.chat.input.focus()
        await pilot.press("ctrl+e")
        await wait_until(pilot, lambda: app.chat.input.text == "A draft. Goodbye.")
        assert editor.text == "Hello. Goodbye."


async def test_branching_without_a_selection_names_the_users_key_for_selecting(
    stage: Stage,
) -> None:
    stage.settings = replace(stage.settings, keys={"select-previous": "ctrl+y"})
    app = stage.app()
    async with running(app) as pilot:
        app.chat.command("branch-here")
        await wait_until(pilot, lambda: "Select a turn first: Ctrl+Y." in notices(app))


async def test_the_first_frame_uses_the_nickname_as_the_chat_does(stage: Stage) -> None:
    stage.card = replace(CARD, nickname="Mara")
    stage.gate = threading.Event()
    app = stage.app(stage.card)
    async with running(app, ready=False) as pilot:
        before = [turn.speaker for turn in app.chat.transcript.turns]
        stage.gate.set()
        await wait_until(pilot, lambda: app.chat.session is not None)
        assert before == [turn.speaker for turn in app.chat.transcript.turns] == ["Mara"]


# Tour and help ---------------------------------------------------------------------------------
async def test_only_one_tour_can_be_open(stage: Stage) -> None:
    app = stage.app()
    async with running(app) as pilot:
        await pilot.press("alt+i")
        await wait_until(pilot, lambda: isinstance(app.screen, TourScreen))
        await pilot.press("alt+i")
        await pilot.pause()
        await pilot.press("escape")
        await wait_until(pilot, lambda: app.screen is app.chat)


async def test_closing_the_help_returns_to_the_tour_below_it(stage: Stage) -> None:
    app = stage.app()
    async with running(app) as pilot:
        for key, shown in (("alt+i", TourScreen), ("f1", HelpScreen), ("alt+i", TourScreen)):
            await pilot.press(key)
            await wait_until(pilot, lambda shown=shown: isinstance(app.screen, shown))  # type: ignore[misc]
        await pilot.press("escape")
        await wait_until(pilot, lambda: app.screen is app.chat)


@pytest.mark.parametrize("fail", ["", "no such file"])
async def test_the_tour_mentions_loading_only_while_a_model_loads(stage: Stage, fail: str) -> None:
    engine = SlowLoad(["Hm."], fail=fail)
    stage.engine = engine
    app = stage.app(first_run=True)
    async with running(app, ready=False) as pilot:
        await wait_until(pilot, lambda: isinstance(app.screen, TourScreen))
        await wait_until(pilot, lambda: "model is loading" in screen_text(app))
        await pilot.press("escape")
        await wait_until(pilot, engine.loading.is_set)
        engine.gate.set()
        await wait_until(pilot, lambda: phase(app) == ("no model" if fail else "ready"))
        await pilot.press("alt+i")
        await wait_until(pilot, lambda: "This is a stage" in screen_text(app))
        assert "loading" not in screen_text(app)


async def test_the_help_wraps_its_descriptions_in_a_small_window(stage: Stage) -> None:
    app = stage.app()
    async with running(app, (40, 12)) as pilot:
        await pilot.press("f1")
        await wait_until(pilot, lambda: isinstance(app.screen, HelpScreen))
        left = app.screen.query_one("#left", Static)
        await wait_until(pilot, lambda: "Send your" in str(left.content))
        lines = str(left.content).splitlines()
        assert max(map(len, lines)) <= left.content_size.width
