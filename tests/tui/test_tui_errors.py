"""Errors and refusals are shown, and the chat continues."""

from __future__ import annotations

import threading
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from textual.app import App, ComposeResult
from textual.events import Key
from textual.widgets import Input, TextArea
from tui_support import (
    REPLIES,
    Stage,
    notices,
    phase,
    running,
    say,
    screen_text,
    send,
    several,
    texts,
    wait_until,
)

from rpterm.cards.library import CardSummary
from rpterm.config import Settings
from rpterm.engine.scripted import ScriptedEngine
from rpterm.errors import RptermError
from rpterm.store import Store
from rpterm.tui import palette
from rpterm.tui.external_editor import command, edit_outside
from rpterm.tui.screens import picker
from rpterm.tui.screens.chat import chats, frame, navigation
from rpterm.tui.screens.chat.require import Refusal
from rpterm.tui.screens.form import Field, Form
from rpterm.tui.screens.picker import CharacterPicker
from rpterm.tui.widgets.candidates import Candidate
from rpterm.tui.widgets.error import ErrorBlock
from rpterm.tui.widgets.transcript import Transcript
from rpterm.types import AuthorNote, Status

LONG = "She looks out at the sea for a while and says nothing at all. " * 20


# Too early, and beneath a dialog -----------------------------------------------------------------
def test_a_key_before_the_first_frame_does_nothing(stage: Stage) -> None:
    assert stage.app().chat.check_action("command", ("stop",)) is False


async def test_over_a_dialog_the_palette_has_no_commands_of_the_chat(stage: Stage) -> None:
    app = stage.app()
    async with running(app):
        over_chat = set(map(palette.title, palette.offered(app.chat, app.chat)))
        over_form = set(map(palette.title, palette.offered(app.chat, Form("Note", []))))
        assert over_form < over_chat
        assert not any("reply" in title for title in over_form), over_form


# Candidates ------------------------------------------------------------------------------------
async def test_a_click_keeps_the_clicked_candidate_although_one_had_no_text(tmp_path: Path) -> None:
    stage = Stage(tmp_path, ScriptedEngine(["Hm.", "", "The second.", "The third.", "The fourth."]))
    app = stage.app()
    async with running(app, (120, 40)) as pilot:
        await say(pilot, app, "Hello")
        await several(pilot, app)
        boxes = [box for box in app.chat.query(Candidate) if box.turn.text == "The third."]
        await pilot.click(boxes[0])
        await wait_until(pilot, lambda: app.chat.state.choosing is None)
        assert texts(app)[-1] == "The third."


# While a reply is written ----------------------------------------------------------------------
@pytest.fixture
def slow(tmp_path: Path) -> Stage:
    """Replies take their time."""
    return Stage(tmp_path, ScriptedEngine([LONG], delay_s=0.1))


async def test_a_bug_in_the_background_does_not_end_a_reply(slow: Stage) -> None:
    app = slow.app()
    async with running(app) as pilot:
        await send(pilot, app, "Hello")
        await wait_until(pilot, lambda: app.chat.state.running)
        app.chat.previews.put(lambda: {}["x"])
        await wait_until(pilot, lambda: "rpterm itself failed (KeyError" in notices(app))
        assert app.chat.state.busy
        slow.engine._delay = 0.0
        await wait_until(pilot, lambda: phase(app) == "ready")
        assert texts(app)[-1].startswith("She looks out at the sea")


async def test_the_open_chat_cannot_be_deleted_during_a_reply(slow: Stage) -> None:
    app = slow.app()
    async with running(app) as pilot:
        await send(pilot, app, "Hello")
        await wait_until(pilot, lambda: app.chat.state.running)
        with pytest.raises(Refusal, match="Still writing"):
            await chats.delete_chat(app.chat, slow.session.chat_id)


@pytest.mark.parametrize("key", ["f7", "f8"])
async def test_greetings_and_branches_are_refused_during_a_reply(slow: Stage, key: str) -> None:
    app = slow.app()
    async with running(app) as pilot:
        await send(pilot, app, "Hello")
        await wait_until(pilot, lambda: app.chat.state.running)
        await pilot.press(key)
        await wait_until(pilot, lambda: "Still writing: Esc stops the reply." in notices(app))


async def test_quitting_during_a_reply_stores_its_provenance(slow: Stage) -> None:
    app = slow.app()
    async with running(app) as pilot:
        await send(pilot, app, "Hello")
        await wait_until(pilot, lambda: "looks out" in screen_text(app))
        app.leave()
    with Store(slow.folder / "rpterm.db") as store:
        last = store.path(store.chats()[0].leaf_id or 0)[-1]
        assert last.status is Status.PARTIAL and last.text in LONG
        assert store.generation(last.id) is not None


