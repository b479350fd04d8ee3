"""Drafts, and keys that come early, late or twice: no message and no edit is lost."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest
from textual import events
from textual.app import ComposeResult
from textual.pilot import Pilot
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
    type_text,
    wait_until,
)

from rpterm.chat.session import Session
from rpterm.engine.scripted import ScriptedEngine, decode
from rpterm.errors import RptermError
from rpterm.store import Store, StoreError, drafts
from rpterm.tui.app import RptermApp
from rpterm.tui.screens.chat import opening, replies, sending
from rpterm.tui.screens.chat import screen as chat_screen
from rpterm.tui.screens.chat.screen import ChatScreen
from rpterm.tui.screens.chats import ChatsScreen
from rpterm.tui.screens.confirm import Confirm
from rpterm.tui.widgets.candidates import Candidates
from rpterm.tui.widgets.long_list import DRAWN, LongList
from rpterm.tui.widgets.text_inputs import JoinerInput
from rpterm.types import Origin, Persona, Turn


async def _stopped(pilot: Pilot[None], app: RptermApp, letters: int) -> None:
    """Ask for several replies and stop them once there are so many letters."""
    app.chat.input.put("Hello")
    await pilot.press("ctrl+g")
    await wait_until(pilot, lambda: app.chat.state.choosing is not None)
    if letters:
        await wait_until(pilot, lambda: "She" in screen_text(app).split("Hello")[-1])
    await pilot.press("escape")
    await wait_until(pilot, lambda: not app.chat.state.busy)


async def test_candidates_stopped_before_any_text_leave_nothing_to_choose(
    tmp_path: Path,
) -> None:
    stage = Stage(tmp_path, engine=ScriptedEngine(REPLIES, prompt_delay_s=20.0))
    app = stage.app()
    async with running(app, (160, 40)) as pilot:
        await _stopped(pilot, app, 0)
        assert app.chat.state.choosing is None and not app.chat.query(Candidates)
        assert texts(app)[-1] == "Hello"
        stage.engine._prompt_delay = 0.0
        await say(pilot, app, "Are you there?")
        assert texts(app)[-2] == "Are you there?"


async def test_stopped_candidates_with_text_can_be_chosen(tmp_path: Path) -> None:
    stage = Stage(tmp_path, engine=ScriptedEngine(REPLIES, delay_s=0.1))
    app = stage.app()
    async with running(app, (160, 40)) as pilot:
        await _stopped(pilot, app, 1)
        assert app.chat.state.choosing is not None
        kept = app.chat.state.choosing.marked
        await pilot.press("enter")
        await wait_until(pilot, lambda: app.chat.state.choosing is None)
        assert stage.session.path()[-1].id == kept.id


@pytest.mark.parametrize(("draft", "shown"), [("", "Hi"), ("Old words", "Old words\nHi")])
async def test_text_typed_while_the_draft_loads_is_kept(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, draft: str, shown: str
) -> None:
    app = stage.app()

    def meanwhile(*_: object) -> str:
        app.call_from_thread(app.chat.input.insert, "Hi")
        return draft

    monkeypatch.setattr(drafts, "load", meanwhile)
    async with running(app) as pilot:
        await wait_until(pilot, lambda: app.chat.input.text == shown)


@pytest.mark.parametrize("sends", [False, True])
async def test_a_draft_survives_what_is_written_or_sent_before_the_chat_is_open(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, sends: bool
) -> None:
    app = stage.app()
    async with running(app):
        app.chat.input.put("Old words")
        app.leave()
    later, opened = stage.app(), opening.session_opened

    async def open_late(chat: ChatScreen, session: Any, *rest: Any) -> None:
        chat.input.put("Quick")
        if sends:
            chat.command("send")
        await opened(chat, session, *rest)

    monkeypatch.setattr(opening, "session_opened", open_late)
    shown = "Old words" if sends else "Old words\nQuick"
    async with running(later) as pilot:
        await wait_until(pilot, lambda: later.chat.input.full_text == shown)
        await wait_until(pilot, lambda: phase(later) == "ready")
        assert ("Quick" in texts(later)) is sends
        await wait_until(pilot, lambda: kept(stage, stage.session.chat_id) == shown)


async def test_commands_are_refused_while_a_turn_is_edited(stage: Stage) -> None:
    app = stage.app()
    async with running(app) as pilot:
        await say(pilot, app, "Hello")
        await pilot.press("up")
        await wait_until(pilot, lambda: app.chat.state.editor is not None)
        editor = app.chat.state.editor
        assert editor is not None
        editor.text = "Good evening"
        for name in ("regenerate", "new-chat", "remedy-best", "delete"):
            app.chat.command(name)
            await pilot.pause()
        assert app.chat.state.editor is editor and editor.has_focus
        assert "A turn is being edited" in notices(app)
        await pilot.press("enter")
        await wait_until(pilot, lambda: phase(app) == "ready" and "Good evening" in texts(app))
        assert len(stage.opened) == 1


async def test_an_edit_that_cannot_be_stored_returns_to_the_input(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RptermError("The disk is full.")

    app = stage.app()
    async with running(app) as pilot:
        await say(pilot, app, "Hello")
        monkeypatch.setattr(stage.session, "edit", fail)
        await pilot.press("up")
        await wait_until(pilot, lambda: app.chat.state.editor)
        await type_text(pilot, " again")
        await pilot.press("enter")
        await wait_until(pilot, lambda: "The disk is full." in notices(app))
        assert app.chat.input.text == "Hello again"
        assert not app.chat.state.keeping


async def test_nothing_is_sent_while_an_edit_is_being_stored(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate, edit = threading.Event(), Session.edit

    def wait_and_edit(session: Session, turn_id: int, text: str) -> Turn:
        gate.wait(10)
        return edit(session, turn_id, text)

    monkeypatch.setattr(Session, "edit", wait_and_edit)
    app = stage.app()
    async with running(app) as pilot:
        await say(pilot, app, "Hello")
        await pilot.press("up")
        await wait_until(pilot, lambda: app.chat.state.editor)
        await type_text(pilot, " again")
        async with asyncio.timeout(8):  # The pilot itself would wait until the edit is stored.
            app.simulate_key("enter")
            while app.chat.focused is not app.chat.input:
                await asyncio.sleep(0.01)
            app.chat.input.put("And more")
            app.simulate_key("enter")
            while "Still writing" not in notices(app):
                await asyncio.sleep(0.01)
        gate.set()
        await wait_until(pilot, lambda: texts(app)[1:] == ["Hello again", REPLIES[1]])
        assert app.chat.input.text == "And more"


async def test_nothing_is_sent_while_an_older_message_is_answered_anew(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate, branch = threading.Event(), Session.branch

    def wait_and_branch(session: Session, turn_id: int) -> None:
        gate.wait(10)
        branch(session, turn_id)

    monkeypatch.setattr(Session, "branch", wait_and_branch)
    app = stage.app()
    async with running(app) as pilot:
        await say(pilot, app, "Hello")
        await pilot.press("ctrl+up", "ctrl+up")
        app.simulate_key("r")
        await wait_until(pilot, lambda: app.chat.state.keeping)
        await send(pilot, app, "And more")
        await wait_until(pilot, lambda: "Still writing" in notices(app))
        gate.set()
        await wait_until(pilot, lambda: texts(app)[1:] == ["Hello", REPLIES[1]])
        assert app.chat.input.text == "And more"


async def test_a_returned_message_is_put_before_newer_text(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    app = stage.app()
    async with running(app) as pilot:
        session = stage.session
        app.chat.state.session = None  # As while a chat is opening.
        await send(pilot, app, "First")
        await wait_until(pilot, lambda: app.chat.state.busy)
        app.chat.input.put("second")
        await pilot.press("escape")
        await wait_until(pilot, lambda: not app.chat.state.busy)
        assert app.chat.input.full_text == "First\nsecond"
        app.chat.state.session = session


async def test_an_unsent_draft_is_restored_at_the_next_start(stage: Stage) -> None:
    app = stage.app()
    async with running(app) as pilot:
        app.chat.input.put("I was about to say")
        await pilot.press("ctrl+c", "ctrl+c")
    app = stage.app()
    async with running(app) as pilot:
        await wait_until(pilot, lambda: app.chat.input.full_text == "I was about to say")
        await say(pilot, app, "I was about to say it")
        app.leave()
    app = stage.app()
    async with running(app):
        assert app.chat.input.empty


async def test_a_draft_is_stored_soon_after_typing_stops(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "KEPT_AFTER_S", 0.05)
    app = stage.app()
    async with running(app) as pilot:
        chat_id = stage.session.chat_id
        await type_text(pilot, "I was about")
        await wait_until(pilot, lambda: kept(stage, chat_id) == "I was about")
        await pilot.press(*["backspace"] * len("I was about"))
        await wait_until(pilot, lambda: kept(stage, chat_id) == "")


async def test_a_stored_draft_is_cleared_by_sending_or_moving_to_another_chat(stage: Stage) -> None:
    app = stage.app()
    async with running(app) as pilot:
        app.chat.input.put("I was about to say")
        app.leave()
    app = stage.app()
    async with running(app) as pilot:
        await wait_until(pilot, lambda: app.chat.input.full_text == "I was about to say")
        session = stage.session
        assert kept(stage, session.chat_id) == "I was about to say"
        await pilot.press("enter")
        await wait_until(pilot, lambda: kept(stage, session.chat_id) == "")
        await wait_until(pilot, lambda: phase(app) == "ready")
        drafts.save(session.store, session.chat_id, "And then")
        app.chat.input.put("And then")
        app.chat.command("new-chat")
        await wait_until(pilot, lambda: stage.session is not session and phase(app) == "ready")
        assert app.chat.input.full_text == "And then" and kept(stage, session.chat_id) == ""


def kept(stage: Stage, chat_id: int) -> str:
    """The draft as another terminal finds it."""
    with Store(stage.session.store.file) as store:
        return drafts.load(store, chat_id)


def test_deleting_a_chat_deletes_its_draft(tmp_path: Path) -> None:
    with Store(tmp_path / "rp.db") as store:
        chats = [store.create_chat(card_name="A", card_hash="h") for _ in range(2)]
        for chat in chats:
            drafts.save(store, chat.id, f"secret {chat.id}")
        store.delete_chat(chats[0].id)
        assert drafts.load(store, chats[0].id) == ""
        assert drafts.load(store, chats[1].id) == f"secret {chats[1].id}"


async def test_pasted_line_breaks_of_any_kind_are_kept(stage: Stage) -> None:
    app = stage.app()
    async with running(app) as pilot:
        app.chat.input.post_message(events.Paste("one\rtwo\r\nthree\nfour"))
        await wait_until(pilot, lambda: not app.chat.input.empty)
        assert app.chat.input.full_text == "one\ntwo\nthree\nfour"


async def test_remedies_are_refused_while_the_last_message_has_no_reply(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chat_screen, "SAID_S", 0)
    app = stage.app()
    async with running(app) as pilot:
        await say(pilot, app, "Hello")
        store, chat = stage.session.store, stage.session.chat
        store.add_turn(chat.id, chat.leaf_id, "user", "Ansel", "Wait", origin=Origin.TYPED)
        await replies.refresh_transcript(app.chat)
        assert texts(app)[-1] == "Wait"
        for name in ("remedy-hint", "remedy-best", "remedy-pin", "remedy-note"):
            app.chat.command(name)
            await wait_until(pilot, lambda: "has no reply yet: Ctrl+R" in notices(app))
            app.clear_notifications()
        assert texts(app)[-1] == "Wait" and not app.chat.state.busy


async def test_a_persona_is_deleted_after_asking_unless_it_is_in_use(stage: Stage) -> None:
    app = stage.app()
    async with running(app) as pilot:
        for name in ("Ansel", "Ida"):
            stage.session.store.put_persona(Persona(name, "A surveyor"))
        await pilot.press("f6")
        await wait_until(pilot, lambda: "Ida" in screen_text(app))
        await pilot.press("ctrl+d")
        await wait_until(pilot, lambda: "You are Ansel in this chat" in notices(app))
        await pilot.press("f6")
        await wait_until(pilot, lambda: "Ida" in screen_text(app))
        await pilot.press("down", "ctrl+d")
        await wait_until(pilot, lambda: isinstance(app.screen, Confirm))
        assert len(stage.session.store.personas()) == 2
        await pilot.press("y")
        await wait_until(pilot, lambda: "Ida is forgotten" in notices(app))
        assert [each.name for each in stage.session.store.personas()] == ["Ansel"]


async def test_the_highlight_stays_in_place_after_deleting_a_chat(stage: Stage) -> None:
    app = stage.app()
    async with running(app, (120, 40)) as pilot:
        store = stage.session.store
        for title in ("one", "two", "three"):
            store.create_chat(card_name="Mara Venn", card_hash="h", title=title)
        await pilot.press("ctrl+s")
        await wait_until(pilot, lambda: "three" in screen_text(app))
        titles = [chat.title for chat in store.chats()]
        await pilot.press("up", "up", "up", "down", "ctrl+d")
        await wait_until(pilot, lambda: f"Delete “{titles[1]}”" in screen_text(app))
        await pilot.press("y")
        await wait_until(pilot, lambda: isinstance(app.screen, ChatsScreen))
        await wait_until(pilot, lambda: titles[1] not in screen_text(app).split("Chats")[-1])
        await pilot.press("ctrl+d")
        await wait_until(pilot, lambda: isinstance(app.screen, Confirm))
        assert f"Delete “{titles[2]}”" in screen_text(app)


async def test_the_oldest_of_many_chats_can_be_scrolled_to_and_searched(stage: Stage) -> None:
    app = stage.app()
    async with running(app, (120, 40)) as pilot:
        store = stage.session.store
        for number in range(250):
            title = f"Talk {number}" if number else "The oldest"
            store.create_chat(card_name="Mara", card_hash="h", title=title, created_at=number)
        await pilot.press("ctrl+s")
        await wait_until(pilot, lambda: "Talk 249" in screen_text(app))
        listed = app.screen.query_one(LongList)
        assert listed.option_count == DRAWN
        for drawn in (2 * DRAWN, 251):
            await _to_the_end(pilot, listed, drawn)
        listed.highlighted = 250
        await wait_until(pilot, lambda: "The oldest" in screen_text(app))
        app.screen.query_one("#search", JoinerInput).value = "oldest"
        await wait_until(pilot, lambda: listed.option_count == 1)


async def _to_the_end(pilot: Pilot[None], listed: LongList, drawn: int) -> None:
    """Go to the last line, and wait until there are so many lines."""
    listed.highlighted = listed.option_count - 1
    await wait_until(pilot, lambda: listed.virtual_size.height >= drawn)


async def test_a_database_error_in_the_background_shows_a_notice(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = stage.app()
    async with running(app) as pilot:

        def broken(*_: object) -> None:
            raise StoreError("The disk is full: free some space.")

        monkeypatch.setattr(stage.session, "path", broken)
        await send(pilot, app, "Hello")
        await wait_until(pilot, lambda: "The disk is full" in notices(app))
        monkeypatch.undo()
        await say(pilot, app, "Still there?")
        assert "Still there?" in texts(app)


async def test_keys_pressed_at_once_act_in_order(stage: Stage) -> None:
    app = stage.app()
    async with running(app) as pilot:
        typed = ["a", "ctrl+j", "b", "enter", "c", "ctrl+j", "d"]
        for key in typed:  # as a busy loop finds them, all at once
            app.chat.input.post_message(events.Key(key, key if len(key) == 1 else None))
        await wait_until(pilot, lambda: app.chat.input.text == "c\nd")
        await wait_until(pilot, lambda: not app.chat.state.busy)
        assert texts(app)[-2] == "a\nb"


async def test_keys_that_edit_act_in_order_with_letters(stage: Stage) -> None:
    app = stage.app()
    async with running(app) as pilot:
        typed = ["x", "ctrl+u", "a", "c", "backspace", "b", "d", "left", "c"]
        for key in typed:
            app.post_message(events.Key(key, key if len(key) == 1 else None))
        await wait_until(pilot, lambda: app.chat.input.text == "abcd")


@pytest.mark.parametrize("first_run", [False, True])
async def test_what_is_typed_before_the_first_frame_is_in_the_input(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, first_run: bool
) -> None:
    compose, dispatched = ChatScreen.compose, RptermApp.on_event
    early: list[bool] = []

    def type_then_compose(chat: ChatScreen) -> ComposeResult:
        for letter in "Who?":
            chat.app.post_message(events.Key(letter, letter))
        yield from compose(chat)

    async def note(app: RptermApp, event: events.Event) -> None:
        if isinstance(event, events.Key):
            early.append(not app.chat.is_mounted)
        await dispatched(app, event)

    monkeypatch.setattr(ChatScreen, "compose", type_then_compose)
    monkeypatch.setattr(RptermApp, "on_event", note)
    app = stage.app(first_run=first_run)
    async with app.run_test() as pilot:
        await wait_until(pilot, lambda: app.chat.input.text == "Who?")
        assert early[0]
        assert app.screen is app.chat


async def test_a_double_enter_with_candidates_sends_once(stage: Stage) -> None:
    app = stage.app()
    async with running(app, (120, 40)) as pilot:
        await say(pilot, app, "Hello")
        await several(pilot, app)
        for key in ("a", "enter", "enter", "b"):
            app.chat.input.post_message(events.Key(key, key if len(key) == 1 else None))
        await wait_until(pilot, lambda: "a" in texts(app) and phase(app) == "ready")
        await wait_until(pilot, lambda: not app.chat.state.busy)
        assert texts(app).count("a") == 1
        assert app.chat.input.text == "b"


async def test_a_draft_is_evaluated_while_typing_pauses(stage: Stage) -> None:
    app = stage.app()
    async with running(app) as pilot:
        await wait_until(pilot, lambda: app.chat.state.info is not None)
        await type_text(pilot, "Is the lamp lit tonight")
        await wait_until(pilot, lambda: "Is the lamp lit" in decode(stage.engine.cached))
