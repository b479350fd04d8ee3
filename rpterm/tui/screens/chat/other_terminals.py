"""Shows what other terminals do to the open chat, and says when it is open in another one.

``polling.Poller`` reads the changes. They are shown only while nothing is written or edited here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rpterm.errors import RptermError
from rpterm.tui.screens.chat import changes, replies
from rpterm.tui.widgets.error import ErrorBlock
from rpterm.types import Status, Turn

if TYPE_CHECKING:
    from rpterm.chat.session import Session
    from rpterm.tui.screens.chat.screen import ChatScreen


async def warn_if_open(chat: ChatScreen, session: Session) -> None:
    """Tell the user if the chat is open in another terminal."""
    from rpterm.chat.other_terminals import OPEN_TWICE, is_open_elsewhere

    if await chat.ask(is_open_elsewhere, session):
        chat.say(OPEN_TWICE)


def may_redraw(chat: ChatScreen) -> bool:
    """Whether the transcript may change now without disturbing what the user is doing."""
    state = chat.state
    commands = (each for each in chat.workers if each.group in ("command", "asking"))
    return not (
        state.busy or state.keeping or state.choosing or state.editor
        or any(not each.is_finished for each in commands)
    )  # fmt: skip


async def reply_ended(chat: ChatScreen) -> None:
    """After a reply ended here: say so if another terminal has switched the branch meanwhile."""
    live, session = list(chat.state.live.values()), chat.session
    if session is not None and chat.state.choosing is None and len(live) == 1:
        await _report_switched_branch(chat, session, live[0])


async def show_changes(chat: ChatScreen, session: Session, path: list[Turn]) -> None:
    """Show what another terminal did to the cast and to ``path``, the end of the shown branch."""
    if session is not chat.session:
        return
    if not may_redraw(chat):
        chat.poller.again()
        return
    before = [turn for turn in chat.transcript.turns if turn.id > 0]
    if (news := session.scene.take_news()) is not None:
        await _show_cast_changes(chat, news)
    await _clear_refusal(chat, session)
    if before[-len(path) :] == path or _unstored(chat, before, path):
        return
    await replies.refresh_transcript(chat)
    if not any(turn.status is Status.STREAMING for turn in path):
        chat.desk.put(session.settle_cache)
    if before:
        await _report_switched_branch(chat, session, before[-1].id)


async def _show_cast_changes(chat: ChatScreen, news: list[str]) -> None:
    from rpterm.chat.other_terminals import cast_changes_notice

    await changes.cast_changed(chat)
    if news:
        chat.say(cast_changes_notice(news))


async def _clear_refusal(chat: ChatScreen, session: Session) -> None:
    """Remove the error that another terminal is writing here, once that is over."""
    from rpterm.chat.other_terminals import is_reply_running_elsewhere
    from rpterm.chat.placement import WRITTEN_ELSEWHERE

    blocks = [block for block in chat.query(ErrorBlock) if block.message == WRITTEN_ELSEWHERE]
    if blocks and not await chat.ask(is_reply_running_elsewhere, session):
        await chat.transcript.remove_children(blocks)


def _unstored(chat: ChatScreen, before: list[Turn], path: list[Turn]) -> bool:
    """Whether the last shown turn is a reply of ours whose end could not be stored.

    Such a reply stays on screen.
    """
    if not before or before[-1].id not in chat.state.live.values():
        return False
    stored = next((turn for turn in path if turn.id == before[-1].id), None)
    if stored is not None:
        return stored.status is Status.STREAMING
    return bool(path) and path[-1].id == before[-1].parent_id


async def _report_switched_branch(chat: ChatScreen, session: Session, turn_id: int) -> None:
    """Say so if this turn still exists but is not on the branch that is shown now."""
    from rpterm.chat.other_terminals import BRANCH_SWITCHED

    if chat.transcript.view(turn_id) is not None:
        return
    try:
        await chat.ask(session.store.turn, turn_id)
    except RptermError:
        return
    chat.say(f"{BRANCH_SWITCHED} {chat.key_name('branches')} shows all.")