async def test_swiping_removes_the_error_about_the_other_version(stage: Stage) -> None:
    app = stage.app()
    async with running(app) as pilot:
        await say(pilot, app, "Hello")
        await pilot.press("ctrl+r")
        await wait_until(pilot, lambda: texts(app)[-1] == REPLIES[1])
        await wait_until(pilot, lambda: phase(app) == "ready")
        await frame.show_error(app.chat, "This prompt is too long.")
        await pilot.press("left")
        await wait_until(pilot, lambda: texts(app)[-1] == REPLIES[0])
        await wait_until(pilot, lambda: not app.chat.query(ErrorBlock))


# Lists, forms, jumps ---------------------------------------------------------------------------
async def test_a_list_that_fills_late_applies_the_search_typed_before(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = threading.Event()

    def find_cards() -> list[CardSummary]:
        gate.wait(10)
        return [
            CardSummary(name[0], Path(name[0]), name, tags=tags)
            for name, tags in (("Ahab", ("Whaler",)), ("Sherlock", ("detective",)))
        ]

    monkeypatch.setattr(picker, "_find_cards", find_cards)
    app = stage.app()
    async with running(app) as pilot:
        app.push_screen(screen := CharacterPicker())
        await wait_until(pilot, lambda: app.screen is screen)
        screen.query_one(Input).value = "sher"
        gate.set()
        await wait_until(pilot, lambda: screen.list.option_count)
        assert [option.id for option in screen.list.options] == ["S"]
        screen.query_one(Input).value = "whale"
        await wait_until(pilot, lambda: [each.id for each in screen.list.options] == ["A"])


@pytest.mark.parametrize("key", ["tab", "enter"])
async def test_fast_typing_goes_to_the_right_fields_of_a_form(stage: Stage, key: str) -> None:
    app, given = stage.app(), list[Any]()
    async with running(app) as pilot:
        app.push_screen(Form("You", [Field("name", "Name"), Field("job", "Job", lines=3)]),
                        given.append)  # fmt: skip
        await wait_until(pilot, lambda: isinstance(app.focused, Input))
        for name in [*"Queequeg", key, *"harpooner", "enter", "ctrl+s"]:
            app.post_message(Key(name, name if len(name) == 1 else None))
        await wait_until(pilot, lambda: given == [{"name": "Queequeg", "job": "harpooner\n"}])


async def test_a_note_refuses_a_depth_that_is_no_number(stage: Stage) -> None:
    stage.settings = Settings(keys={"form-save": "ctrl+b"})
    app = stage.app()
    async with running(app) as pilot:
        await pilot.press("f5")
        await wait_until(pilot, lambda: "^B save · Tab next" in screen_text(app))
        app.screen.query_one(TextArea).text = "Rain."
        app.screen.query_one(Input).value = "-"
        await pilot.press("ctrl+b")
        await wait_until(pilot, lambda: "Depth: write a number." in notices(app))
        app.screen.query_one(Input).value = "4"
        await pilot.press("ctrl+b")
        await wait_until(pilot, lambda: stage.session.chat.note == AuthorNote("Rain.", 4))


async def test_a_failed_jump_is_not_repeated_in_the_next_chat(stage: Stage) -> None:
    app = stage.app()
    async with running(app) as pilot:
        app.chat.going_to = stage.session.chat_id + 1, 12345
        await navigation.show_pending_turn(app.chat)
        assert app.chat.going_to is None and phase(app) == "ready"
        await say(pilot, app, "Hello")
        assert texts(app)[-1] == REPLIES[0]


# The user's editor -----------------------------------------------------------------------------
def test_an_editor_command_with_an_open_quote_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setenv("EDITOR", 'vim "')
    with pytest.raises(RptermError, match="could not be understood: No closing quotation"):
        command()


def test_an_editors_path_may_contain_spaces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    editor = tmp_path / "my editor"
    editor.touch()
    monkeypatch.setenv("VISUAL", str(editor))
    assert command() == [str(editor)]


def test_an_editor_that_removes_the_file_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VISUAL", "rm")
    app: App[None] = SimpleNamespace(suspend=nullcontext)  # type: ignore[assignment]
    with pytest.raises(RptermError, match="left no text"):
        edit_outside(app, "Hello")


async def test_a_long_error_is_shown_in_full() -> None:
    class Bare(App[None]):
        def compose(self) -> ComposeResult:
            yield Transcript()

    app = Bare()
    async with app.run_test(size=(80, 24)) as pilot:
        for words in range(19, 26):  # On one line, or just no longer.
            block = ErrorBlock("ab " * words + f"end{words}.")
            await app.query_one(Transcript).mount(block)
            await wait_until(pilot, lambda said=f"end{words}.": said in screen_text(app))  # type: ignore[misc]
            await block.remove()


async def test_a_command_that_ends_while_the_program_quits_ends_quietly(stage: Stage) -> None:
    app = stage.app()
    async with running(app):
        app.chat._pruning = True  # What quitting does before it removes the widgets.
        await app.chat.query("#hints").remove()
        app.chat.refresh_hints()
