"""One chat in two terminals: changes of the other one are shown, and nothing is lost."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tui_support import (
    REPLIES,
    Stage,
    notices,
    running,
    say,
    screen_text,
    texts,
    wait_until,
)

from rpterm.chat.session import Session
from rpterm.store import Store
from rpterm.store.database.process_locks import Presence
from rpterm.tui.app import RptermApp
from rpterm.types import Origin, Role, Status, Turn


class MarkedStage(Stage):
    """Marks what is open, as the launcher does."""

    def open(self, target: str | None, chat_id: int | None) -> Session:
        session = super().open(target, chat_id)
        session.presence = Presence(session.store.file, session.chat_id)
        return session


@pytest.fixture
def other(stage: Stage) -> Iterator[Store]:
    """The same file in another program."""
    with Store(stage.folder / "rpterm.db") as store:
        yield store


def says(store: Store, text: str, role: Role = "user", status: Status = Status.COMPLETE) -> Turn:
    leaf, speaker = store.chat(1).leaf_id, "Ansel" if role == "user" else "Mara Venn"
    origin = Origin.TYPED if role == "user" else Origin.GENERATED
    return store.add_turn(1, leaf, role, speaker, text, origin=origin, status=status)


def last(app: RptermApp) -> Turn:
    return app.chat.transcript.turns[-1]


async def test_a_reply_of_another_terminal_appears_and_grows(stage: Stage, other: Store) -> None:
    app = stage.app()
    async with running(app) as pilot:
        says(other, "From the other one")
        await wait_until(pilot, lambda: last(app).text == "From the other one")
        reply = says(other, "", "assistant", Status.STREAMING)
        await wait_until(pilot, lambda: last(app).id == reply.id)
        other.write_reply(reply.id, "Half a")
        await wait_until(pilot, lambda: "Half a" in screen_text(app))
        other.finish_reply(reply.id, "Half a sentence.", Status.COMPLETE, None)
        await wait_until(pilot, lambda: last(app).status is Status.COMPLETE)
        assert "Half a sentence." in screen_text(app)
        await say(pilot, app, "And from here")
        assert texts(app)[1:] == [
            "From the other one", "Half a sentence.", "And from here", REPLIES[0],
        ]  # fmt: skip


async def test_a_reply_of_a_terminal_that_died_does_not_block_the_chat(
    stage: Stage, other: Store
) -> None:
    app = stage.app()
    async with running(app) as pilot:
        reply = says(other, "", "assistant", Status.STREAMING)
        other.write_reply(reply.id, "Half a")
        await wait_until(pilot, lambda: last(app).text == "Half a")
        other.owner.release()  # What a kill does.
        await wait_until(pilot, lambda: last(app).status is Status.PARTIAL)
        assert "stopped" in screen_text(app)


async def test_a_message_refused_because_another_terminal_is_writing_returns_to_the_input(
    stage: Stage, other: Store
) -> None:
    app = stage.app()
    async with running(app) as pilot:
        reply = says(other, "", "assistant", Status.STREAMING)
        await wait_until(pilot, lambda: last(app).id == reply.id)
        await say(pilot, app, "Too early")
        assert app.chat.input.full_text == "Too early"
        assert "Another terminal is writing a reply here" in screen_text(app)
        assert len(other.tree(1)) == 3
        other.finish_reply(reply.id, "There.", Status.COMPLETE, None)
        await wait_until(pilot, lambda: "Another terminal" not in screen_text(app))
        await pilot.press("enter")
        await wait_until(pilot, lambda: texts(app)[-1] == REPLIES[0])


async def test_a_message_that_answers_an_outdated_turn_begins_a_branch(
    stage: Stage, other: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = stage.app()
    async with running(app) as pilot:
        monkeypatch.setattr(app.chat.poller, "tick", lambda: None)
        await wait_until(pilot, lambda: not app.chat.poller._polling)
        says(other, "Theirs")
        await say(pilot, app, "Ours")
        assert texts(app)[1:] == ["Ours", REPLIES[0]]
        assert "your message began a new branch. F8 shows all." in notices(app)
        assert "Theirs" in [turn.text for turn in other.tree(1)]


async def test_a_branch_switch_in_another_terminal_is_shown(stage: Stage, other: Store) -> None:
    app = stage.app()
    async with running(app) as pilot:
        await say(pilot, app, "Hello")
        other.set_leaf(1, other.path(other.chat(1).leaf_id or 0)[0].id)
        says(other, "Another way")
        await wait_until(pilot, lambda: texts(app)[-1] == "Another way")
        assert "Another terminal switched this chat to another branch" in notices(app)


async def test_own_changes_are_not_reported_as_another_terminals(
    stage: Stage, other: Store
) -> None:
    app = stage.app()
    async with running(app) as pilot:
        await say(pilot, app, "Hello")
        await pilot.press("ctrl+r")
        await wait_until(pilot, lambda: last(app).text == REPLIES[1])
        for key in ("left", "right", "left"):
            await pilot.press(key)
            await pilot.pause()
        await wait_until(pilot, lambda: last(app).text == REPLIES[0])
        looked = app.chat.poller._elsewhere
        await wait_until(pilot, lambda: looked is not None and looked.poll() is None)
        assert "terminal" not in notices(app)


async def test_changes_from_other_terminals_wait_while_a_turn_is_edited(
    stage: Stage, other: Store
) -> None:
    app = stage.app()
    async with running(app) as pilot:
        await say(pilot, app, "Hello")
        await pilot.press("up")
        await wait_until(pilot, lambda: app.chat.state.editor is not None)
        says(other, "Meanwhile")
        await wait_until(pilot, lambda: app.chat.state.editor is not None)
        assert last(app).text == REPLIES[0]
        await pilot.press("escape")
        await wait_until(pilot, lambda: last(app).text == "Meanwhile")


async def test_a_chat_deleted_in_another_terminal_shows_an_error(
    stage: Stage, other: Store
) -> None:
    app = stage.app()
    async with running(app) as pilot:
        await say(pilot, app, "Hello")
        other.delete_chat(1)
        await wait_until(pilot, lambda: "There is no chat 1" in notices(app))


async def test_a_chat_that_is_open_in_two_terminals_says_so(stage: Stage) -> None:
    marked = MarkedStage(stage.folder)
    with Store(stage.folder / "rpterm.db"):
        theirs = Presence(stage.folder / "rpterm.db", 1)
    app = marked.app()
    async with running(app) as pilot:
        await wait_until(pilot, lambda: "also open in another terminal" in notices(app))
    theirs.release()
    again = marked.app()
    async with running(again) as pilot:
        await say(pilot, again, "Hello")
        assert "terminal" not in notices(again)
